import type { ScriptUser } from "../model/command.ts";
import type { HttpRegex } from "../model/lvs.ts";

/** What one path turned out to be. `text` is the file decoded as UTF-8, invalid octets replaced. */
export type FileContent =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "missing" }
  /** A directory or a special file. */
  | { readonly kind: "not-regular" }
  /** A regular file with an execute bit: keepalived does not read those by `include`. */
  | { readonly kind: "executable"; readonly text: string }
  | { readonly kind: "unreadable"; readonly reason: string };

/** What loading has to know about one network interface. */
export interface InterfaceFacts {
  readonly isLoopback: boolean;
  readonly supportsMulticast: boolean;
  /** Octets. */
  readonly mtuBytes: number;
  /** Created by a VRRP daemon, not usable as a base interface. */
  readonly isVmac: boolean;
}

export type UserFacts = ScriptUser;

/**
 * What was found at a script's path.
 * `insecure` means that someone other than root could change the file or its path.
 */
export type ScriptFinding = "ok" | "missing" | "not-executable" | "insecure";

/**
 * Everything loading wants to know about the machine. All calls are synchronous, must not throw, and
 * give equal answers within one load.
 */
export interface ConfigurationHost {
  /** @param path absolute, normalised */
  readFile(path: string): FileContent;
  /** @returns the names in a directory in any order, null if it is not a readable directory */
  listDirectory(path: string): readonly string[] | null;
  environment(name: string): string | null;
  /** Null: interfaces are not known here, and none is reported as missing. */
  readonly interfaces: ReadonlyMap<string, InterfaceFacts> | null;
  /** Node name as `uname -n` prints it. */
  readonly hostName: string;
  /** @returns an integer, minimum <= n <= maximum */
  randomInteger(minimum: number, maximum: number): number;
  findUser(name: string): UserFacts | null;
  /** @returns the numeric group, null if there is none of this name */
  findGroup(name: string): number | null;
  /**
   * @param gid the first group
   * @returns all groups of a user, the first one first
   */
  findGroupsOf(user: string, gid: number): readonly number[];
  /** @param path as written after unquoting; a bare name is to be searched in PATH */
  inspectScript(path: string): ScriptFinding;
  /** @returns why a pattern does not compile, empty when it does. Absent: nobody here can tell. */
  regexProblem?(regex: HttpRegex): string;
  /** @returns whether a name has an address. Absent: it is not the time to ask, which may take seconds. */
  isHostKnown?(name: string): boolean;
}
