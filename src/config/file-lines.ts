import type { SourcePlace } from "../model/units.ts";
import { scanComment } from "./comments.ts";
import type { IncludeChecks } from "./include.ts";
import { LIMITS } from "./limits.ts";
import { findPlainEnd, isLineBlank, skipPlainBlanks } from "./plain-lines.ts";
import type { Reporter } from "./reporter.ts";

/** A line after comments, conditions, parameters and lists: what statements are made of. */
export interface LogicalLine {
  readonly text: string;
  readonly file: string;
  readonly line: number;
  /** Of its first character, from 1. */
  readonly column: number;
  /** So many characters from the beginning stand in the file as they are here, so that their columns are known. */
  readonly exactUntil: number;
  /** A double quote that is not closed. */
  readonly hasOddQuotes: boolean;
}

/** A file that is being read. */
export interface FileFrame {
  readonly kind: "file";
  readonly file: string;
  readonly directory: string;
  readonly text: string;
  /** Of the line read last: where it begins, and what was counted before it. */
  start: number;
  touches: number;
  offset: number;
  line: number;
  /** Restored when the file ends. */
  readonly checksBefore: IncludeChecks;
}

/**
 * The next line of a file without its comment and the blanks around it; the frame then stands behind it.
 * @param touches counted so far, which the frame keeps
 */
export function readFileLine(frame: FileFrame, touches: number, reporter: Reporter): LogicalLine {
  const newline = frame.text.indexOf("\n", frame.offset);
  const end = newline < 0 ? frame.text.length : newline;
  const start = frame.offset;
  frame.start = start;
  frame.touches = touches;
  frame.offset = end + 1;
  frame.line++;
  const { file, line } = frame;
  if (end - start > LIMITS.lineLength) {
    reporter.add("line-too-long", "the line is too long and is left out", { file, line, column: 1 });
    return { text: "", file, line, column: 1, exactUntil: 0, hasOddQuotes: false };
  }
  const from = skipPlainBlanks(frame.text, start, end);
  const to = findPlainEnd(frame.text, from, end);
  if (to < 0) return trimLine(frame.text.slice(start, end), { file, line, column: 1 }, reporter);
  const text = joinBackslash(frame.text.slice(from, to));
  return { text, file, line, column: 1 + from - start, exactUntil: text.length, hasOddQuotes: false };
}

/** A line without its comment and the blanks around it. @param place of its beginning */
export function trimLine(raw: string, place: SourcePlace, reporter: Reporter): LogicalLine {
  const { file, line } = place;
  if (raw.includes("\0")) {
    reporter.add("nul-in-line", "the line holds a NUL and is left out", {
      ...place,
      column: raw.indexOf("\0") + 1,
    });
    return { text: "", file, line, column: 1, exactUntil: 0, hasOddQuotes: false };
  }
  const comment = scanComment(raw);
  if (comment.hasEscapedComment) {
    const message = 'a backslash does not protect "#" or "!" here; use double quotes';
    reporter.add("escaped-comment", message, { ...place, column: comment.end + 1 });
  }
  let from = 0;
  let to = comment.end;
  while (from < to && isLineBlank(raw.charCodeAt(from))) from++;
  while (to > from && isLineBlank(raw.charCodeAt(to - 1))) to--;
  // keepalived: a backslash that ends a comment still continues the line
  const isContinued = comment.end < raw.length && raw.trimEnd().endsWith("\\");
  const kept = raw.slice(from, to);
  const text = isContinued ? `${kept}\\` : joinBackslash(kept);
  const { hasOddQuotes } = comment;
  return { text, file, line, column: place.column + from, exactUntil: text.length, hasOddQuotes };
}

/** keepalived: a backslash that ends a line belongs to the word before it. */
function joinBackslash(text: string): string {
  return text.endsWith("\\") ? text.replace(/[ \t\r]+\\$/, "\\") : text;
}
