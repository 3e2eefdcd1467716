import type { SourcePlace } from "../model/units.ts";
import type { Keyword, KeywordTable } from "./keywords/table.ts";
import { indexOfWord, type Statement } from "./words.ts";

/** A keyword with its words and, for blocks, what is inside. */
export interface Entry {
  readonly keyword: Keyword;
  readonly statement: Statement;
  /** Entries of a block of keywords; empty for others. */
  readonly entries: readonly Entry[];
  /** Lines of a block of values; empty for others. */
  readonly lines: readonly Statement[];
  /** The closing brace; null for what is no block or is not closed. */
  readonly close: Statement | null;
}

/** The place of a word of a statement; of the first one unless told. */
export function placeOf(statement: Statement, word = 0): SourcePlace {
  const { origin } = statement;
  const own = word === 0 || word >= statement.words.length ? statement.from : indexOfWord(statement, word);
  const index = Math.min(own, origin.exactUntil);
  return { file: origin.file, line: origin.line, column: origin.column + index };
}

/** The end of a block: where what is missing in it is reported. */
export function endOf(entry: Entry): SourcePlace {
  return placeOf(entry.close ?? entry.statement);
}

/** What the parser asks about a block before it goes into it. */
export interface BlockGate {
  /** @returns why the block is to be skipped as a whole, null to read it */
  refuse(keyword: Keyword, statement: Statement): BlockRefusal | null;
}

export interface BlockRefusal {
  readonly code: "block-rejected" | "missing-parameter" | "advice";
  readonly message: string;
  /** Index of the word of the statement that is at fault. */
  readonly word: number;
}

export type { KeywordTable };
