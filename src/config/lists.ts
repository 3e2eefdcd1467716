/** A `~SEQ` or `~LST` line taken apart. */
export interface ListLine {
  readonly names: readonly string[];
  /** Values of the names, one row per repetition, made when asked for. */
  readonly rows: Iterator<readonly string[]>;
  /** What is repeated, and where it begins in the line. */
  readonly text: string;
  readonly textIndex: number;
}

export type ListReading =
  | { readonly kind: "list"; readonly list: ListLine }
  | { readonly kind: "bad"; readonly reason: string }
  /** `~OTHER`: not a list at all. */
  | { readonly kind: "none" };

const HEAD = /^~(SEQx?|LST)[ \t]*\(/;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Reads a line that begins with `~`.
 * @param expandArguments replaces parameters in the text between the parentheses
 */
export function readList(line: string, expandArguments: (text: string) => string): ListReading {
  const head = HEAD.exec(line);
  if (head === null) return { kind: "none" };
  const close = line.indexOf(")", head[0].length);
  if (close < 0) return bad("the list has no closing parenthesis");
  const argumentText = expandArguments(line.slice(head[0].length, close));
  const after = line.slice(close + 1);
  const text = after.trimStart();
  const textIndex = line.length - text.length;
  const parts = head[1] === "LST" ? readListValues(argumentText) : readSequence(argumentText, head[1] === "SEQx");
  if (typeof parts === "string") return bad(parts);
  return { kind: "list", list: { ...parts, text, textIndex } };
}

function bad(reason: string): ListReading {
  return { kind: "bad", reason };
}

type Parts = Pick<ListLine, "names" | "rows"> | string;

function readSequence(argumentText: string, isHex: boolean): Parts {
  const words = argumentText.split(",").map((word) => word.trim());
  const name = words[0] ?? "";
  if (!NAME.test(name)) return `"${name}" is not a name for a ~SEQ variable`;
  const numbers = words.slice(1).map(readCNumber);
  if (numbers.length < 1 || numbers.length > 3 || numbers.some((n) => n === null)) {
    return "~SEQ takes one to three integers after the variable";
  }
  const range = orderRange(numbers.map((n) => n ?? 0));
  if (range === null) return "Invalid ~SEQ values: the step must be non-zero and lead from start to end";
  if (isHex && (range.start < 0 || range.end < 0)) return "~SEQx takes no negative numbers";
  return { names: [name], rows: countRange(range, isHex ? 16 : 10) };
}

/** Decimal, 0x hexadecimal or 0 octal, optionally signed. */
function readCNumber(word: string): number | null {
  const match = /^([+-]?)(0[xX][0-9a-fA-F]{1,12}|0[0-7]{0,15}|[1-9][0-9]{0,14})$/.exec(word);
  if (match === null) return null;
  const digits = match[2] ?? "";
  const isOctal = /^0[0-7]+$/.test(digits);
  const value = isOctal ? Number.parseInt(digits, 8) : Number(digits);
  return match[1] === "-" ? -value : value;
}

interface Range {
  readonly start: number;
  readonly step: number;
  readonly end: number;
}

function orderRange(numbers: readonly number[]): Range | null {
  const [first = 0, second = 0, third = 0] = numbers;
  if (numbers.length === 1) {
    if (first < 0) return { start: -1, step: first < -1 ? -1 : 1, end: first };
    return { start: 1, step: first >= 1 ? 1 : -1, end: first };
  }
  if (numbers.length === 2) return { start: first, step: second >= first ? 1 : -1, end: second };
  if (second === 0 || (third - first) * second < 0) return null;
  return { start: first, step: second, end: third };
}

function* countRange(range: Range, radix: number): Generator<readonly string[], void> {
  const { start, step, end } = range;
  for (let n = start; step > 0 ? n <= end : n >= end; n += step) yield [n.toString(radix)];
}

function readListValues(argumentText: string): Parts {
  const groups = splitGroups(argumentText);
  if (groups === null) return "the braces of the ~LST values do not match";
  const names = groups[0] ?? [];
  if (names.length === 0 || !names.every((name) => NAME.test(name))) return "~LST needs names for its variables";
  const values = groups.slice(1);
  if (values.some((row) => row.some((value) => /["\s]/.test(value))))
    return "Invalid ~LST specification: no blanks or quotes";
  if (values.some((row) => row.length > names.length)) return "~LST has more values than variables";
  return { names, rows: values[Symbol.iterator]() };
}

/** `A, B` or `{A,B}, {C,D}` as rows of trimmed words. */
function splitGroups(text: string): readonly (readonly string[])[] | null {
  const groups: string[][] = [];
  const pattern = /[ \t]*(?:\{([^{}]*)\}|([^{},]*))[ \t]*(,|$)/y;
  while (pattern.lastIndex < text.length || groups.length === 0) {
    const match = pattern.exec(text);
    if (match === null) return null;
    const braced = match[1];
    groups.push(braced === undefined ? [(match[2] ?? "").trim()] : braced.split(",").map((word) => word.trim()));
    if (match[3] !== ",") break;
  }
  return groups;
}
