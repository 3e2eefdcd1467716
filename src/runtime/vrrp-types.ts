import type { Diagnostic } from "../model/diagnostic.ts";
import type { AddressFamily, IpAddress, Microseconds } from "../model/units.ts";
import type { VrrpInstance } from "../model/vrrp.ts";
import type { LoopHealth, Rtnetlink, VrrpCounters, VrrpEvent, VrrpLoop } from "../native/contract.ts";

/** What to run and how; the instances change with `reload`, the rest holds until `stop`. */
export interface VrrpRuntimeOptions {
  readonly instances: readonly VrrpInstance[];
  /** `vrrp_startup_delay`; 0 for none. */
  readonly startupDelayUs: Microseconds;
  /** The lease the loop was made with (`VrrpLoopOptions.leaseUs`); renewed every quarter. 0: no dead-man switch. */
  readonly leaseUs: Microseconds;
  /** `-V`: leave the addresses and stay silent at stop. */
  readonly keepsAddresses: boolean;
  /** Missing interfaces are waited for instead of complained about. */
  readonly allowsMissingInterfaces: boolean;
  /** `yield` is keepalived's own reaction to a VIP that somebody else removed; the default here is to repair it. */
  readonly onAddressRemoved: "repair" | "yield";
}

/** One thing to log: a constant message with fields for JSON, and keepalived's wording for text. */
export interface VrrpLogRecord {
  readonly severity: "error" | "warning" | "notice" | "info";
  /** Only with `--log-detail`. */
  readonly isDetail: boolean;
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;
  /** For example `(VI_1) Entering MASTER STATE`. */
  readonly text: string;
}

export type VrrpStateName = "initialize" | "backup" | "active" | "fault";

/** Told to notify scripts, FIFOs and the service manager, in order. */
export interface VrrpStateChange {
  readonly instance: string;
  readonly from: VrrpStateName;
  readonly to: VrrpStateName | "stop" | "deleted";
  /** Effective priority. */
  readonly priority: number;
  readonly atUs: Microseconds;
}

export interface RuntimeTimer {
  /** Idempotent; a cancelled timer never runs. */
  cancel(): void;
}

export interface RuntimeClock {
  /** CLOCK_MONOTONIC, the clock of the loop's `atUs`. */
  nowUs(): Microseconds;
  startTimer(delayUs: Microseconds, run: () => void): RuntimeTimer;
}

export interface VrrpRuntimeDependencies {
  /** Called once, by `start`. */
  readonly createLoop: (onEvents: (events: readonly VrrpEvent[]) => void) => VrrpLoop;
  /** Not closed by the runtime. */
  readonly rtnetlink: Rtnetlink;
  readonly clock: RuntimeClock;
  readonly log: (record: VrrpLogRecord) => void;
  readonly onStateChange: (change: VrrpStateChange) => void;
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
  readonly becameActive: number;
  readonly releasedActive: number;
  /** Null before the loop knows the instance. */
  readonly counters: VrrpCounters | null;
}

export interface VrrpRuntime {
  /**
   * Removes left-over VIPs and starts every instance.
   * @returns complaints (missing interfaces); when not empty nothing was started
   */
  start(): Promise<readonly Diagnostic[]>;
  /** Instances match by VRID, family and interface. Complaints mean that nothing changed. */
  reload(instances: readonly VrrpInstance[]): Promise<readonly Diagnostic[]>;
  /** Priority 0, withdrawal, then the loop is closed. Resolves when the loop has done it. Idempotent. */
  stop(): Promise<void>;
  snapshot(): readonly VrrpInstanceSnapshot[];
  /** Null before `start` and after `stop`. */
  health(): LoopHealth | null;
}
