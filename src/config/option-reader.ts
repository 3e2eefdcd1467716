import type { Prefix } from "../model/addressing.ts";
import type { AddressFamily, IpAddress } from "../model/units.ts";
import { addressBits, parseAddress, parsePrefix } from "./address.ts";
import type { BuildContext } from "./context.ts";
import { placeOf } from "./tree.ts";
import { readInteger } from "./values.ts";
import type { Statement } from "./words.ts";

/** Thrown inside the mini-languages to give up on one line; never leaves them. */
class LineProblem extends Error {
  readonly code: "bad-option" | "missing-parameter";

  constructor(message: string, code: LineProblem["code"] = "bad-option") {
    super(message);
    this.code = code;
  }
}

/** Steps through the words of a route or rule. */
export class OptionReader {
  readonly line: Statement;
  readonly context: BuildContext;
  /** Index of the next word. */
  index = 0;
  family: AddressFamily | null = null;

  constructor(line: Statement, context: BuildContext) {
    this.line = line;
    this.context = context;
  }

  get isAtEnd(): boolean {
    return this.index >= this.line.words.length;
  }

  peek(): string | null {
    return this.line.words[this.index] ?? null;
  }

  next(option: string): string {
    const word = this.line.words[this.index];
    // keepalived stops reading there and then
    if (word === undefined) throw new LineProblem(`${option} needs a value`, "missing-parameter");
    this.index++;
    return word;
  }

  /** Takes the next word if it is this one. */
  accept(word: string): boolean {
    if (this.peek() !== word) return false;
    this.index++;
    return true;
  }

  fail(message: string): never {
    throw new LineProblem(message);
  }

  warn(message: string): void {
    this.context.reporter.add("bad-option", message, placeOf(this.line, Math.max(0, this.index - 1)));
  }

  integer(option: string, minimum: number, maximum: number): number {
    const word = this.next(option);
    const { value, problem } = readInteger(word);
    if (value === null || problem !== "none" || value < minimum || value > maximum) {
      return this.fail(`${option}: "${word}" is not a number from ${minimum} to ${maximum}`);
    }
    return value;
  }

  /** An address that fits the family found so far, or sets it. */
  prefix(option: string): Prefix {
    const word = this.next(option);
    const parsed = parsePrefix(word);
    if (parsed === null) return this.fail(`${option}: "${word}" is not an IP address with an optional prefix`);
    this.setFamily(parsed.family);
    return { ...parsed, prefixLength: parsed.prefixLength ?? addressBits(parsed.family) };
  }

  /** As `prefix`, without a prefix length. */
  address(option: string): IpAddress {
    const word = this.next(option);
    const parsed = parseAddress(word);
    if (parsed === null) return this.fail(`${option}: "${word}" is not an IP address`);
    this.setFamily(parsed.family);
    return parsed.address;
  }

  setFamily(family: AddressFamily): void {
    if (this.family !== null && this.family !== family) this.fail("IPv4 and IPv6 are mixed in one line");
    this.family = family;
  }

  /** Runs a reading; a problem is reported at the word it came from, and the line gives nothing. */
  attempt<T>(read: () => T): T | null {
    try {
      return read();
    } catch (problem) {
      if (!(problem instanceof LineProblem)) throw problem;
      const place = placeOf(this.line, Math.min(this.line.words.length - 1, Math.max(0, this.index - 1)));
      this.context.reporter.add(problem.code, problem.message, place);
      return null;
    }
  }
}

/** `[FROM/]TO` realms as one number, null when a part is unknown. */
export function readRealms(word: string, context: BuildContext): number | null {
  const [to = "", from] = word.split("/").reverse();
  const toNumber = context.names.find("rt_realms", to, 0xffff);
  const fromNumber = from === undefined ? 0 : context.names.find("rt_realms", from, 0xffff);
  return toNumber === null || fromNumber === null ? null : fromNumber * 65536 + toNumber;
}
