import type { FlagName } from "./flag-table.ts";
import { FLAGS } from "./flag-table.ts";
import { type ParsedWord, parseWords } from "./getopt.ts";

export interface PidFileFlags {
  /** Null: the default path. */
  readonly parent: string | null;
  readonly vrrp: string | null;
  readonly checkers: string | null;
  readonly bfd: string | null;
}

export interface CoreDumpFlags {
  /** What the kernel calls core files meanwhile; null leaves it to the machine. */
  readonly pattern: string | null;
}

/** The command line of the daemon, understood. */
export interface Flags {
  readonly configFile: string;
  readonly configId: string | null;
  readonly enforcesIncludes: boolean;
  readonly runsVrrp: boolean;
  readonly runsCheckers: boolean;
  readonly runsBfd: boolean;
  readonly staysInForeground: boolean;
  readonly ignoresSigint: boolean;
  readonly dumpsConfiguration: boolean;
  readonly keepsVrrp: boolean;
  readonly keepsIpvs: boolean;
  readonly namespace: string | null;
  readonly umask: number | null;
  readonly pidFiles: PidFileFlags;
  readonly logsToConsole: boolean;
  readonly detailLevel: number;
  /** Syslog facility code, 0..23. */
  readonly facility: number;
  readonly logsToSyslog: boolean;
  /** Null: no log file; empty: the default path. */
  readonly logFile: string | null;
  readonly logFormat: "text" | "json";
  /** `-a` */
  readonly reportsAddresses: boolean;
  /** `-x`: every MIB is served. */
  readonly servesSnmp: boolean;
  /** `-A`: the AgentX master; beats the configuration. */
  readonly snmpSocket: string | null;
  /** `--config-fd`: the descriptor that a test of the configuration writes its text to, all files in one. */
  readonly configFd: number | null;
  /** `-m`, `-M`: core files of any size; null: the limit stays. */
  readonly coreDumps: CoreDumpFlags | null;
  /** Flags that do nothing here, as `--debug`. */
  readonly inertFlags: readonly string[];
}

/** What to do, decided by the words. */
export type FlagAction =
  | { readonly kind: "run" }
  /**
   * @param file where complaints go; null is standard error
   * @param isFaulted a flag has a value that the test, as keepalived's, counts as a complaint
   */
  | { readonly kind: "config-test"; readonly file: string | null; readonly isFaulted: boolean }
  /** `-T` behind other options. @param words what follows it */
  | { readonly kind: "genhash"; readonly words: readonly string[] }
  | { readonly kind: "version" }
  | { readonly kind: "help" }
  | { readonly kind: "signum"; readonly number: number }
  /** Not understood; the reasons are in `complaints`. */
  | { readonly kind: "usage-error" };

export interface ParsedFlags {
  readonly action: FlagAction;
  readonly flags: Flags;
  /** For standard error, in this order. */
  readonly complaints: readonly string[];
}

export const DEFAULT_CONFIG_FILE = "/etc/keepalived/keepalived.conf";

/** Numbers that `--signum` prints; RTMIN is 34 and RTMAX 64 on Linux with glibc. */
export const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  STOP: 15,
  RELOAD: 1,
  DATA: 10,
  STATS: 12,
  STATS_CLEAR: 63,
  JSON: 36,
};

const STANDARD_ERROR = 2;
const DEFAULT_CORE_PATTERN = "core";
const LOG_USER = 1;
const LOG_DAEMON = 3;
const LOG_LOCAL0 = 16;

/** @returns the facility code of `3`, `local3`, `user` or `daemon`; null when it is none of these */
export function parseFacility(text: string): number | null {
  if (text === "user") return LOG_USER;
  if (text === "daemon") return LOG_DAEMON;
  const match = /^(?:local)?([0-7])$/.exec(text);
  return match === null ? null : LOG_LOCAL0 + Number(match[1]);
}

/** @returns a mask of 0..0777 written in octal (leading 0), hexadecimal or decimal; null otherwise */
export function parseUmask(text: string): number | null {
  const isNumber = /^(?:0[0-7]*|0x[0-9a-f]+|[1-9][0-9]*)$/i.test(text);
  if (!isNumber) return null;
  const base = /^0x/i.test(text) ? 16 : text.startsWith("0") ? 8 : 10;
  const value = Number.parseInt(text, base);
  return value <= 0o777 ? value : null;
}

/** @returns the number of a file descriptor beside the standard streams; null otherwise */
export function parseDescriptor(text: string): number | null {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return value > STANDARD_ERROR ? value : null;
}

type Given = ReadonlyMap<FlagName, readonly (string | null)[]>;

function collect(words: readonly ParsedWord<FlagName>[]): Given {
  const given = new Map<FlagName, (string | null)[]>();
  for (const word of words) {
    if (word.kind !== "option") continue;
    const values = given.get(word.name) ?? [];
    values.push(word.value);
    given.set(word.name, values);
  }
  return given;
}

function lastOf(given: Given, name: FlagName): string | null {
  return given.get(name)?.at(-1) ?? null;
}

function inertFlags(given: Given): readonly string[] {
  return FLAGS.filter((row) => row.effect === "debug" && given.has(row.name)).map((row) =>
    row.short === null ? `--${row.long}` : `-${row.short}`,
  );
}

function coreDumpsOf(given: Given): CoreDumpFlags | null {
  if (given.has("coreDumpPattern")) return { pattern: lastOf(given, "coreDumpPattern") || DEFAULT_CORE_PATTERN };
  return given.has("coreDump") ? { pattern: null } : null;
}

function readFlags(given: Given): Flags {
  return {
    configFile: lastOf(given, "configFile") ?? DEFAULT_CONFIG_FILE,
    configId: lastOf(given, "configId"),
    enforcesIncludes: given.has("allConfig"),
    runsVrrp: !given.has("checkersOnly"),
    runsCheckers: !given.has("vrrpOnly"),
    runsBfd: !given.has("noBfd"),
    staysInForeground: given.has("foreground"),
    ignoresSigint: given.has("ignoreSigint"),
    dumpsConfiguration: given.has("dumpConfiguration"),
    keepsVrrp: given.has("keepVrrp"),
    keepsIpvs: given.has("keepIpvs"),
    namespace: lastOf(given, "namespace"),
    umask: parseUmask(lastOf(given, "umask") ?? ""),
    pidFiles: {
      parent: lastOf(given, "parentPid"),
      vrrp: lastOf(given, "vrrpPid"),
      checkers: lastOf(given, "checkersPid"),
      bfd: lastOf(given, "bfdPid"),
    },
    logsToConsole: given.has("logConsole"),
    detailLevel: given.get("logDetail")?.length ?? 0,
    facility: parseFacility(lastOf(given, "logFacility") ?? "") ?? LOG_DAEMON,
    logsToSyslog: !given.has("noSyslog"),
    logFile: given.has("logFile") ? (lastOf(given, "logFile") ?? "") : null,
    logFormat: lastOf(given, "logFormat") === "json" ? "json" : "text",
    reportsAddresses: given.has("addressMonitoring"),
    servesSnmp: given.has("snmp"),
    snmpSocket: lastOf(given, "snmpSocket"),
    configFd: parseDescriptor(lastOf(given, "configFd") ?? ""),
    coreDumps: coreDumpsOf(given),
    inertFlags: inertFlags(given),
  };
}

/** A complaint about a value that does not stop the daemon: keepalived says so and goes on with the default. */
function valueComplaint(name: FlagName, value: string | null): string | null {
  const text = value ?? "";
  if (name === "logFacility" && parseFacility(text) === null)
    return `Invalid log facility '${text}', daemon is used: 0-7, local0-local7, user or daemon`;
  if (name === "umask" && parseUmask(text) === null)
    return `Invalid --umask option ${text}, 0177 is used: 0 to 0777, octal with a leading 0`;
  if (name === "configFd" && parseDescriptor(text) === null)
    return `Invalid --config-fd '${text}', nothing is written: the number of an open descriptor, 3 or more`;
  if (name === "logFormat" && text !== "text" && text !== "json")
    return `Invalid log format '${text}', text is used: text or json`;
  return null;
}

/** Flags that end the reading of the command line where they stand, as keepalived does. */
function immediateAction(word: ParsedWord<FlagName>): FlagAction | null {
  if (word.kind !== "option") return null;
  if (word.name === "version" || word.name === "help") return { kind: word.name };
  if (word.name !== "signum") return null;
  const number = Object.hasOwn(SIGNAL_NUMBERS, word.value ?? "") ? SIGNAL_NUMBERS[word.value ?? ""] : undefined;
  return number === undefined ? { kind: "usage-error" } : { kind: "signum", number };
}

function complaintOf(word: ParsedWord<FlagName>): string | null {
  switch (word.kind) {
    case "unknown":
      return `Unknown option ${word.spelled}`;
    case "missing-argument":
      return `Missing parameter for option ${word.spelled}`;
    case "option":
      return word.name === "signum" && !Object.hasOwn(SIGNAL_NUMBERS, word.value ?? "")
        ? `Unknown sigfunc ${word.value}`
        : valueComplaint(word.name, word.value);
    case "operand":
      return null;
  }
}

function finalAction(given: Given): FlagAction {
  if (given.has("configTest")) {
    const isFaulted = (given.get("logFacility") ?? []).some((text) => parseFacility(text ?? "") === null);
    return { kind: "config-test", file: lastOf(given, "configTest"), isFaulted };
  }
  return { kind: "run" };
}

/** @returns the place of the word that says genhash, however short or in whatever company; -1 without one */
function findGenhash(list: readonly string[]): number {
  const isGenhash = (word: ParsedWord<FlagName>): boolean => word.kind === "option" && word.name === "genhash";
  if (!parseWords(list, FLAGS).some(isGenhash)) return -1;
  return list.findIndex((_, at) => parseWords(list.slice(0, at + 1), FLAGS).some(isGenhash));
}

/**
 * Reads keepalived's command line.
 * @param list the words after the program's name
 */
export function parseFlags(list: readonly string[]): ParsedFlags {
  const at = findGenhash(list);
  if (at >= 0) {
    const { flags } = parseFlags(list.slice(0, at));
    return { action: { kind: "genhash", words: list.slice(at + 1) }, flags, complaints: [] };
  }
  const words = parseWords(list, FLAGS);
  const given = collect(words);
  const flags = readFlags(given);
  const complaints: string[] = [];
  for (const word of words) {
    const complaint = complaintOf(word);
    if (complaint !== null) complaints.push(complaint);
    const action = immediateAction(word);
    if (action !== null) return { action, flags, complaints };
  }
  const surplus = words.flatMap((word) => (word.kind === "operand" ? [word.value] : []));
  if (surplus.length > 0) complaints.push(`Unexpected argument(s): ${surplus.join(" ")}`);
  const isBad = words.some((word) => word.kind === "unknown" || word.kind === "missing-argument");
  return { action: isBad ? { kind: "usage-error" } : finalAction(given), flags, complaints };
}
