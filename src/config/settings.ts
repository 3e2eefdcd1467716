import type { SourcePlace } from "../model/units.ts";
import { parseHostAddress, parseScopedAddress } from "./address.ts";
import type { Keyword } from "./keywords/table.ts";
import type { Reporter } from "./reporter.ts";
import { type Entry, placeOf } from "./tree.ts";
import { type NumberReading, readBoolean, readDecimal, readInteger } from "./values.ts";

type Value = number | boolean | string;

/**
 * The keywords of one block, read by the rules of its table. Lookups scan from the end: blocks are short, and
 * there are tens of thousands of them.
 */
export class Settings {
  readonly entries: readonly Entry[];
  /** Names and values of the entries; an unusable entry has no name. */
  private readonly names: string[] = [];
  private readonly values: Value[] = [];
  private readonly reporter: Reporter;

  constructor(entries: readonly Entry[], reporter: Reporter) {
    this.entries = entries;
    this.reporter = reporter;
    for (const entry of entries) {
      const value = this.read(entry);
      this.names.push(value === null ? "" : entry.keyword.name);
      this.values.push(value ?? false);
    }
  }

  private read(entry: Entry): Value | null {
    const { keyword } = entry;
    const lacksValue = entry.statement.words.length === 1 && keyword.value.kind !== "flag";
    if (keyword.keepsFirst && !lacksValue && this.find(keyword.name) >= 0) {
      const message = `"${keyword.name}" is given twice; the first one counts`;
      this.reporter.add("duplicate", message, placeOf(entry.statement));
      return null;
    }
    return readValue(entry, this.reporter);
  }

  /** Index of the entry that counts, -1 if there is none. */
  private find(name: string): number {
    const { names } = this;
    for (let i = names.length - 1; i >= 0; i--) if (names[i] === name) return i;
    return -1;
  }

  /** Null when there is no usable entry; an index of -1 would be a slow lookup by name. */
  private value(name: string): Value | null {
    const index = this.find(name);
    return index < 0 ? null : (this.values[index] ?? null);
  }

  has(name: string): boolean {
    return this.find(name) >= 0;
  }

  /** Integers as they are, decimals in millionths. */
  number(name: string): number | null {
    const value = this.value(name);
    return typeof value === "number" ? value : null;
  }

  boolean(name: string): boolean | null {
    const value = this.value(name);
    return typeof value === "boolean" ? value : null;
  }

  text(name: string): string | null {
    const value = this.value(name);
    return typeof value === "string" ? value : null;
  }

  /** The number that comes last among several names for one thing. */
  lastNumber(first: string, second: string): number | null {
    return this.find(second) > this.find(first) ? this.number(second) : this.number(first);
  }

  /** Words after the keyword, of the entry that counts. */
  words(name: string): readonly string[] | null {
    return this.entry(name)?.statement.words.slice(1) ?? null;
  }

  entry(name: string): Entry | null {
    const index = this.find(name);
    return index < 0 ? null : (this.entries[index] ?? null);
  }

  all(name: string): readonly Entry[] {
    return this.entries.filter((entry) => entry.keyword.name === name);
  }

  /** Place of the keyword's first value, or of the keyword if it has none. */
  place(name: string): SourcePlace | null {
    const entry = this.entry(name);
    return entry === null ? null : placeOf(entry.statement, entry.statement.words.length > 1 ? 1 : 0);
  }
}

/** @returns null when there is no usable value; true for words that a builder reads itself */
function readValue(entry: Entry, reporter: Reporter): Value | null {
  const { keyword, statement } = entry;
  const shape = keyword.value;
  const word = statement.words[1];
  if (shape.kind === "flag") return true;
  if (word === undefined) return readMissing(entry, reporter);
  switch (shape.kind) {
    case "boolean": {
      const value = readBoolean(word);
      if (value === null) report(entry, reporter, "bad-boolean", `"${word}" is neither true nor false`);
      return value;
    }
    case "integer":
      return checkRange(keyword, readInteger(word), entry, reporter);
    case "decimal":
      return checkRange(keyword, readDecimal(word, shape.digits), entry, reporter);
    case "address": {
      const address =
        keyword.block === "bfd_instance"
          ? parseScopedAddress(word.replace(/\/.*$/s, ""))
          : (parseHostAddress(word)?.address ?? null);
      if (address === null) report(entry, reporter, "bad-address", `"${word}" is not a numeric IP address`);
      return address;
    }
    case "text":
      return word;
    default:
      return true;
  }
}

function readMissing(entry: Entry, reporter: Reporter): Value | null {
  const shape = entry.keyword.value;
  if (shape.kind === "boolean" || entry.keyword.body !== "none") return true;
  const isOptional = shape.kind !== "address" && shape.kind !== "decimal" && shape.kind !== "flag" && shape.isOptional;
  if (isOptional) return true;
  const { name, syntax, withoutValue } = entry.keyword;
  const isScript = name === "startup_script" || name === "shutdown_script";
  // keepalived: a command whose quote is not closed is lost, not missing
  const isLost = shape.kind === "command" && entry.statement.text.includes('"', entry.statement.from);
  const code =
    withoutValue === "complaint" || isScript || isLost
      ? "bad-value"
      : withoutValue === "silent"
        ? "advice"
        : "missing-parameter";
  reporter.add(code, `"${name}" needs a value: ${name} ${syntax}`, placeOf(entry.statement));
  return null;
}

type ValueCode = "bad-boolean" | "bad-address" | "bad-number" | "number-decimals" | "number-out-of-range";

function report(entry: Entry, reporter: Reporter, code: ValueCode, message: string): void {
  reporter.add(code, `${entry.keyword.name}: ${message}`, placeOf(entry.statement, 1));
}

/** keepalived: with something behind the number these are not taken at all; of others the number counts. */
const TAKEN_WHOLE: ReadonlySet<string> = new Set([
  "priority",
  "virtual_router_id",
  "kernel_rx_buf_size",
  "advert_int",
  "vrrp_startup_delay",
  "retry",
  "persistence_timeout",
]);

function checkRange(keyword: Keyword, reading: NumberReading, entry: Entry, reporter: Reporter): number | null {
  const shape = keyword.value;
  if (shape.kind !== "integer" && shape.kind !== "decimal") return null;
  const word = entry.statement.words[1] ?? "";
  const { problem } = reading;
  const value = problem === "junk" && TAKEN_WHOLE.has(keyword.name) ? null : reading.value;
  if (problem === "junk") report(entry, reporter, "bad-number", `"${word}" is not a number`);
  if (problem === "decimals") {
    report(
      entry,
      reporter,
      "number-decimals",
      `"${word}" has more than ${shape.kind === "decimal" ? shape.digits : 0} decimals`,
    );
  }
  const { reaction } = keyword;
  const isRefused = reaction.kind === "set" && value !== null && value === reaction.from;
  if (value !== null && value >= shape.minimum && value <= shape.maximum && !isRefused) return value;
  if (isRefused) report(entry, reporter, "number-out-of-range", `${word} is not possible, ${reaction.value} is used`);
  else if (value !== null) report(entry, reporter, "number-out-of-range", `"${word}" is outside ${keyword.syntax}`);
  if (reaction.kind === "set") return shape.kind === "decimal" ? reaction.value * 1_000_000 : reaction.value;
  if (reaction.kind === "clamp" && value !== null) return Math.min(shape.maximum, Math.max(shape.minimum, value));
  return null;
}
