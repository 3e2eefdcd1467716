import type { RouteEncapsulation, RouteMetric } from "../model/addressing.ts";
import type { OptionReader } from "./option-reader.ts";

const COUNTERS = new Set(
  "mtu advmss reordering window cwnd ssthresh hoplimit initcwnd initrwnd quickack fastopen_no_cookie".split(" "),
);
const DURATIONS = new Set(["rtt", "rttvar", "rto_min"]);

/** @returns null if the word is no metric */
export function readMetric(name: string, reader: OptionReader): RouteMetric | null {
  const isText = name === "congctl" || name === "features";
  if (!isText && !COUNTERS.has(name) && !DURATIONS.has(name)) return null;
  const isLocked = reader.accept("lock");
  if (name === "features") return { name, value: readFeature(reader), isLocked };
  if (isText) return { name, value: reader.next(name), isLocked };
  const value = DURATIONS.has(name) ? readDuration(name, reader) : reader.integer(name, 0, 0xffffffff);
  return { name, value, isLocked };
}

const LONGEST_MS = 120_000;
const RAW_PER_MS: Readonly<Record<string, number>> = { rtt: 8, rttvar: 4, rto_min: 1 };

function readFeature(reader: OptionReader): string {
  const word = reader.next("features");
  if (word !== "ecn") reader.fail(`features: "${word}" is not known, only ecn is`);
  return word;
}

/** Milliseconds; a bare number is in the kernel's raw unit. Between 0.2 and 120 s. */
function readDuration(name: string, reader: OptionReader): number {
  const word = reader.next(name);
  const match = /^([0-9]*\.?[0-9]+)(s|ms|sec|msec|secs|msecs)?$/.exec(word);
  if (match === null) return reader.fail(`${name}: "${word}" is not a duration`);
  const number = Number(match[1]);
  const unit = match[2];
  const raw = RAW_PER_MS[name] ?? 1;
  const exact = unit?.startsWith("s") === true ? number * 1000 : number;
  // keepalived: the limit is that of the raw unit, also where another one is written
  if (exact > LONGEST_MS * raw) reader.fail(`${name}: "${word}" is longer than ${LONGEST_MS / 1000} s`);
  const whole = Math.round(exact);
  if (Math.abs(whole - exact) > 1e-9)
    reader.warn(`${name}: whole ${unit === undefined ? "units" : "milliseconds"} are kept`);
  return Math.min(LONGEST_MS, Math.max(200, unit === undefined ? whole / raw : whole));
}

const ENCAPSULATION_WORDS = new Set("id dst src tos ttl flags tc hoplimit".split(" "));

/** `ip`, `ip6`, `mpls` or `ila` and what belongs to it. */
export function readEncapsulation(reader: OptionReader, option: string): RouteEncapsulation {
  const kind = reader.next(option);
  if (kind === "mpls" || kind === "ila") return { kind, words: [reader.next(kind)] };
  if (kind !== "ip" && kind !== "ip6") return reader.fail(`${option}: "${kind}" is not ip, ip6, mpls or ila`);
  const words: string[] = [];
  while (ENCAPSULATION_WORDS.has(reader.peek() ?? "")) words.push(reader.next(kind), reader.next(kind));
  if (!words.includes("id") && !words.includes("dst")) reader.fail(`${option} ${kind} needs dst or id`);
  return { kind, words };
}
