import type { ScriptCommand } from "./command.ts";
import type { Microseconds, SourcePlace } from "./units.ts";

/** An object that an instance or a sync group follows. */
export interface TrackedObject {
  readonly name: string;
  /** -254..254; 0 means fault when the object is bad. */
  readonly weight: number;
  readonly isReversed: boolean;
  readonly place: SourcePlace;
}

/** What an instance or a sync group follows besides interfaces. */
export interface TrackedObjects {
  readonly scripts: readonly TrackedObject[];
  readonly files: readonly TrackedObject[];
  readonly processes: readonly TrackedObject[];
  readonly bfds: readonly TrackedObject[];
}

/** One `vrrp_script`. */
export interface VrrpScript {
  readonly name: string;
  readonly command: ScriptCommand;
  readonly intervalUs: Microseconds;
  /** Killed and counted as failed after this. */
  readonly timeoutUs: Microseconds;
  /** False: the timeout is the interval because none is given. */
  readonly hasOwnTimeout: boolean;
  readonly weight: number;
  readonly isReversed: boolean;
  readonly rise: number;
  readonly fall: number;
  /** `init_fail` */
  readonly startsFailed: boolean;
  readonly place: SourcePlace;
}

/** One `track_file`. */
export interface TrackFile {
  readonly name: string;
  readonly path: string;
  readonly weight: number;
  readonly isReversed: boolean;
  /** `init_file`: created at start; `overwrites` if it exists already. */
  readonly initialise: { readonly value: number; readonly overwrites: boolean } | null;
  readonly place: SourcePlace;
}

/** One `vrrp_track_process`. */
export interface TrackProcess {
  readonly name: string;
  /** Command name or path, then arguments to match. */
  readonly command: readonly string[];
  readonly parameterMatch: "none" | "exact" | "partial" | "initial";
  readonly matchesFullCommand: boolean;
  readonly weight: number;
  readonly isReversed: boolean;
  /** Fewest and most processes that count as up; null is no upper limit. */
  readonly quorum: number;
  readonly quorumMaximum: number | null;
  readonly forkDelayUs: Microseconds;
  readonly terminateDelayUs: Microseconds;
  readonly place: SourcePlace;
}

/** One `bfd_instance`. */
export interface BfdInstance {
  readonly name: string;
  /** With its interface when link-local: `fe80::1%eth0`. Null: nothing usable was given, and the session never comes up. */
  readonly neighborAddress: string | null;
  readonly sourceAddress: string | null;
  readonly minRxUs: Microseconds;
  readonly minTxUs: Microseconds;
  readonly idleTxUs: Microseconds;
  /** 1..255 */
  readonly multiplier: number;
  readonly isPassive: boolean;
  /** 1..255 */
  readonly ttl: number;
  /** -1 turns the check off. */
  readonly maxHops: number;
  readonly isMultihop: boolean;
  readonly weight: number;
  readonly isReversed: boolean;
  readonly tellsVrrp: boolean;
  readonly tellsCheckers: boolean;
  readonly place: SourcePlace;
}
