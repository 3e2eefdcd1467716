import type { ConfiguredAddress, ConfiguredRoute, ConfiguredRule } from "./addressing.ts";
import type { ConfiguredVirtualServer, TlsMaterial, VirtualServerGroup } from "./checks.ts";
import type { Configuration } from "./configuration.ts";
import type { ConfiguredGlobals } from "./global-complete.ts";
import type { BfdInstance, TrackFile, TrackProcess, VrrpScript } from "./tracking.ts";
import type {
  ConfiguredVrrpInstance,
  GarpGroup,
  InterfaceDelay,
  StaticTrackGroup,
  VrrpSyncGroup,
} from "./vrrp-complete.ts";

/** Everything a configuration can say; a `Configuration` is the part that all parts of the daemon share. */
export interface CompleteConfiguration extends Configuration {
  readonly global: ConfiguredGlobals;
  readonly vrrpInstances: readonly ConfiguredVrrpInstance[];
  readonly virtualServers: readonly ConfiguredVirtualServer[];
  readonly syncGroups: readonly VrrpSyncGroup[];
  readonly scripts: readonly VrrpScript[];
  readonly trackFiles: readonly TrackFile[];
  readonly trackProcesses: readonly TrackProcess[];
  readonly bfdInstances: readonly BfdInstance[];
  readonly staticAddresses: readonly ConfiguredAddress[];
  readonly staticRoutes: readonly ConfiguredRoute[];
  readonly staticRules: readonly ConfiguredRule[];
  readonly staticTrackGroups: readonly StaticTrackGroup[];
  readonly garpGroups: readonly GarpGroup[];
  readonly interfaceDelays: readonly InterfaceDelay[];
  readonly linkbeatInterfaces: readonly { readonly name: string; readonly method: string | null }[];
  readonly virtualServerGroups: readonly VirtualServerGroup[];
  readonly tls: TlsMaterial | null;
}
