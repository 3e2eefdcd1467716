/** What ended a statement: a brace, or the end of its line. */
export type StatementEnd = "{" | "}" | "";

/** Where a line of text came from, shared by its statements. */
export interface LineOrigin {
  readonly file: string;
  readonly line: number;
  /** Column of the first character of the text, from 1. */
  readonly column: number;
  /** Index in the text after which columns no longer follow the file (a parameter was replaced). */
  readonly exactUntil: number;
}

/** Words up to a brace or the end of a line. */
export interface Statement {
  readonly words: readonly string[];
  /** Index of each word in `text`. */
  readonly indexes: readonly number[];
  readonly end: StatementEnd;
  /** The whole line, for words that are split by other rules (scripts). */
  readonly text: string;
  readonly from: number;
  readonly to: number;
  readonly origin: LineOrigin;
}

const QUOTE = 34;
const OPEN = 123;
const CLOSE = 125;

/** Space, tab, LF, VT, FF, CR. */
function isBlank(character: number): boolean {
  return character === 32 || (character >= 9 && character <= 13);
}

function endsWord(character: number): boolean {
  return isBlank(character) || character === QUOTE || character === OPEN || character === CLOSE;
}

export interface WordHandlers {
  statement(statement: Statement): void;
  unmatchedQuote(index: number, keyword: string | null): void;
}

/**
 * Cuts a line at braces and splits it into words. Double quotes make one word of what is between them
 * and always begin a new word; without a closing quote the rest of the line is lost.
 */
export function splitStatements(text: string, origin: LineOrigin, handlers: WordHandlers): void {
  let words: string[] = [];
  let indexes: number[] = [];
  let from = 0;
  const finish = (end: StatementEnd, to: number): void => {
    handlers.statement({ words, indexes, end, text, from, to, origin });
    words = [];
    indexes = [];
    from = to + 1;
  };
  let i = 0;
  while (i < text.length) {
    const character = text.charCodeAt(i);
    if (isBlank(character)) {
      i++;
    } else if (character === OPEN || character === CLOSE) {
      if (character === CLOSE && words.length > 0) finish("", i);
      finish(character === OPEN ? "{" : "}", i);
      i++;
    } else if (character === QUOTE) {
      const close = text.indexOf('"', i + 1);
      if (close < 0) {
        handlers.unmatchedQuote(i, words[0] ?? null);
        break;
      }
      words.push(text.slice(i + 1, close));
      indexes.push(i);
      i = close + 1;
    } else {
      let end = i + 1;
      while (end < text.length && !endsWord(text.charCodeAt(end))) end++;
      words.push(text.slice(i, end));
      indexes.push(i);
      i = end;
    }
  }
  if (words.length > 0) finish("", text.length);
}
