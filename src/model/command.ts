import type { SourcePlace } from "./units.ts";

/** A script with its arguments, and who runs it. */
export interface ScriptCommand {
  /** At least one element; quotes and escapes are gone. */
  readonly argv: readonly string[];
  /** Null: the user and group of the daemon itself. */
  readonly user: { readonly uid: number; readonly gid: number } | null;
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
