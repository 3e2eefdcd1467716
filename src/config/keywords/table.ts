/** How the words after a keyword are read. */
export type ValueShape =
  | { readonly kind: "flag" }
  | { readonly kind: "boolean" }
  | { readonly kind: "integer"; readonly minimum: number; readonly maximum: number; readonly isOptional: boolean }
  /** Kept as an integer of millionths: microseconds where the unit is a second. */
  | { readonly kind: "decimal"; readonly minimum: number; readonly maximum: number; readonly digits: 3 | 6 }
  | { readonly kind: "text"; readonly isOptional: boolean }
  | { readonly kind: "address" }
  /** Split by the rules for scripts. */
  | { readonly kind: "command"; readonly isOptional: boolean }
  /** Read by the block's own builder. */
  | { readonly kind: "words"; readonly isOptional: boolean };

/**
 * What a number outside its range becomes; without one the earlier value or the default stays. `from` is a number
 * inside the range that is refused all the same.
 */
export type RangeReaction =
  | { readonly kind: "keep" }
  | { readonly kind: "clamp" }
  | { readonly kind: "set"; readonly value: number; readonly from: number | null };

/** One row of a keyword table: all there is to know about a keyword. */
export interface Keyword {
  /** Path of its block, for example `virtual_server/real_server`. */
  readonly block: string;
  readonly name: string;
  /** In the notation of the keyword reference. */
  readonly syntax: string;
  readonly defaultText: string;
  /** Unit, range and peculiarities. */
  readonly note: string;
  readonly meaning: string;
  readonly area: string;
  /** First keepalived version known to have it: Debian 12's, or the current one; `holdfast`: none, the word is ours. */
  readonly since: "2.2.7" | "2.4" | "holdfast";
  readonly isDeprecated: boolean;
  /** What a missing value does: it ends keepalived's reading, is a complaint, or passes without a word. */
  readonly withoutValue: "fatal" | "complaint" | "silent";
  /** Deprecated, but keepalived says nothing about it. */
  readonly isQuietlyDeprecated: boolean;
  /** A repetition is refused, the first value stays. */
  readonly keepsFirst: boolean;
  readonly value: ValueShape;
  readonly reaction: RangeReaction;
  /** `keywords`: a block of keywords; `lines`: a block whose lines are values. */
  readonly body: "none" | "keywords" | "lines";
}

export interface KeywordTable {
  readonly path: string;
  readonly rows: readonly Keyword[];
  readonly byName: ReadonlyMap<string, Keyword>;
}

/**
 * Makes a table from its text: one row per line, columns separated by ` :: `: name, syntax, default, note,
 * meaning, and optionally marks (`2.4`, `first`, `deprecated`, `quiet`, `lenient`, `silent`, `clamped`, `area=NAME`).
 */
export function table(path: string, area: string, text: string): KeywordTable {
  const rows = text
    .trim()
    .split("\n")
    .map((line) => readRow(path, area, line));
  return { path, rows, byName: new Map(rows.map((row) => [row.name, row])) };
}

function readRow(block: string, area: string, line: string): Keyword {
  const [name = "", syntax = "", defaultText = "", note = "", meaning = "", marks = ""] = line.split(" :: ");
  const marked = new Set(marks.split(" "));
  const ownArea = [...marked].find((mark) => mark.startsWith("area="));
  return {
    block,
    // A key of an object is interned: names then compare by pointer, which every lookup in a block does
    name: Object.keys({ [name]: true })[0] ?? name,
    syntax,
    defaultText,
    note,
    meaning,
    area: ownArea === undefined ? area : ownArea.slice("area=".length),
    since: note.includes("not in keepalived") ? "holdfast" : marked.has("2.4") ? "2.4" : "2.2.7",
    isDeprecated: marked.has("deprecated"),
    withoutValue: marked.has("lenient") ? "complaint" : marked.has("silent") ? "silent" : "fatal",
    isQuietlyDeprecated: marked.has("quiet"),
    keepsFirst: marked.has("first"),
    value: readShape(syntax, block),
    reaction: marked.has("clamped") ? { kind: "clamp" } : readReaction(note),
    body: readBody(syntax),
  };
}

const INTEGER = /^(\[?)<INT (-?[0-9]+)\.\.(-?[0-9]+)>/;
const DECIMAL = /^<DECIMAL (?:>=([0-9.]+)|([0-9.]+)\.\.([0-9.]+))>/;
const MILLION = 1_000_000;

function readShape(syntax: string, block: string): ValueShape {
  if (syntax === "(flag)" || syntax === "(flags)") return { kind: "flag" };
  if (syntax === "[bool]") return { kind: "boolean" };
  const isOptional = syntax.startsWith("[");
  if (syntax === "<INT32>") return { kind: "integer", minimum: -(2 ** 31), maximum: 2 ** 31 - 1, isOptional: false };
  const integer = INTEGER.exec(syntax);
  if (integer !== null) {
    return { kind: "integer", minimum: Number(integer[2]), maximum: Number(integer[3]), isOptional };
  }
  const decimal = DECIMAL.exec(syntax);
  if (decimal !== null) {
    const minimum = Math.round(Number(decimal[1] ?? decimal[2]) * MILLION);
    const maximum = decimal[3] === undefined ? Number.MAX_SAFE_INTEGER : Math.round(Number(decimal[3]) * MILLION);
    return { kind: "decimal", minimum, maximum, digits: block === "vrrp_script" || block === "bfd_instance" ? 3 : 6 };
  }
  if (/^\[?<"/.test(syntax)) return { kind: "command", isOptional };
  if (syntax === "<IP>") return { kind: "address" };
  if (/^<(STRING|NAME|IFNAME|PATH|DIR|ADDRESS|TRANSPORT:ADDRESS|INSTANCE|BFD NAME|MD5 hex)>$/.test(syntax)) {
    return { kind: "text", isOptional };
  }
  if (/^\[(NAME|TABLE|PATH|LOGFILE)\]$/.test(syntax)) return { kind: "text", isOptional };
  return { kind: "words", isOptional: isOptional || syntax.startsWith("{") };
}

function readReaction(note: string): RangeReaction {
  if (/\bclamped\b/.test(note)) return { kind: "clamp" };
  const set = /\b(?:bad value sets|([0-9]+) becomes) ([0-9]+)/.exec(note);
  if (set === null) return { kind: "keep" };
  return { kind: "set", value: Number(set[2]), from: set[1] === undefined ? null : Number(set[1]) };
}

function readBody(syntax: string): Keyword["body"] {
  if (/\{ block \}$/.test(syntax) || syntax.endsWith("{")) return "keywords";
  return syntax.endsWith("}") ? "lines" : "none";
}
