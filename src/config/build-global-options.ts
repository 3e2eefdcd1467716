import type { ConfiguredGlobals, LvsSyncDaemon } from "../model/global-complete.ts";
import { parseAddress } from "./address.ts";
import type { BuildContext } from "./context.ts";
import { readCNumber } from "./name-tables.ts";
import type { Settings } from "./settings.ts";
import { type Entry, placeOf } from "./tree.ts";
import { readInteger } from "./values.ts";

const LONGEST_LINK_NAME = 15;
const LONGEST_TIMEOUT_SEC = 2_678_400;

/** `lvs_timeouts tcp N tcpfin N udp N` */
export function readLvsTimeouts(globals: Settings, context: BuildContext): ConfiguredGlobals["lvsTimeoutsSec"] {
  const timeouts = { tcp: 0, tcpFin: 0, udp: 0 };
  const words = globals.words("lvs_timeouts") ?? [];
  for (let i = 0; i < words.length; i += 2) {
    const { value, problem } = readInteger(words[i + 1] ?? "");
    const key = words[i] === "tcp" ? "tcp" : words[i] === "tcpfin" ? "tcpFin" : words[i] === "udp" ? "udp" : null;
    if (key !== null && value !== null && problem === "none" && value >= 0 && value <= LONGEST_TIMEOUT_SEC) {
      timeouts[key] = value;
      continue;
    }
    const message = `lvs_timeouts takes tcp, tcpfin and udp, each with seconds from 0 to ${LONGEST_TIMEOUT_SEC}`;
    context.reporter.add("bad-value", message, globals.place("lvs_timeouts"));
  }
  return timeouts;
}

type Draft = { -readonly [K in keyof LvsSyncDaemon]: LvsSyncDaemon[K] };

const RANGES: ReadonlyMap<string, readonly ["syncId" | "maxLengthBytes" | "port" | "ttl", number, number]> = new Map([
  ["id", ["syncId", 0, 255] as const],
  ["maxlen", ["maxLengthBytes", 1, 65507] as const],
  ["port", ["port", 1, 65535] as const],
  ["ttl", ["ttl", 1, 255] as const],
]);

/** `lvs_sync_daemon IFNAME [inst NAME] [id N] ...`, or the old form `IFNAME INSTANCE [ID]`. */
export function readLvsSyncDaemon(entry: Entry, context: BuildContext): LvsSyncDaemon | null {
  const [, interfaceName, ...words] = entry.statement.words;
  if (interfaceName === undefined) return null;
  if (interfaceName.length > LONGEST_LINK_NAME) {
    const message = `"${interfaceName}" cannot be an interface: lvs_sync_daemon is left out`;
    context.reporter.add("value-too-long", message, placeOf(entry.statement, 1));
    return null;
  }
  const draft: Draft = {
    interfaceName,
    instance: null,
    syncId: null,
    maxLengthBytes: null,
    port: null,
    ttl: null,
    group: null,
  };
  for (let i = 0; i < words.length; i += 2) {
    const used = readSyncOption(draft, words, i, entry, context);
    i -= 2 - used;
  }
  return draft;
}

/** @returns the words used */
function readSyncOption(
  draft: Draft,
  words: readonly string[],
  index: number,
  entry: Entry,
  context: BuildContext,
): 1 | 2 {
  const word = words[index] ?? "";
  const value = words[index + 1] ?? "";
  const range = RANGES.get(word);
  if (word === "inst") draft.instance = value;
  else if (word === "group") draft.group = parseAddress(value)?.address ?? null;
  else if (range !== undefined) {
    const [key, minimum, maximum] = range;
    const number = readInteger(value).value;
    if (number !== null && number >= minimum && number <= maximum) draft[key] = number;
    else
      context.reporter.add("bad-value", `lvs_sync_daemon: bad ${word} "${value}"`, placeOf(entry.statement, index + 3));
  } else {
    readOldSyncWord(draft, word, index, entry, context);
    return 1;
  }
  return 2;
}

/** keepalived: a bare word is the instance, and after that a bare number is the id. */
function readOldSyncWord(draft: Draft, word: string, index: number, entry: Entry, context: BuildContext): void {
  const place = placeOf(entry.statement, index + 2);
  if (index === 0) {
    draft.instance = word;
    return;
  }
  const number = readInteger(word).value;
  if (entry.statement.words[2] === "inst" || index > 1) {
    context.reporter.add("bad-option", `lvs_sync_daemon: "${word}" is not known`, place);
  } else if (number === null || number < 0 || number > 255) {
    context.reporter.add("bad-value", `lvs_sync_daemon: "${word}" is not an id from 0 to 255`, place);
  } else {
    draft.syncId = number;
    context.reporter.add("deprecated", `lvs_sync_daemon: a bare id is deprecated, write "id ${number}"`, place);
  }
}

const SYMBOLS: ReadonlyMap<string, number> = new Map([
  ["IRUSR", 0o400],
  ["IWUSR", 0o200],
  ["IXUSR", 0o100],
  ["IRWXU", 0o700],
  ["IRGRP", 0o040],
  ["IWGRP", 0o020],
  ["IXGRP", 0o010],
  ["IRWXG", 0o070],
  ["IROTH", 0o004],
  ["IWOTH", 0o002],
  ["IXOTH", 0o001],
  ["IRWXO", 0o007],
]);
const DEFAULT_UMASK = 0o177;

export function readUmask(globals: Settings, context: BuildContext): number {
  const words = globals.words("umask");
  if (words === null) return DEFAULT_UMASK;
  const number = words.length === 1 ? readCNumber(words[0] ?? "") : null;
  if (number !== null && number <= 0o777) return number;
  const symbols = words
    .join("")
    .split("|")
    .map((name) => SYMBOLS.get(name.replace(/^S_/, "")));
  if (symbols.every((symbol) => symbol !== undefined)) return symbols.reduce((all, symbol) => all | symbol, 0);
  context.reporter.add("bad-value", `"${words.join(" ")}" is not a umask`, globals.place("umask"));
  return DEFAULT_UMASK;
}

/** `control_socket PATH|off [GROUP]` */
export function readControl(globals: Settings, context: BuildContext): ConfiguredGlobals["control"] {
  const [path = null, groupName = null] = globals.words("control_socket") ?? [];
  const place = globals.place("control_socket");
  const isUsable = path === null || path === "off" || path.startsWith("/");
  if (!isUsable) context.reporter.add("bad-value", `control_socket: "${path}" is no path from the root`, place);
  const gid = groupName === null ? null : context.host.findGroup(groupName);
  if (groupName !== null && gid === null)
    context.reporter.add("missing-user", `there is no group "${groupName}"`, place);
  return {
    path: isUsable && path !== "off" ? path : null,
    isOff: path === "off",
    listen: readListen(globals, context),
    group: groupName === null || gid === null ? null : { name: groupName, gid },
  };
}

/** `control_listen LOOPBACK-IP PORT [TOKEN-FILE]` */
function readListen(globals: Settings, context: BuildContext): ConfiguredGlobals["control"]["listen"] {
  const words = globals.words("control_listen");
  if (words === null) return null;
  const [address = "", portWord = "", tokenFile = null] = words;
  const port = readInteger(portWord).value ?? 0;
  const isLoopback = /^127\.\d+\.\d+\.\d+$/.test(address) || address === "::1";
  const isUsable = isLoopback && parseAddress(address) !== null && port >= 1 && port <= 65535;
  if (isUsable && tokenFile?.startsWith("/") !== false) return { address, port, tokenFile };
  const message =
    "control_listen takes a loopback address (127.0.0.1 or ::1), a port, and perhaps a file from the root";
  context.reporter.add("bad-value", message, globals.place("control_listen"));
  return null;
}
