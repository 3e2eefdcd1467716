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
  readonly end: StatementEnd;
  /** The whole line, for words that are split by other rules (scripts). */
  readonly text: string;
  /** Indexes in the text of the first word (of the brace if there is none) and of the end. */
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

/** Takes what a line is made of. */
export interface WordSink {
  statement(statement: Statement): void;
  unmatchedQuote(origin: LineOrigin, index: number): void;
}

/**
 * Cuts a line at braces and splits it into words. Double quotes make one word of what is between them
 * and always begin a new word; without a closing quote the rest of the line is lost.
 */
export function splitStatements(text: string, origin: LineOrigin, sink: WordSink): void {
  let words: string[] = [];
  let from = -1;
  let i = 0;
  while (i < text.length) {
    const character = text.charCodeAt(i);
    if (isBlank(character)) {
      i++;
    } else if (character === OPEN || character === CLOSE) {
      if (character === CLOSE && words.length > 0) {
        sink.statement({ words, end: "", text, from, to: i, origin });
        words = [];
        from = -1;
      }
      sink.statement({ words, end: character === OPEN ? "{" : "}", text, from: from < 0 ? i : from, to: i, origin });
      words = [];
      from = -1;
      i++;
    } else {
      const end = findWordEnd(text, i);
      if (end < 0) {
        sink.unmatchedQuote(origin, i);
        break;
      }
      if (from < 0) from = i;
      words.push(character === QUOTE ? text.slice(i + 1, end) : text.slice(i, end));
      i = character === QUOTE ? end + 1 : end;
    }
  }
  if (words.length > 0) sink.statement({ words, end: "", text, from, to: text.length, origin });
}

/** Where the word that begins at an index ends: at its closing quote or before the next separator; -1 without a quote. */
function findWordEnd(text: string, start: number): number {
  if (text.charCodeAt(start) === QUOTE) return text.indexOf('"', start + 1);
  let end = start + 1;
  while (end < text.length && !endsWord(text.charCodeAt(end))) end++;
  return end;
}

/** Index in the text of a word of a statement, of the end if it has fewer. */
export function indexOfWord(statement: Statement, word: number): number {
  const { text, to } = statement;
  let i = statement.from;
  for (let n = 0; i < to; n++) {
    while (i < to && isBlank(text.charCodeAt(i))) i++;
    if (n === word || i >= to) return i;
    const end = findWordEnd(text, i);
    if (end < 0) return i;
    i = text.charCodeAt(i) === QUOTE ? end + 1 : end;
  }
  return i;
}
