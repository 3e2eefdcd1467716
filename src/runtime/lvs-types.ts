import type { ServerForce } from "../checker/override.ts";
import type { PoolEffect } from "../checker/pool.ts";
import type { VirtualServerGroup } from "../model/checks.ts";
import type { Configuration } from "../model/configuration.ts";
import type { ConfiguredGlobals } from "../model/global-complete.ts";
import type { VirtualServer } from "../model/lvs.ts";
import type { TrackFile } from "../model/tracking.ts";
import type { IpAddress, Microseconds } from "../model/units.ts";
import type {
  IpvsTable,
  IpvsTraffic,
  LoopHealth,
  ProbeCounters,
  ProbeEvent,
  ProbeKindCounters,
  ProbeLoop,
} from "../native/contract.ts";
import type { HostAddressesDependencies } from "./host-addresses.ts";
import type { SpokenRecord } from "./log.ts";
import type { FailureGuardDependencies } from "./lvs-guard.ts";
import type { LvsNames } from "./lvs-names.ts";
import type { FirewallDependencies } from "./network-firewall.ts";
import type { ScriptRunner } from "./script-runner.ts";

export interface LvsClock {
  /** CLOCK_MONOTONIC */
  nowUs(): Microseconds;
  /** @returns a function that cancels the call; calling it later does nothing */
  after(delayUs: Microseconds, callback: () => void): () => void;
}

export interface LvsRuntimeOptions {
  /** `-I`: the table stays as it is at stop. */
  readonly keepsTableAtStop: boolean;
  /** Pause between two comparisons with the kernel's table, where the configuration names none; 0 for never. */
  readonly reconcileIntervalUs: Microseconds;
}

/** The daemon stops, and the pool with it. */
export interface PoolStopped {
  readonly kind: "stopped";
}

/** Something happened in a pool that scripts, FIFOs and mail want to know. */
export interface LvsPoolEvent {
  /** The configured object itself. */
  readonly virtualServer: VirtualServer;
  readonly names: LvsNames;
  readonly effect: PoolEffect | PoolStopped;
  /** Which of the servers are up now; when the pool stops, until then. */
  readonly alive: readonly boolean[];
  /** The kind of check that decided; else the start or a reload, or the stop. */
  readonly cause:
    | {
        readonly check: string;
        readonly isTimedOut?: boolean;
        /** Name of the BFD session. */
        readonly session?: string;
        /** Why an SMTP check failed, in keepalived's words. */
        readonly failure?: string;
      }
    | "start"
    | "stop"
    | "operator";
}

export interface LvsRuntimeDependencies {
  /** Called once, and only when there is a virtual server. @throws NativeError as `NativeAddon.openIpvs` */
  openIpvs(): IpvsTable;
  /** Called once, and only when there is a virtual server. */
  openProbeLoop(onEvents: (events: readonly ProbeEvent[]) => void, maxInFlight: number): ProbeLoop;
  /** Runs the scripts of MISC_CHECK. */
  readonly runner: Pick<ScriptRunner, "start">;
  /** For example `logger.speak`. */
  readonly log: (record: SpokenRecord) => void;
  readonly clock: LvsClock;
  readonly onPoolEvent?: (event: LvsPoolEvent) => void;
  /** Without it no verdict is ever held. @see lookAtNetwork */
  readonly lookAtNetwork?: FailureGuardDependencies["lookAtNetwork"];
  /** For `ha_suspend`. */
  readonly addresses: Omit<HostAddressesDependencies, "onNews">;
  /** For `nftables_ipvs`. */
  readonly nftables?: Omit<FirewallDependencies, "log">;
  /** Something that people should hear of at once. */
  readonly onAlert?: (record: SpokenRecord) => void;
  /** Uniform in [0, 1): spreads the first probes. */
  readonly random: () => number;
  /** Called some time after a start or reload. Without it V8 collects. */
  readonly collectGarbage?: () => void;
}

export type CheckerVerdict = "pending" | "up" | "down";

export interface CheckerStatus {
  readonly kind: string;
  readonly verdict: CheckerVerdict;
  /** Failures in a row that have not yet decided anything. */
  readonly failures: number;
  /** The last result that was news; null before the first, and for checks beside the probe loop. */
  readonly last?: CheckerResult | null;
  /** Of a script: its last run that ended; null before the first. */
  readonly lastRun?: ScriptRunStatus | null;
  /** What it adds to the configured weight of its server; absent: nothing. */
  readonly addedWeight?: number;
}

export interface ScriptRunStatus {
  /** When it began, CLOCK_MONOTONIC. */
  readonly atUs: Microseconds;
  /** Exit status; 0 of one that was ended by a signal. */
  readonly status: number;
}

export interface CheckerResult {
  readonly reason: ProbeEvent["reason"];
  readonly latencyUs: Microseconds;
  readonly atUs: Microseconds;
}

export interface RealServerStatus {
  /** `[192.168.1.7]:tcp:80` */
  readonly name: string;
  readonly address: IpAddress;
  readonly port: number;
  readonly weight: number;
  /** What scripts and files make of it where that is more than a weight can be, or less; absent: `weight`. */
  readonly unlimitedWeight?: number;
  readonly isAlive: boolean;
  readonly checkers: readonly CheckerStatus[];
}

export interface VirtualServerStatus {
  /** `[192.168.1.100]:tcp:80`, `FWM 5`, `[GROUP]` */
  readonly name: string;
  readonly scheduler: string;
  readonly hasQuorum: boolean;
  readonly isSorryServerActive: boolean;
  /** Its checkers rest (`ha_suspend`); absent: they run. */
  readonly isSuspended?: true;
  readonly realServers: readonly RealServerStatus[];
}

export interface TableStatus {
  /** Comparisons with the kernel's table so far. */
  readonly reconciles: number;
  /** Commands carried out because the kernel's table had drifted. */
  readonly repairs: number;
  /** Commands that failed so far. */
  readonly failures: number;
  /** False from a failure until a comparison finds nothing to do. */
  readonly isInSync: boolean;
}

export interface ServerUsage {
  readonly traffic: IpvsTraffic;
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  readonly persistentConnections: number;
}

/** By name of the virtual server (sorry servers too), and by `overrideKey`. What the kernel does not have is missing. */
export interface LvsUsage {
  readonly virtualServers: ReadonlyMap<string, IpvsTraffic>;
  readonly realServers: ReadonlyMap<string, ServerUsage>;
  readonly sorryServers: ReadonlyMap<string, ServerUsage>;
}

/** What a status query shows; a copy, safe to keep. */
export interface LvsSnapshot {
  readonly virtualServers: readonly VirtualServerStatus[];
  readonly probes: ProbeCounters | null;
  /** Of the probe loop. */
  readonly probeHealth?: LoopHealth | null;
  /** Runs of the scripts of MISC_CHECK. */
  readonly scripts?: ProbeKindCounters;
  /** What the files say that checks follow, by name of the `track_file`. */
  readonly files?: ReadonlyMap<string, number>;
  readonly table: TableStatus;
}

export type LvsGlobals = Configuration["global"] &
  Partial<
    Pick<
      ConfiguredGlobals,
      | "firewall"
      | "lvsTimeoutsSec"
      | "ipvsReconcileIntervalUs"
      | "logsAllCheckerFailures"
      | "notifiesInitialServers"
      | "largestProbeCount"
    >
  >;

/** A `CompleteConfiguration`, or one that lacks what is optional here. */
export interface LvsConfiguration extends Configuration {
  readonly global: LvsGlobals;
  readonly virtualServerGroups?: readonly VirtualServerGroup[];
  readonly trackFiles?: readonly TrackFile[];
}

/**
 * The load-balancing half of the daemon. Calls are queued behind each other.
 */
export interface LvsRuntime {
  /** For the BFD side: a session came up or went down. All are down before. */
  bfdChanged(name: string, isUp: boolean): void;
  /** Resolves when the table is in place. Rejects with a `NativeError` when IPVS can't be used; nothing is left behind then. */
  start(configuration: LvsConfiguration): Promise<void>;
  /** Services, connections, counters and health that the new configuration keeps are not touched. */
  reload(configuration: LvsConfiguration): Promise<void>;
  /** Removes what is ours (unless told to keep it) and ends probing. Idempotent. */
  stop(): Promise<void>;
  snapshot(): LvsSnapshot;
  /** Turns of the probe loop; null without one. */
  probeHeartbeats(): number | null;
  /** What operators say about servers, by `overrideKey`; holds until the next call, also across reloads. */
  force(forces: ReadonlyMap<string, ServerForce>): void;
  /** Connections by `overrideKey`, of those of these servers that there are, as the kernel's table has them now. */
  connections(keys: ReadonlySet<string>): Promise<ReadonlyMap<string, number>>;
  /** What passes through the kernel's table. @throws NativeError */
  usage(): Promise<LvsUsage>;
}
