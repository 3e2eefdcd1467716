import type { SourcePlace } from "./units.ts";

/** Who runs a script. */
export interface ScriptUser {
  readonly uid: number;
  readonly gid: number;
  /** All groups, the first one too (`set_supplementary_groups`); absent: the first one alone. */
  readonly groups?: readonly number[];
}

/** A script with its arguments, and who runs it. */
export interface ScriptCommand {
  /** At least one element; quotes and escapes are gone. */
  readonly argv: readonly string[];
  /** Null: the user and group of the daemon itself. */
  readonly user: ScriptUser | null;
  /** `use_symlink_paths`: run by its path as written, not by the one that links lead to. */
  readonly isRunByLink?: true;
  readonly place: SourcePlace;
}

/** Scripts of an instance or a sync group; null where none is configured. */
export interface NotifyScripts {
  readonly active: ScriptCommand | null;
  readonly backup: ScriptCommand | null;
  readonly fault: ScriptCommand | null;
  readonly stop: ScriptCommand | null;
  readonly deleted: ScriptCommand | null;
  /** `notify`: runs on every change, after the one for the state. */
  readonly any: ScriptCommand | null;
  readonly lowerPriorityHeard: ScriptCommand | null;
}

/** A named pipe that receives events, and the script that reads it. */
export interface NotifyFifo {
  readonly path: string;
  readonly user: { readonly uid: number; readonly gid: number } | null;
  readonly script: ScriptCommand | null;
  readonly place: SourcePlace;
}
