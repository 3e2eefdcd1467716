import type { NotifyFifo, NotifyScripts, ScriptCommand } from "../model/command.ts";
import type { SourcePlace } from "../model/units.ts";
import type { BuildContext } from "./context.ts";
import type { UserFacts } from "./host.ts";
import { splitCommand, splitCommandLine, unquoteWord } from "./script-words.ts";
import type { Settings } from "./settings.ts";
import { type Entry, placeOf } from "./tree.ts";

/** Raw words of a statement by the rules for scripts; null and a diagnostic when a quote is not closed. */
export function rawWords(entry: Entry, context: BuildContext): readonly string[] | null {
  const { text, from, to } = entry.statement;
  const { words, isTerminated } = splitCommandLine(text.slice(from, to));
  if (isTerminated) return words;
  context.reporter.add("unterminated-quote", "a quote of the command is not closed", placeOf(entry.statement, 1));
  return null;
}

/**
 * Reads `KEYWORD "COMMAND args" [USER [GROUP]]`.
 * @returns null when there is no usable command
 */
export function readCommand(entry: Entry | null, context: BuildContext): ScriptCommand | null {
  return read(entry, null, context);
}

/** Reads `KEYWORD "COMMAND args"` of a block that has its own `user`; further words are overlooked. */
export function readOwnedCommand(
  entry: Entry,
  user: UserFacts | undefined,
  context: BuildContext,
): ScriptCommand | null {
  return read(entry, { user }, context);
}

interface Owner {
  /** Undefined: whoever runs scripts that name nobody. */
  readonly user: UserFacts | undefined;
}

/** @param owner null: the line may name who runs it */
function read(entry: Entry | null, owner: Owner | null, context: BuildContext): ScriptCommand | null {
  const words = entry === null ? null : rawWords(entry, context);
  const text = words?.[1];
  if (entry === null || words === null || text === undefined) return null;
  const argv = splitCommand(unquoteWord(text));
  const place = placeOf(entry.statement, 1);
  if (argv === null || argv.length === 0) {
    const [code, message] =
      argv === null
        ? (["unterminated-quote", "the command cannot be split into words"] as const)
        : (["unusable-script", "the command is empty"] as const);
    context.reporter.add(code, message, place);
    return null;
  }
  const names = owner === null ? words.slice(2).map(unquoteWord) : [];
  const named = names.length === 0 ? owner?.user : readUser(names, entry, context, absenceCode(entry, "missing-user"));
  if (named === undefined && names.length > 0) return null;
  const user = named === undefined ? defaultUser(argv[0] ?? "", place, context) : named;
  if (user === undefined) return null;
  if (!isUsable(argv[0] ?? "", user, entry, context)) return null;
  return { argv, user, ...(context.scripts.usesLinks ? { isRunByLink: true } : {}), place };
}

/**
 * Who runs a script that names nobody.
 * @returns null for the daemon itself; undefined and a diagnostic when the one who should is not there
 */
function defaultUser(
  path: string,
  place: SourcePlace,
  { scripts, reporter }: BuildContext,
): UserFacts | null | undefined {
  if (scripts.missingUser === null) return scripts.user;
  const message = `"${path}" is not run: there is no user "${scripts.missingUser}" to run it; create the user, or name another by script_user`;
  reporter.add("missing-user", message, place);
  return undefined;
}

/**
 * Looks up `USER [GROUP]`; a group that begins with a colon, or a colon alone, asks for all groups of the user.
 * @returns undefined and a diagnostic when there is no such user or group
 */
export function readUser(
  words: readonly string[],
  entry: Entry,
  context: BuildContext,
  code: "missing-user" | "unusable-script" = "missing-user",
): UserFacts | undefined {
  const [name = "", groupWord] = words;
  const place = placeOf(entry.statement, 1);
  const user = context.host.findUser(name);
  if (user === null) {
    context.reporter.add(code, `there is no user "${name}"`, place);
    return undefined;
  }
  const group = groupWord?.replace(/^:/, "") ?? "";
  const withGroups = (gid: number): UserFacts => {
    const hasAll = context.scripts.hasAllGroups || groupWord?.startsWith(":") === true;
    return { uid: user.uid, gid, ...(hasAll ? { groups: context.host.findGroupsOf(name, gid) } : {}) };
  };
  if (group === "") return withGroups(user.gid);
  const gid = context.host.findGroup(group);
  if (gid === null) {
    context.reporter.add(code, `there is no group "${group}"`, place);
    return undefined;
  }
  return withGroups(gid);
}

/** Scripts that keepalived complains about when they, or their users, are not there. */
const VITAL_SCRIPTS: Readonly<Record<"missing-script" | "missing-user", ReadonlySet<string>>> = {
  "missing-script": new Set(["script"]),
  "missing-user": new Set(["script", "startup_script", "shutdown_script"]),
};

function absenceCode<T extends "missing-script" | "missing-user">(entry: Entry, vital: T): T | "unusable-script" {
  return VITAL_SCRIPTS[vital].has(entry.keyword.name) ? vital : "unusable-script";
}

function isUsable(path: string, user: UserFacts | null, entry: Entry, context: BuildContext): boolean {
  const place = placeOf(entry.statement, 1);
  const finding = path.startsWith("<") ? "ok" : context.host.inspectScript(path);
  const code = absenceCode(entry, "missing-script");
  switch (finding) {
    case "ok":
      return true;
    case "insecure":
      if (context.scripts.isSecured && (user === null || user.uid === 0)) {
        context.reporter.add(code, `"${path}" could be changed by others than root, so it is not run`, place);
        return false;
      }
      return true;
    case "missing":
      context.reporter.add(code, `there is no script "${path}"`, place);
      return false;
    case "not-executable":
      context.reporter.add(code, `"${path}" is not executable`, place);
      return false;
  }
}

const NOTIFY_KEYWORDS = {
  active: "notify_master",
  backup: "notify_backup",
  fault: "notify_fault",
  stop: "notify_stop",
  deleted: "notify_deleted",
  any: "notify",
  lowerPriorityHeard: "notify_master_rx_lower_pri",
} as const;

export function readNotifyScripts(settings: Settings, context: BuildContext): NotifyScripts {
  const script = (name: string): ScriptCommand | null => readCommand(settings.entry(name), context);
  return {
    active: script(NOTIFY_KEYWORDS.active),
    backup: script(NOTIFY_KEYWORDS.backup),
    fault: script(NOTIFY_KEYWORDS.fault),
    stop: script(NOTIFY_KEYWORDS.stop),
    deleted: script(NOTIFY_KEYWORDS.deleted),
    any: script(NOTIFY_KEYWORDS.any),
    lowerPriorityHeard: script(NOTIFY_KEYWORDS.lowerPriorityHeard),
  };
}

/** Reads a FIFO and its script: `notify_fifo`, `vrrp_notify_fifo`, `lvs_notify_fifo`. */
export function readFifo(settings: Settings, name: string, context: BuildContext): NotifyFifo | null {
  const entry = settings.entry(name);
  const [path, ...owner] = settings.words(name) ?? [];
  if (entry === null || path === undefined) return null;
  const user = owner.length === 0 ? null : (readUser(owner, entry, context, "unusable-script") ?? null);
  const script = readCommand(settings.entry(`${name}_script`), context);
  return { path, user, script, place: placeOf(entry.statement, 1) };
}
