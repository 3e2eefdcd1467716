/** Words of a line split by the rules for commands. */
export interface CommandWords {
  /** Quotes and escapes still in place. */
  readonly words: readonly string[];
  readonly isTerminated: boolean;
}

/**
 * First step for `script`, `notify` and the like: words end at blanks; `"` and `'` quote and may stand
 * inside a word; a backslash pair is copied unchanged.
 */
export function splitCommandLine(text: string): CommandWords {
  const words: string[] = [];
  let i = 0;
  while (i < text.length) {
    while (i < text.length && isBlank(text[i])) i++;
    if (i >= text.length) break;
    const start = i;
    let quote = "";
    while (i < text.length && (quote !== "" || !isBlank(text[i]))) {
      const character = text[i] ?? "";
      if (character === "\\") i++;
      else if (quote === character) quote = "";
      else if (quote === "" && (character === '"' || character === "'")) quote = character;
      i++;
    }
    if (quote !== "") return { words, isTerminated: false };
    words.push(text.slice(start, Math.min(i, text.length)));
  }
  return { words, isTerminated: true };
}

function isBlank(character: string | undefined): boolean {
  return character === " " || character === "\t" || character === "\r" || character === "\f" || character === "\v";
}

/**
 * Second step, on a word of the first: removes one level of quotes, decodes nothing.
 * `"a 'b c'"` gives `a 'b c'`.
 */
export function unquoteWord(word: string): string {
  let out = "";
  let quote = "";
  for (let i = 0; i < word.length; i++) {
    const character = word[i] ?? "";
    if (character === "\\") {
      out += character + (word[i + 1] ?? "");
      i++;
    } else if (quote === character) quote = "";
    else if (quote === "" && (character === '"' || character === "'")) quote = character;
    else out += character;
  }
  return out;
}

/** Splits a command string into its arguments and decodes escapes. @returns null if a quote is not closed */
export function splitCommand(command: string): readonly string[] | null {
  const { words, isTerminated } = splitCommandLine(command);
  return isTerminated ? words.map((word) => decodeEscapes(unquoteWord(word))) : null;
}

const SIMPLE: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  E: "\x1b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

const ESCAPE = /\\(?:x([0-9a-fA-F]{1,2})|c(.)|([0-7]{1,3})|(.))/gs;

/** `\n`, `\xHH`, `\cX`, octal; any other `\c` gives `c`. */
export function decodeEscapes(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(ESCAPE, (_whole, hex, control, octal, plain) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (control !== undefined) return String.fromCharCode(String(control).charCodeAt(0) & 31);
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 255);
    return SIMPLE[plain] ?? plain;
  });
}
