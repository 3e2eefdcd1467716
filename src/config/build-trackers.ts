import type { BfdInstance, TrackFile, TrackProcess, VrrpScript } from "../model/tracking.ts";
import { rawWords, readOwnedCommand, readUser } from "./build-command.ts";
import type { BuildContext } from "./context.ts";
import { unquoteWord } from "./script-words.ts";
import { Settings } from "./settings.ts";
import { type Entry, endOf, placeOf } from "./tree.ts";
import { readInteger } from "./values.ts";

const SECOND_US = 1_000_000;

/** `weight N [reverse|noreverse]` of an object's own block. */
function readWeight(settings: Settings, fallback: number): { readonly weight: number; readonly isReversed: boolean } {
  const words = settings.words("weight") ?? [];
  return { weight: settings.number("weight") ?? fallback, isReversed: words.includes("reverse") };
}

function nameOf(entry: Entry): string {
  return entry.statement.words[1] ?? "";
}

function drop(entry: Entry, message: string, context: BuildContext): null {
  const text = `${entry.keyword.name} ${nameOf(entry)} ${message}`;
  context.reporter.add("undefined-reference", text, endOf(entry));
  return null;
}

export function buildScript(entry: Entry, context: BuildContext): VrrpScript | null {
  const settings = new Settings(entry.entries, context.reporter);
  const userEntry = settings.entry("user");
  const user = userEntry === null ? undefined : readUser(settings.words("user") ?? [], userEntry, context);
  if (userEntry !== null && user === undefined) return drop(entry, "is left out: its user is unknown", context);
  const scriptEntry = settings.entry("script");
  if (scriptEntry === null) return drop(entry, "has no script and is left out", context);
  const command = readOwnedCommand(scriptEntry, user, context);
  if (command === null) return drop(entry, "is left out: its script cannot be run", context);
  const intervalUs = settings.number("interval") ?? SECOND_US;
  const timeoutUs = settings.number("timeout");
  return {
    name: nameOf(entry),
    command,
    intervalUs: intervalUs === 0 ? SECOND_US : intervalUs,
    timeoutUs: timeoutUs ?? intervalUs,
    hasOwnTimeout: timeoutUs !== null,
    ...readWeight(settings, 0),
    rise: settings.number("rise") ?? 1,
    fall: settings.number("fall") ?? 1,
    startsFailed: settings.has("init_fail"),
    place: placeOf(entry.statement),
  };
}

export function buildTrackFile(entry: Entry, context: BuildContext): TrackFile | null {
  const settings = new Settings(entry.entries, context.reporter);
  const path = settings.text("file");
  if (path === null) return drop(entry, "has no file and is left out", context);
  const words = settings.words("init_file");
  const first = words?.[0] ?? "overwrite";
  const value = readInteger(first).value ?? 0;
  if (first !== "overwrite" && !/^-?[0-9]{1,9}$/.test(first)) {
    context.reporter.add(
      "bad-value",
      `init_file takes a number and "overwrite", not "${first}"`,
      settings.place("init_file"),
    );
  }
  return {
    name: nameOf(entry),
    path,
    ...readWeight(settings, 1),
    initialise: words === null ? null : { value, overwrites: words.includes("overwrite") },
    place: placeOf(entry.statement),
  };
}

export function buildTrackProcess(entry: Entry, context: BuildContext): TrackProcess | null {
  const settings = new Settings(entry.entries, context.reporter);
  const processEntry = settings.entry("process");
  const command = processEntry === null ? [] : (rawWords(processEntry, context) ?? []).slice(1).map(unquoteWord);
  if (command.length === 0) return drop(entry, "has no process and is left out", context);
  const delayUs = settings.number("delay") ?? 0;
  const quorum = settings.number("quorum") ?? 1;
  const quorumMaximum = settings.number("quorum_max");
  const match = settings.words("param_match")?.[0];
  const hasMatch = settings.has("param_match");
  const isKnownMatch = match === undefined || match === "initial" || match === "partial";
  if (!isKnownMatch) {
    context.reporter.add(
      "bad-value",
      `param_match is initial or partial, not "${match}"`,
      settings.place("param_match"),
    );
  }
  return {
    name: nameOf(entry),
    command,
    parameterMatch:
      match === "initial" || match === "partial" ? match : command.length > 1 || hasMatch ? "exact" : "none",
    matchesFullCommand: settings.has("full_command") || command.length > 1 || hasMatch,
    ...readWeight(settings, 0),
    quorum: quorumMaximum === 0 ? 0 : quorum,
    quorumMaximum,
    forkDelayUs: settings.number("fork_delay") ?? delayUs,
    terminateDelayUs: settings.number("terminate_delay") ?? delayUs,
    place: placeOf(entry.statement),
  };
}

const LONGEST_BFD_NAME = 31;
const MILLISECOND_US = 1000;

/** @param others those before it */
export function buildBfdInstance(
  entry: Entry,
  others: readonly BfdInstance[],
  context: BuildContext,
): BfdInstance | null {
  const settings = new Settings(entry.entries, context.reporter);
  const neighbor = settings.text("neighbor_ip") ?? settings.text("neighbour_ip");
  const place = placeOf(entry.statement);
  const name = nameOf(entry);
  const refuse = (message: string): null => {
    context.reporter.add("bfd-dropped", `bfd_instance ${name} ${message}`, endOf(entry));
    return null;
  };
  if (name.length > LONGEST_BFD_NAME) return refuse("is left out: a name has at most 31 characters");
  if (neighbor === null) refuse("has no usable neighbor_ip, so it never comes up");
  const familyOf = (address: string): "inet" | "inet6" => (address.includes(":") ? "inet6" : "inet");
  const family = neighbor === null ? undefined : familyOf(neighbor);
  const source = settings.text("source_ip");
  const isTaken = others.some(
    (other) =>
      neighbor !== null &&
      other.neighborAddress === neighbor &&
      (source === null || other.sourceAddress === null || other.sourceAddress === source),
  );
  if (isTaken) return refuse(`is left out: another one has the neighbor ${neighbor} already`);
  const isMixed = source !== null && neighbor !== null && familyOf(source) !== family;
  if (isMixed) refuse("never comes up: source_ip and neighbor_ip differ in their address family");
  const ttl = settings.number("ttl") ?? settings.number("hoplimit") ?? (family === "inet6" ? 64 : 255);
  // Milliseconds with three decimals were read as millionths
  const us = (keyword: string, fallback: number): number => (settings.number(keyword) ?? fallback * SECOND_US) / 1000;
  const hasEither = settings.has("vrrp") || settings.has("checker");
  return {
    name,
    neighborAddress: isMixed ? null : neighbor,
    sourceAddress: source,
    minRxUs: us("min_rx", 10),
    minTxUs: us("min_tx", 10),
    idleTxUs: us("idle_tx", MILLISECOND_US),
    multiplier: settings.number("multiplier") ?? 5,
    isPassive: settings.has("passive"),
    ttl,
    maxHops: Math.min(ttl, settings.number("max_hops") ?? 0),
    isMultihop: settings.boolean("multihop") ?? false,
    ...readWeight(settings, 0),
    tellsVrrp: !hasEither || settings.has("vrrp"),
    tellsCheckers: !hasEither || settings.has("checker"),
    place,
  };
}
