import type { Diagnostic } from "../model/diagnostic.ts";
import type { AddressFamily, IpAddress, Microseconds } from "../model/units.ts";
import type { VirtualAddress, VrrpInstance } from "../model/vrrp.ts";
import type { GarpGroup, InterfaceDelay, VrrpSyncGroup } from "../model/vrrp-complete.ts";
import type {
  AdvertDropReason,
  Rtnetlink,
  VrrpCounters,
  VrrpEvent,
  VrrpLoop,
  VrrpLoopHealth,
} from "../native/contract.ts";
import type { TransitionCause } from "../vrrp/cause.ts";
import type { RecordedStep, TransitionCount } from "../vrrp/recording.ts";
import type { FaultReason } from "../vrrp/types.ts";
import type { SpokenRecord } from "./log.ts";

/** What to run and how; the instances change with `reload`, the rest holds until `stop`. */
export interface VrrpRuntimeOptions {
  readonly instances: readonly VrrpInstance[];
  /** Members by name; each is in one group at most. */
  readonly syncGroups: readonly Pick<VrrpSyncGroup, "name" | "members" | "trackedInterfaces">[];
  readonly garpGroups: readonly Pick<GarpGroup, "interfaces" | "garpIntervalUs" | "gnaIntervalUs">[];
  /** `vrrp_startup_delay`; 0 for none. */
  readonly startupDelayUs: Microseconds;
  /** The lease the loop was made with (`VrrpLoopOptions.leaseUs`); renewed every quarter. 0: no dead-man switch. */
  readonly leaseUs: Microseconds;
  /** All VIPs of an instance that are in place at start stay there while it listens for another active router. */
  readonly adoptsAddresses: boolean;
  /** `-V`: leave the addresses and stay silent at stop. */
  readonly keepsAddresses: boolean;
  /** `dynamic_interfaces`: missing interfaces are waited for instead of complained about. */
  readonly allowsMissingInterfaces: boolean;
  /** `yield` is keepalived's own reaction to a VIP that somebody else removed; absent: it is put back. */
  readonly onAddressRemoved?: "repair" | "yield";
  /** Ours on this machine besides those of the instances; sources of adverts only where there is no other. */
  readonly staticAddresses?: readonly VirtualAddress[];
  /** `log_unknown_vrids` */
  readonly logsUnknownVrids?: boolean;
  /** Absent: links count as they are. */
  readonly interfaceDelays?: readonly InterfaceDelay[];
}

/** What a reload brings besides the instances. */
export type VrrpSurroundings = Pick<
  VrrpRuntimeOptions,
  "syncGroups" | "garpGroups" | "onAddressRemoved" | "interfaceDelays" | "logsUnknownVrids" | "staticAddresses"
> &
  Partial<Pick<VrrpRuntimeOptions, "allowsMissingInterfaces">>;

export type VrrpStateName = "initialize" | "backup" | "active" | "fault";

/** Told to notify scripts, FIFOs and the service manager, in order. */
export interface VrrpStateChange {
  readonly instance: string;
  readonly from: VrrpStateName;
  readonly to: VrrpStateName | "stop" | "deleted";
  /** Effective priority. */
  readonly priority: number;
  readonly cause: TransitionCause;
  readonly atUs: Microseconds;
}

/** All members of a sync group have reached the state. */
export interface VrrpGroupChange {
  readonly group: string;
  readonly to: VrrpStateChange["to"];
  readonly atUs: Microseconds;
}

/** What an instance's tracked objects, other than interfaces, do to it. */
export interface TrackingVerdict {
  /** Sum of their weights. */
  readonly weight: number;
  readonly faults: readonly FaultReason[];
  /** Something that decides about a fault has not reported yet: the instance does not start before. */
  readonly isPending: boolean;
}

/** The effective priority moved, in whatever state. */
export interface VrrpPriorityChange {
  readonly instance: string;
  readonly isActive: boolean;
  readonly priority: number;
}

/** Told once per reason until the instance changes its state. */
export interface VrrpDrop {
  readonly instance: string;
  readonly reason: AdvertDropReason;
  readonly source: IpAddress;
}

export interface VrrpClock {
  /** CLOCK_MONOTONIC, the clock of the loop's `atUs`. */
  nowUs(): Microseconds;
  /** @returns a function that cancels the call; calling it later does nothing */
  after(delayUs: Microseconds, callback: () => void): () => void;
}

export interface VrrpRuntimeDependencies {
  /** Called once, by `start`. */
  readonly createLoop: (onEvents: (events: readonly VrrpEvent[]) => void) => VrrpLoop;
  /** Not closed by the runtime. */
  readonly rtnetlink: Rtnetlink;
  readonly clock: VrrpClock;
  readonly log: (record: SpokenRecord) => void;
  /** False: `detail` records are dropped anyway, so costly ones need not be made. */
  readonly isDetailed: boolean;
  readonly onStateChange: (change: VrrpStateChange) => void;
  readonly onGroupChange: (change: VrrpGroupChange) => void;
  /** Asked at the start and after every `refreshTracking`. Without it nothing is tracked. */
  readonly trackingOf?: (instance: string) => TrackingVerdict;
  /** Numbers of the BFD sessions whose loss is a fault of the instance; asked at the start and by every reload. */
  readonly fatalSessionsOf?: (instance: string) => readonly number[];
  readonly onPriorityChange?: (change: VrrpPriorityChange) => void;
  /** A packet for an instance was dropped, or noted. */
  readonly onDrop?: (drop: VrrpDrop) => void;
  /** While active, an advert of lower priority was heard. */
  readonly onLowerPriorityHeard?: (change: VrrpPriorityChange) => void;
}

/** One instance, for status, dumps and metrics. */
export interface VrrpInstanceSnapshot {
  readonly name: string;
  readonly family: AddressFamily;
  readonly version: 2 | 3;
  readonly vrid: number;
  readonly interfaceName: string;
  readonly state: VrrpStateName;
  readonly sinceUs: Microseconds;
  readonly basePriority: number;
  readonly effectivePriority: number;
  readonly sourceAddress: IpAddress | null;
  /** The last accepted advert of another router, null while active or when none was heard. */
  readonly activeRouter: { readonly address: IpAddress; readonly priority: number } | null;
  readonly faultReasons: readonly string[];
  readonly virtualAddresses: readonly string[];
  /** Absent: as configured. */
  readonly preemptMode?: boolean;
  readonly becameActive: number;
  readonly releasedActive: number;
  /** Why it became active the last time; null or absent: it never did. */
  readonly activeCause?: TransitionCause | null;
  /** Null before the loop knows the instance. */
  readonly counters: VrrpCounters | null;
  /** The last steps, oldest first. */
  readonly recording?: readonly RecordedStep[];
  /** Since the start. */
  readonly transitions?: readonly TransitionCount[];
}

export interface VrrpRuntime {
  /**
   * Removes left-over VIPs and starts every instance.
   * @returns complaints (missing interfaces); when not empty nothing was started
   */
  start(): Promise<readonly Diagnostic[]>;
  /** Instances match by VRID, family and interface. Complaints mean that nothing changed. */
  reload(instances: readonly VrrpInstance[], surroundings: VrrpSurroundings): Promise<readonly Diagnostic[]>;
  /** `trackingOf` has news. */
  refreshTracking(): void;
  /** One round of GARP/NA for all addresses of an instance; nothing happens unless it is active. */
  announce(instance: string): void;
  /** Until the next reload, which brings back what is configured. */
  setPreempt(instance: string, preempts: boolean): void;
  /** Priority 0, withdrawal, then the loop is closed. Resolves when the loop has done it. Idempotent. */
  stop(): Promise<void>;
  /** Empty before `start` and after `stop`. */
  snapshot(): readonly VrrpInstanceSnapshot[];
  /** Null before `start` and after `stop`. */
  health(): VrrpLoopHealth | null;
}
