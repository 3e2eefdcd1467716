/** Index of the first character of a line that is no blank, its end if there is none. */
export function skipPlainBlanks(text: string, start: number, end: number): number {
  let i = start;
  while (i < end && isLineBlank(text.charCodeAt(i))) i++;
  return i;
}

/** End of a line without its blanks; -1 if quotes, comments or a NUL ask for a closer look. */
export function findPlainEnd(text: string, from: number, end: number): number {
  let last = from;
  for (let i = from; i < end; i++) {
    const character = text.charCodeAt(i);
    if (character === 0 || character === 33 || character === 34 || character === 35) return -1;
    if (!isLineBlank(character)) last = i + 1;
  }
  return last;
}

/** Space, tab and CR: what is dropped at both ends of a line. */
export function isLineBlank(character: number): boolean {
  return character === 32 || character === 9 || character === 13;
}

/** Without a backslash at the end. */
export function withoutContinuation(text: string): string {
  return text.endsWith("\\") ? text.slice(0, -1).trimEnd() : text;
}
