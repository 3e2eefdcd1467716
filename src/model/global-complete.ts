import type { NotifyFifo, ScriptCommand, ScriptUser } from "./command.ts";
import type { GlobalSettings } from "./configuration.ts";
import type { IpAddress, Microseconds, SourcePlace } from "./units.ts";
import type { AnnouncePolicy } from "./vrrp.ts";

/** Where a process's words were written; null for those that were not. */
export interface ProcessPlaces {
  readonly niceness: SourcePlace | null;
  readonly realtimePriority: SourcePlace | null;
  readonly isMemoryLocked: SourcePlace | null;
  readonly cpus: SourcePlace | null;
  readonly realtimeLimitUs: SourcePlace | null;
}

/** How one of keepalived's processes is scheduled; here these are threads. */
export interface ProcessSettings {
  readonly place: ProcessPlaces;
  readonly name: string | null;
  /** Nice value, -20..19. */
  readonly niceness: number;
  /** 1..99, 0 for none. */
  readonly realtimePriority: number;
  readonly isMemoryLocked: boolean;
  readonly cpus: readonly number[];
  readonly realtimeLimitUs: Microseconds;
}

export interface MailSettings {
  readonly from: string | null;
  readonly recipients: readonly string[];
  readonly server: string | null;
  readonly port: number;
  readonly heloName: string | null;
  readonly timeoutUs: Microseconds;
  /** `smtp_alert` and its two variants; null when not given. */
  readonly alertsByDefault: boolean | null;
  readonly alertsForVrrp: boolean | null;
  readonly alertsForCheckers: boolean | null;
  readonly skipsFaults: boolean;
}

export interface LvsSyncDaemon {
  readonly interfaceName: string;
  readonly instance: string | null;
  readonly syncId: number | null;
  readonly maxLengthBytes: number | null;
  readonly port: number | null;
  readonly ttl: number | null;
  readonly group: IpAddress | null;
}

export interface FirewallSettings {
  readonly table: string | null;
  /** No firewall is named, but instances need one. */
  readonly isTableImplied: boolean;
  readonly priority: number;
  readonly usesInterfaceIndex: boolean;
  readonly ipvsTable: string | null;
  readonly ipvsPriority: number;
  readonly ipvsFirstFwmark: number;
  readonly hasCounters: boolean;
}

export interface SnmpSettings {
  readonly socket: string | null;
  readonly sendsTraps: boolean;
  readonly servesVrrp: boolean;
  readonly servesCheckers: boolean;
  readonly servesRfc2787: boolean;
  readonly servesRfc6527: boolean;
  /** How old the kernel's counts may be when they are asked for. */
  readonly countAges: { readonly virtualServersUs: Microseconds; readonly realServersUs: Microseconds };
}

/** A receive buffer; 0 is the kernel's default. */
export interface BufferSettings {
  readonly sizeBytes: number;
  readonly isForced: boolean;
}

export interface ReloadSettings {
  /** `reload_check_config`: where the test of a new configuration logs to; null is no test. */
  readonly checkLog: string | null;
  readonly timeFile: string | null;
  readonly repeatsDaily: boolean;
  /** Present while the configuration is read; null for none, empty for the default path. */
  readonly markerFile: string | null;
  readonly saveDirectory: string | null;
  readonly temporaryDirectory: string | null;
}

export interface DumpSettings {
  readonly usesInstanceNames: boolean;
  readonly jsonVersion: 1 | 2;
  readonly stateFile: string | null;
  readonly statisticsFile: string | null;
  readonly jsonFile: string | null;
}

/** `control_socket` */
export interface ControlSettings {
  /** Null: the default place. */
  readonly path: string | null;
  readonly isOff: boolean;
  /** Who may use it besides the owner; null for nobody. */
  readonly group: { readonly name: string; readonly gid: number } | null;
  /** `control_listen`; the address is a loopback one. */
  readonly listen: { readonly address: IpAddress; readonly port: number; readonly tokenFile: string | null } | null;
}

/** What instances take when they say nothing themselves. */
export interface VrrpGlobals {
  readonly version: 2 | 3;
  readonly multicastGroup4: IpAddress;
  readonly multicastGroup6: IpAddress;
  readonly announce: AnnouncePolicy;
  /** `vrrp_garp_extra_if` */
  readonly extraInterfaceGarp: { readonly intervalUs: Microseconds; readonly coversAll: boolean } | null;
  /** As written, null when they follow the delay and repeat of becoming active. */
  readonly givenLowerDelaySec: number | null;
  readonly givenLowerRepeat: number | null;
  readonly downTimerAdverts: number;
  readonly isSilentOnLowerPriority: boolean;
  readonly sendsAdvertBeforeYielding: boolean;
  readonly checkUnicastSource: boolean;
  readonly skipCheckAdvertisedAddresses: boolean;
  readonly isStrict: boolean;
}

/** `global_defs` with everything that is in it. */
export interface ConfiguredGlobals extends GlobalSettings {
  readonly ipvsNamespace: string | null;
  readonly processName: string | null;
  readonly processes: {
    readonly vrrp: ProcessSettings;
    readonly checkers: ProcessSettings;
    readonly bfd: ProcessSettings;
  };
  readonly mail: MailSettings;
  readonly startupScript: ScriptCommand | null;
  readonly shutdownScript: ScriptCommand | null;
  readonly startupTimeoutUs: Microseconds;
  readonly shutdownTimeoutUs: Microseconds;
  readonly hasScriptSecurity: boolean;
  readonly scriptUser: ScriptUser | null;
  readonly dynamicInterfaces: boolean;
  readonly allowsInterfaceChanges: boolean;
  readonly defaultInterface: string;
  readonly disablesLocalIgmp: boolean;
  readonly lvsTimeoutsSec: { readonly tcp: number; readonly tcpFin: number; readonly udp: number };
  readonly lvsSyncDaemon: LvsSyncDaemon | null;
  /** `ipvs_reconcile_interval`; 0 for never. */
  readonly ipvsReconcileIntervalUs: Microseconds;
  /** `checker_max_in_flight`, 1..32768 */
  readonly largestProbeCount: number;
  /** `checker_start_spread`; null: each checker's own interval. */
  readonly checkerStartSpreadUs: Microseconds | null;
  readonly firewall: FirewallSettings;
  readonly snmp: SnmpSettings;
  readonly dbus: {
    readonly isEnabled: boolean;
    readonly serviceName: string | null;
    /** Of instances without an interface, in their paths. */
    readonly noInterfaceName: string;
  };
  readonly fifo: NotifyFifo | null;
  readonly vrrpFifo: NotifyFifo | null;
  readonly lvsFifo: NotifyFifo | null;
  readonly notifiesPriorityChanges: boolean;
  readonly rewritesFifoOnReload: boolean;
  readonly buffers: {
    readonly vrrpCommand: BufferSettings;
    readonly vrrpMonitor: BufferSettings;
    readonly processMonitor: BufferSettings;
    readonly lvsCommand: BufferSettings;
    readonly lvsMonitor: BufferSettings;
  };
  /** `vrrp_track_removed_addresses` */
  readonly yieldsOnRemovedAddresses: boolean;
  /** `vrrp_lease_time`; 0 for no dead-man switch. */
  readonly leaseUs: Microseconds;
  readonly maxAutoPriority: number;
  readonly minAutoPriorityDelayUs: Microseconds;
  readonly startupDelayUs: Microseconds;
  readonly delayAfterBootUs: Microseconds;
  readonly logsUnknownVrids: boolean;
  readonly logsAllCheckerFailures: boolean;
  readonly notifiesInitialServers: boolean;
  readonly mailsOnlyServerChanges: boolean;
  readonly vmacPrefix: string;
  readonly vmacAddressPrefix: string;
  /** 0..4294967295; null: no seed, each start draws other numbers. */
  readonly randomSeed: number | null;
  /** `linkbeat_use_polling` outside of blocks. */
  readonly pollsAllLinks: boolean;
  readonly umask: number;
  readonly childWaitSec: number;
  readonly receiveBufferMultiplier: number;
  readonly receiveBufferPolicy: "kernel" | "mtu" | "advert" | number;
  readonly vrrp: VrrpGlobals;
  readonly reload: ReloadSettings;
  readonly dumps: DumpSettings;
  readonly control: ControlSettings;
}
