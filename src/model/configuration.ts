import type { VirtualServer } from "./lvs.ts";
import type { VrrpInstance } from "./vrrp.ts";

/** `global_defs` and the root settings that are not blocks. */
export interface GlobalSettings {
  readonly routerId: string;
  /** `instance NAME`: part of pid file names and log idents. */
  readonly instanceName: string | null;
  readonly networkNamespace: string | null;
  readonly usesPidDirectory: boolean;
  /** `lvs_flush`, `lvs_flush_on_stop` */
  readonly flushesIpvsAtStart: boolean;
  readonly flushesIpvsAtStop: "no" | "all" | "virtual-servers";
}

/** A loaded configuration: frozen, complete, independent of the text it came from. */
export interface Configuration {
  readonly global: GlobalSettings;
  readonly vrrpInstances: readonly VrrpInstance[];
  readonly virtualServers: readonly VirtualServer[];
}
