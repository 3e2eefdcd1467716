import type { ConfiguredAddress, ConfiguredRoute, ConfiguredRule } from "./addressing.ts";
import type { NotifyScripts } from "./command.ts";
import type { TrackedObject, TrackedObjects } from "./tracking.ts";
import type { IpAddress, Microseconds, SourcePlace } from "./units.ts";
import type { VrrpInstance } from "./vrrp.ts";

export interface VmacSettings {
  /** Null: generated from the prefix and the VRID. */
  readonly name: string | null;
  /** Six octets as `aa:bb:...`; null is the virtual router MAC of the VRID. */
  readonly macAddress: string | null;
  readonly transmitsOnBase: boolean;
  /** `use_vmac_addr`: addresses on other interfaces get VMACs there. */
  readonly coversOtherInterfaces: boolean;
  /** Interface group; null is that of the interface below. */
  readonly group: number | null;
  /** `vmac_protodown`: it has its addresses all the time, but is up only while active. */
  readonly isHeldDown?: boolean;
  readonly forcesNetlinkMessage: boolean;
  readonly place: SourcePlace;
}

export interface IpvlanSettings {
  readonly name: string | null;
  readonly mode: "bridge" | "private" | "vepa";
  readonly address: IpAddress | null;
  readonly prefixLength: number | null;
  readonly group: number | null;
}

export interface HmacSettings {
  /** Key octets in hexadecimal by id, and the file that they were read from. */
  readonly keys: readonly { readonly id: number; readonly hex: string; readonly file: string | null }[];
  readonly activeKey: number;
  readonly timeWindowSec: number;
  readonly antiReplay: "time" | "monotonic";
  readonly mode: "enforce" | "permissive" | "receive-only";
}

/** `vrrp_rx_bufs_policy` and `vrrp_rx_bufs_multiplier`. */
export interface ReceiveBufferRule {
  /** A number: octets. */
  readonly policy: "kernel" | "mtu" | "advert" | number;
  readonly multiplier: number;
}

/** An instance with everything that is in its block. */
export interface ConfiguredVrrpInstance extends VrrpInstance {
  readonly virtualAddresses: readonly ConfiguredAddress[];
  readonly excludedAddresses: readonly ConfiguredAddress[];
  readonly trackedInterfaces: readonly TrackedObject[];
  /** `state MASTER`, whatever its sync group makes of it. */
  readonly saysMaster: boolean;
  readonly isStrict: boolean;
  readonly syncGroup: string | null;
  readonly vmac: VmacSettings | null;
  readonly ipvlan: IpvlanSettings | null;
  readonly vrf: string | null;
  readonly acceptMode: boolean;
  readonly promotesSecondaries: boolean;
  readonly pollsLinkbeat: boolean;
  readonly tracksSourceAddress: boolean;
  readonly faultsWithoutPeer: boolean;
  readonly fallsBackToMulticast: boolean;
  readonly oldUnicastChecksum: "detect" | "never" | "always";
  /** `kernel_rx_buf_size`; null: by the rule. */
  readonly kernelReceiveBufferBytes: number | null;
  readonly receiveBuffer: ReceiveBufferRule;
  /** 1..254, null when off. */
  readonly timerExpiredBackupPriority: number | null;
  readonly ownerIgnoresAdverts: boolean;
  readonly extraInterfaceGarp: { readonly intervalUs: Microseconds; readonly coversAll: boolean } | null;
  readonly lvsSyncInterface: string | null;
  readonly sendsMail: boolean;
  readonly notifiesPriorityChanges: boolean;
  /** `notify_deleted`: removal by a reload is reported as DELETED, not FAULT. */
  readonly reportsDeletion: boolean;
  readonly notify: NotifyScripts;
  readonly tracked: TrackedObjects;
  readonly virtualRoutes: readonly ConfiguredRoute[];
  readonly virtualRules: readonly ConfiguredRule[];
  readonly hmac: HmacSettings | null;
}

export interface VrrpSyncGroup {
  readonly name: string;
  /** Names of instances, in configuration order. */
  readonly members: readonly string[];
  readonly trackedInterfaces: readonly TrackedObject[];
  readonly tracked: TrackedObjects;
  /** `sync_group_tracking_weight`: members keep their weighted tracking. */
  readonly keepsTrackingWeights: boolean;
  readonly sendsMail: boolean;
  readonly notifiesPriorityChanges: boolean;
  readonly notify: NotifyScripts;
  readonly place: SourcePlace;
}

/** Instances whose interface state covers static addresses, routes and rules. */
export interface StaticTrackGroup {
  readonly name: string;
  readonly instances: readonly string[];
  readonly place: SourcePlace;
}

export interface GarpGroup {
  readonly interfaces: readonly string[];
  readonly garpIntervalUs: Microseconds | null;
  readonly gnaIntervalUs: Microseconds | null;
  readonly place: SourcePlace;
}

export interface InterfaceDelay {
  readonly name: string;
  readonly downDelayUs: Microseconds;
  readonly upDelayUs: Microseconds;
}
