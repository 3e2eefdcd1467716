import type { Diagnostic } from "../../model/diagnostic.ts";
import type { SourcePlace } from "../../model/units.ts";
import { parseAddress } from "../address.ts";
import type { Keyword } from "../keywords/table.ts";
import { type Entry, placeOf } from "../tree.ts";
import { readBoolean, readDecimal, readInteger } from "../values.ts";
import { type EffectiveValue, keywordsOf, type Row, type Scope } from "./rows.ts";

/** Where an effective value came from. */
export type Origin =
  | { readonly kind: "default" }
  | { readonly kind: "given"; readonly place: SourcePlace }
  /** An outer block or `global_defs` says it. */
  | { readonly kind: "inherited"; readonly from: string; readonly place: SourcePlace }
  /** The value is not what the text (where there is a place) or the default says. */
  | { readonly kind: "adjusted"; readonly reason: string; readonly place: SourcePlace | null };

/** Remarks about words that keep their meaning. */
const HARMLESS = new Set(["deprecated", "legacy-keyword", "not-yet-in-effect", "script-security"]);

/** Finds out where values came from. */
export class Origins {
  private readonly complaints = new Map<string, Diagnostic>();
  private readonly globals: readonly Entry[];

  /** @param globals entries of all `global_defs` blocks */
  constructor(diagnostics: readonly Diagnostic[], globals: readonly Entry[]) {
    this.globals = globals;
    for (const diagnostic of diagnostics) {
      const { place, code } = diagnostic;
      if (place === null || HARMLESS.has(code)) continue;
      const key = lineKey(place);
      if (!this.complaints.has(key)) this.complaints.set(key, diagnostic);
    }
  }

  /** @param scopes the object's own block first, then those around it */
  find<T>(row: Row<T>, value: EffectiveValue, object: T, scopes: readonly Scope[]): Origin {
    const [own, ...outer] = scopes;
    const because = (): string | null => row.options.because?.(object) ?? null;
    const names = keywordsOf(row);
    const written = own === undefined ? [] : occurrences(own.entries, names);
    if (written.length > 0) return this.ofWritten(row, value, written, because);
    for (const scope of row.options.inherits === true ? outer : []) {
      const entry = occurrences(scope.entries, names).at(-1);
      if (entry !== undefined) return this.ofOuter(row, value, entry, scope.label, because);
    }
    const global = occurrences(this.globals, row.options.global?.split(" ") ?? []).at(0);
    const reason = because();
    if (global !== undefined && reason === null) {
      return { kind: "inherited", from: "global_defs", place: placeOf(global.statement) };
    }
    return reason === null ? { kind: "default" } : { kind: "adjusted", reason, place: null };
  }

  private ofWritten<T>(
    row: Row<T>,
    value: EffectiveValue,
    written: readonly Entry[],
    because: () => string | null,
  ): Origin {
    const said = written.findLast((entry) => this.agrees(row, value, entry));
    if (said !== undefined) return { kind: "given", place: placeOf(said.statement) };
    const last = written.at(-1);
    if (last === undefined) return { kind: "default" };
    return { kind: "adjusted", reason: this.reasonFor(last, because), place: placeOf(last.statement) };
  }

  private ofOuter<T>(
    row: Row<T>,
    value: EffectiveValue,
    entry: Entry,
    label: string,
    because: () => string | null,
  ): Origin {
    const place = placeOf(entry.statement);
    if (this.agrees(row, value, entry)) return { kind: "inherited", from: label, place };
    return { kind: "adjusted", reason: this.reasonFor(entry, because), place };
  }

  private reasonFor(entry: Entry, because: () => string | null): string {
    const words = entry.statement.words.slice(1).join(" ");
    const fallback = words === "" ? "it is written" : `"${words}" is written`;
    return this.complaintAt(entry) ?? because() ?? fallback;
  }

  private complaintAt(entry: Entry): string | null {
    const places = [entry.statement, ...entry.lines].map((statement) => lineKey(placeOf(statement)));
    for (const place of places) {
      const complaint = this.complaints.get(place);
      if (complaint !== undefined) return complaint.message;
    }
    return null;
  }

  /** Compares where words can be compared; other words are taken as agreeing unless something was said about them. */
  private agrees<T>(row: Row<T>, value: EffectiveValue, entry: Entry): boolean {
    if (row.value === null || row.keyword === "param_match") return true;
    const { keyword, statement } = entry;
    const [, word] = statement.words;
    if (keyword.name === row.options.opposite) return value === false;
    // Old forms and sources of several values say it in their own way
    const isAlias = keyword.name !== row.keyword && keyword.value.kind === "flag";
    if (isAlias) return value !== false && value !== null;
    const same = isSame(keyword, word, value);
    return same ?? this.complaintAt(entry) === null;
  }
}

function lineKey({ file, line }: SourcePlace): string {
  return `${line} ${file}`;
}

function occurrences(entries: readonly Entry[], names: readonly string[]): readonly Entry[] {
  if (names.length === 0) return [];
  return entries.filter(({ keyword }) => names.includes(keyword.name));
}

/** @returns null when the words are not of a kind that can be compared */
function isSame(keyword: Keyword, word: string | undefined, value: EffectiveValue): boolean | null {
  const { kind } = keyword.value;
  if (kind === "flag") return value === true;
  if (kind === "boolean") return (word === undefined ? true : readBoolean(word)) === value;
  if (word === undefined || typeof value === "object") return null;
  const first = String(value).split(" ")[0] ?? "";
  if (kind === "integer") return readInteger(word).value === Number(first);
  if (kind === "decimal") return readDecimal(word, 6).value === Math.round(Number(first) * 1_000_000);
  if (kind === "address") return (parseAddress(word)?.address ?? word) === value;
  if (kind === "text") return word === value;
  return null;
}
