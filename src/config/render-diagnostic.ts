import type { Diagnostic } from "../model/diagnostic.ts";

/**
 * Text form of a diagnostic: `file:line:column: severity: message [code]`, then the source line and a caret.
 * @param sources texts by file name; a file that is not in it gives the first line only
 */
export function renderDiagnostic(diagnostic: Diagnostic, sources: ReadonlyMap<string, string>): string {
  const { severity, message, code, place } = diagnostic;
  if (place === null) return `${severity}: ${message} [${code}]`;
  const head = `${place.file}:${place.line}:${place.column}: ${severity}: ${message} [${code}]`;
  const line = findLine(sources.get(place.file), place.line);
  if (line === null) return head;
  return `${head}\n${drawCaret(line, place.column)}`;
}

const LONGEST_EXCERPT = 160;

function findLine(text: string | undefined, line: number): string | null {
  if (text === undefined) return null;
  let start = 0;
  for (let i = 1; i < line; i++) {
    const end = text.indexOf("\n", start);
    if (end < 0) return null;
    start = end + 1;
  }
  const end = text.indexOf("\n", start);
  return text.slice(start, end < 0 ? undefined : end);
}

/** Shows the part of a long line around the column; control characters become blanks so that columns fit. */
function drawCaret(line: string, column: number): string {
  const from = column > LONGEST_EXCERPT ? column - LONGEST_EXCERPT / 2 : 0;
  const excerpt = line.slice(from, from + LONGEST_EXCERPT);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
  const shown = excerpt.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ").trimEnd();
  return `    ${shown}\n    ${" ".repeat(Math.max(0, column - 1 - from))}^`;
}
