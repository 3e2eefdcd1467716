import type { SourcePlace } from "../model/units.ts";
import type { IncludeChecks } from "./include.ts";
import { changeChecks } from "./include.ts";
import { findLegacyWord } from "./keywords/legacy.ts";
import { statusOf } from "./keywords/status.ts";
import type { Keyword, KeywordTable } from "./keywords/table.ts";
import { childTable, ROOT_TABLE } from "./keywords/tables.ts";
import type { BlockMemory } from "./known-blocks.ts";
import { LIMITS } from "./limits.ts";
import type { LineReader } from "./line-reader.ts";
import type { Reporter } from "./reporter.ts";
import { suggest } from "./suggest.ts";
import { type BlockGate, type Entry, placeOf } from "./tree.ts";
import { type LineOrigin, type Statement, splitStatements, type WordSink } from "./words.ts";

/** Takes entries in order; an array is one. */
export interface EntrySink {
  push(entry: Entry): unknown;
}

export interface ParserOptions {
  readonly lines: LineReader;
  readonly reporter: Reporter;
  readonly gate: BlockGate;
  /** Filled with the keywords met and the place of their first use. */
  readonly used: Map<Keyword, SourcePlace>;
  /** Null: every block is read. */
  readonly memory: BlockMemory | null;
}

/**
 * Turns lines into entries, guided by the keyword tables. What it does about mistakes is keepalived's way: an
 * unknown keyword costs its line, an unexpected brace is ignored, a refused block is skipped whole.
 */
export class BlockParser implements WordSink {
  private readonly lines: LineReader;
  private readonly reporter: Reporter;
  private readonly gate: BlockGate;
  private readonly used: Map<Keyword, SourcePlace>;
  private readonly memory: BlockMemory | null;
  private readonly queue: Statement[] = [];
  private unopened = 0;
  private queued = 0;
  private next = 0;
  /** Beginnings of the blocks around the current statement, outermost first. */
  private open: Statement[] = [];
  private count = 0;
  private suggestions = 0;

  constructor(options: ParserOptions) {
    this.lines = options.lines;
    this.reporter = options.reporter;
    this.gate = options.gate;
    this.used = options.used;
    this.memory = options.memory;
  }

  /** @param sink gets the root entries one by one */
  parse(root: KeywordTable, sink: EntrySink): void {
    this.parseLevel(root, sink);
  }

  statement(statement: Statement): void {
    this.queue[this.queued++] = statement;
  }

  unmatchedQuote(origin: LineOrigin, index: number): void {
    const place = { ...origin, column: origin.column + Math.min(index, origin.exactUntil) };
    this.reporter.add("unterminated-quote", "the quote is not closed; the rest of the line is lost", place);
  }

  private peek(): Statement | null {
    while (this.next >= this.queued) {
      const line = this.count > LIMITS.statements ? null : this.lines.next();
      if (line === null) return null;
      this.queued = 0;
      this.next = 0;
      splitStatements(line.text, line, this);
    }
    return this.queue[this.next] ?? null;
  }

  private take(): Statement | null {
    const statement = this.peek();
    if (statement === null) return null;
    this.next++;
    if (++this.count === LIMITS.statements) {
      this.reporter.add("limit-exceeded", "too many statements; the rest is left out", placeOf(statement));
    }
    return statement;
  }

  /** @returns the closing brace, null at the end of the text */
  private parseLevel(table: KeywordTable, entries: EntrySink): Statement | null {
    for (;;) {
      const statement = this.take();
      if (statement === null) break;
      const word = statement.words[0];
      if (word !== undefined) this.parseStatement(table, statement, word, entries);
      else if (statement.end === "{") this.reportOpenBrace(statement);
      else if (this.open.length > 0) return statement;
      else this.reporter.add("extra-close-brace", 'this "}" closes nothing', placeOf(statement));
    }
    this.reportOpenBlocks();
    return null;
  }

  private reportOpenBlocks(): void {
    const { open } = this;
    const innermost = open.at(-1);
    if (innermost === undefined) return;
    this.open = [];
    const name = innermost.words.slice(0, 2).join(" ");
    const others = open.length > 1 ? `, nor do ${open.length - 1} around it` : "";
    const message = `"${name}" does not end with a "}"${others}; or there are as many "{" too many`;
    this.reporter.add("missing-close-brace", message, placeOf(innermost));
  }

  /** @param around the block of lines in which no block can begin, where there is one */
  private reportOpenBrace(statement: Statement, around: Statement | null = null): void {
    const hint = around === null ? "" : askForClose(around);
    this.reporter.add("unexpected-open-brace", `no block begins here; the "{" is ignored${hint}`, placeOf(statement));
  }

  private parseStatement(table: KeywordTable, statement: Statement, word: string, entries: EntrySink): void {
    const keyword = table.byName.get(word) ?? this.findLegacy(table, statement, word);
    if (keyword === null) {
      this.skipUnknown(table, statement, word);
      return;
    }
    if (!this.used.has(keyword) && keyword !== IGNORED) this.used.set(keyword, placeOf(statement));
    if (keyword.isDeprecated) this.reportDeprecated(keyword, statement);
    if (this.memory !== null && statusOf(keyword) !== "in-effect") this.memory.touch();
    if (keyword.body === "none") {
      if (statement.end === "{") this.reportOpenBrace(statement);
      if (keyword.name === "include_check") this.changeIncludeChecks(statement);
      entries.push({ keyword, statement, entries: NO_ENTRIES, lines: NO_LINES, close: null });
      return;
    }
    if (this.memory !== null && this.open.length === 0 && this.next === 1) {
      this.recallBlock(this.memory, keyword, statement, entries);
    } else this.parseBlock(keyword, statement, entries);
  }

  /** A block that begins a line at the top level. */
  private recallBlock(memory: BlockMemory, keyword: Keyword, statement: Statement, entries: EntrySink): void {
    const before = this.count - 1;
    const known = memory.recall(keyword, statement.text, LIMITS.statements - before);
    if (known > 0) {
      this.count = before + known;
      this.next = this.queued;
      return;
    }
    this.parseBlock(keyword, statement, entries);
    if (this.next === this.queued) memory.store(this.count - before);
  }

  private findLegacy(table: KeywordTable, statement: Statement, word: string): Keyword | null {
    const legacy = findLegacyWord(table.path, word);
    if (legacy === null) return null;
    this.reporter.add("legacy-keyword", `"${word}" ${legacy.advice}`, placeOf(statement));
    if (legacy.replacement === null) return IGNORED;
    return table.byName.get(legacy.replacement) ?? null;
  }

  private skipUnknown(table: KeywordTable, statement: Statement, word: string): void {
    if (this.reporter.isFull) {
      this.reporter.add("unknown-keyword", "", null);
      return;
    }
    const near = this.suggestions++ < LIMITS.suggestions ? suggest(word, table.byName.keys()) : null;
    const shown = word.length > 60 ? `${word.slice(0, 60)}...` : word;
    const where = table.path === "(root)" ? "" : ` in ${table.path}`;
    const meant = near === null ? "" : `, did you mean "${near}"?`;
    const hint = this.findUnclosed(statement, word) ?? nameInvisible(word) ?? meant;
    this.reporter.add("unknown-keyword", `Unknown keyword '${shown}'${where}${hint}`, placeOf(statement));
    if (statement.end === "{") this.reportOpenBrace(statement);
  }

  /** A block of the top level inside another one tells that the other one was left open. */
  private findUnclosed(statement: Statement, word: string): string | null {
    const [outermost] = this.open;
    const isBlock = ROOT_TABLE.byName.get(word)?.body === "keywords";
    if (outermost === undefined || statement.end !== "{" || !isBlock) return null;
    return askForClose(outermost);
  }

  private reportDeprecated(keyword: Keyword, statement: Statement): void {
    const code = keyword.isQuietlyDeprecated ? "advice" : "deprecated";
    this.reporter.add(code, `"${keyword.name}" is deprecated: ${keyword.meaning}`, placeOf(statement));
  }

  private changeIncludeChecks(statement: Statement): void {
    const changed: IncludeChecks | null = changeChecks(statement.words.slice(1), this.lines.checks);
    if (changed === null) this.reporter.add("bad-value", "include_check has an unknown word", placeOf(statement, 1));
    else this.lines.checks = changed;
  }

  private parseBlock(keyword: Keyword, statement: Statement, entries: EntrySink): void {
    const refusal = this.gate.refuse(keyword, statement);
    const isOpened = statement.end === "{" || this.takeOpenBrace();
    if (!isOpened) {
      this.unopened++;
      const following = this.peek() ?? statement;
      this.reporter.add("missing-open-brace", `"${keyword.name}" needs a "{" before this`, placeOf(following));
    }
    if (refusal !== null) {
      this.reporter.add(refusal.code, refusal.message, placeOf(statement, refusal.word));
      if (isOpened) this.skipBlock(statement);
      return;
    }
    this.open.push(statement);
    const inner: Entry[] = [];
    const lines: Statement[] = [];
    const table = childTable(keyword);
    const close = table === null ? this.parseLines(keyword, statement, lines) : this.parseLevel(table, inner);
    this.open.pop();
    if (this.open.length === 0 && this.unopened > 0) this.reportUnopened(close);
    entries.push({ keyword, statement, entries: inner, lines, close });
  }

  /** A block without "{" leaves one "}" too many at the end of the outermost block. */
  private reportUnopened(close: Statement | null): void {
    this.unopened = 0;
    if (close === null) return;
    this.reporter.add(
      "extra-close-brace",
      'a "{" is missing in this block, so this "}" is one too many',
      placeOf(close),
    );
  }

  private takeOpenBrace(): boolean {
    const following = this.peek();
    if (following === null || following.words.length > 0 || following.end !== "{") return false;
    this.take();
    return true;
  }

  private skipBlock(beginning: Statement): void {
    let open = 1;
    while (open > 0) {
      const statement = this.take();
      if (statement === null) {
        this.open.push(beginning);
        return;
      }
      if (statement.end === "{") open++;
      else if (statement.end === "}") open--;
    }
  }

  private parseLines(keyword: Keyword, statement: Statement, lines: Statement[]): Statement | null {
    const headerWords = keyword.syntax.startsWith("<") ? 2 : 1;
    if (statement.words.length > headerWords) {
      const message = `words between "${keyword.name}" and "{" are left out; put them on lines of their own inside`;
      this.reporter.add("block-extra-parameters", message, placeOf(statement, headerWords));
    }
    for (;;) {
      const line = this.take();
      if (line === null) break;
      if (line.words.length > 0) lines.push(line);
      if (line.end === "{") this.reportOpenBrace(line, statement);
      else if (line.end === "}") return line;
    }
    this.reportOpenBlocks();
    return null;
  }
}

function askForClose(beginning: Statement): string {
  const { file, line, column } = placeOf(beginning);
  return `; is a "}" missing in "${beginning.words.slice(0, 2).join(" ")}" at ${file}:${line}:${column}?`;
}

/** Blanks that are none, as web pages and word processors have them, and byte order marks. */
const INVISIBLE = /[\u00a0\u00ad\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]/;

function nameInvisible(word: string): string | null {
  const [found] = INVISIBLE.exec(word) ?? [];
  if (found === undefined) return null;
  const code = found.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  return `; it holds the invisible character U+${code}, which copying from a web page leaves: replace it with a blank`;
}

const NO_ENTRIES: readonly Entry[] = [];
const NO_LINES: readonly Statement[] = [];

/** Stands for legacy words without effect. */
const IGNORED: Keyword = {
  block: "",
  name: "",
  syntax: "",
  defaultText: "",
  note: "",
  meaning: "",
  area: "",
  since: "2.2.7",
  isDeprecated: false,
  isQuietlyDeprecated: false,
  withoutValue: "silent",
  keepsFirst: false,
  value: { kind: "words", isOptional: true },
  reaction: { kind: "keep" },
  body: "none",
};
