import type { Diagnostic } from "../model/diagnostic.ts";
import type { SourcePlace } from "../model/units.ts";
import { CODES, type Code } from "./codes.ts";
import type { Outside } from "./known-blocks.ts";
import { LIMITS } from "./limits.ts";

/** Words of a configuration are quoted in messages, and must not steer the terminal that shows them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: replacing them is the purpose
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

/** Collects the diagnostics of one load. */
export class Reporter {
  private readonly kept: Diagnostic[] = [];
  private readonly seen = new Set<Code>();
  private dropped = 0;
  /** Refusals are kept apart so that a flood of others cannot hide them. */
  private readonly refusals: Diagnostic[] = [];
  private readonly outside: Outside;

  /** @param outside where it is counted how often something was said */
  constructor(outside: Outside = { touches: 0 }) {
    this.outside = outside;
  }

  add(code: Code, message: string, place: SourcePlace | null): void {
    const facts = CODES[code];
    this.seen.add(code);
    this.outside.touches++;
    if (this.kept.length >= LIMITS.diagnostics) {
      this.dropped++;
      if (facts.refusal === null || this.refusals.length > 0) return;
    }
    const own = place === null ? null : { file: place.file, line: place.line, column: place.column };
    const shown = message.replace(CONTROL, "?");
    const diagnostic: Diagnostic = { severity: facts.severity, code, message: shown, place: own };
    if (facts.refusal !== null) this.refusals.push(diagnostic);
    if (this.kept.length < LIMITS.diagnostics) this.kept.push(diagnostic);
  }

  /** Further diagnostics are only counted. */
  get isFull(): boolean {
    return this.kept.length >= LIMITS.diagnostics;
  }

  /** Codes that occurred, also those of diagnostics that were left out. */
  get codes(): ReadonlySet<Code> {
    return this.seen;
  }

  /** Errors and warnings that keepalived has too. */
  get complaints(): readonly Diagnostic[] {
    return this.kept.filter(
      ({ severity, code }) => severity !== "notice" && isCode(code) && CODES[code].peer === "complaint",
    );
  }

  get startRefusals(): readonly Diagnostic[] {
    return this.refusals;
  }

  /** @param files names in reading order */
  sorted(files: readonly string[]): readonly Diagnostic[] {
    const order = new Map(files.map((file, index) => [file, index]));
    const all = [...this.kept].sort((a, b) => comparePlaces(a.place, b.place, order));
    if (this.dropped > 0) {
      const message = `${this.dropped} more problems are not shown; correct those above first`;
      all.push({ severity: "error", code: "limit-exceeded", message, place: null });
    }
    return all;
  }
}

export function isCode(code: string): code is Code {
  return code in CODES;
}

function comparePlaces(a: SourcePlace | null, b: SourcePlace | null, order: ReadonlyMap<string, number>): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  if (a.file !== b.file) return (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0);
  return a.line - b.line || a.column - b.column;
}
