/**
 * GNU getopt_long's reading of an argument list, as a pure function. yargs can't stand in for it:
 * it has no optional-argument short flags (`-gFILE` has one, `-g FILE` is a flag and a word), no
 * abbreviated long options (`--dump` for `--dump-conf`) and other bundling rules.
 */

export interface OptionRow<Name extends string> {
  readonly name: Name;
  /** One character, or null. */
  readonly short: string | null;
  /** Without dashes, or null. */
  readonly long: string | null;
  readonly argument: "none" | "required" | "optional";
}

export type ParsedWord<Name extends string> =
  | { readonly kind: "option"; readonly name: Name; readonly value: string | null }
  /** As the user wrote it, for example `-Z` or `--log` (ambiguous). */
  | { readonly kind: "unknown"; readonly spelled: string }
  | { readonly kind: "missing-argument"; readonly spelled: string }
  | { readonly kind: "operand"; readonly value: string };

/** What one element of the list turned out to be, and how many elements it used up. */
interface Taken<Name extends string> {
  readonly words: readonly ParsedWord<Name>[];
  readonly used: 1 | 2;
}

/**
 * Options may be bundled, abbreviated and mixed with operands; `--` ends them.
 * @returns what was found, in the order written
 */
export function parseWords<Name extends string>(
  list: readonly string[],
  rows: readonly OptionRow<Name>[],
): readonly ParsedWord<Name>[] {
  const found: ParsedWord<Name>[] = [];
  let at = 0;
  while (at < list.length) {
    const word = list[at] ?? "";
    if (word === "--") break;
    const taken = takeWord(word, list[at + 1], rows);
    found.push(...taken.words);
    at += taken.used;
  }
  for (const value of list.slice(at + 1)) found.push({ kind: "operand", value });
  return found;
}

function takeWord<Name extends string>(
  word: string,
  next: string | undefined,
  rows: readonly OptionRow<Name>[],
): Taken<Name> {
  if (word.startsWith("--")) return takeLong(word, next, rows);
  if (word.startsWith("-") && word !== "-") return takeShort(word, next, rows);
  return { words: [{ kind: "operand", value: word }], used: 1 };
}

function findLong<Name extends string>(name: string, rows: readonly OptionRow<Name>[]): OptionRow<Name> | null {
  const exact = rows.find((row) => row.long === name);
  if (exact !== undefined) return exact;
  const starting = rows.filter((row) => row.long?.startsWith(name));
  return starting.length === 1 ? (starting[0] ?? null) : null;
}

function takeLong<Name extends string>(
  word: string,
  next: string | undefined,
  rows: readonly OptionRow<Name>[],
): Taken<Name> {
  const equals = word.indexOf("=");
  const spelled = equals < 0 ? word : word.slice(0, equals);
  const attached = equals < 0 ? null : word.slice(equals + 1);
  const row = findLong(spelled.slice(2), rows);
  if (row === null || (row.argument === "none" && attached !== null)) {
    return { words: [{ kind: "unknown", spelled: word }], used: 1 };
  }
  if (attached !== null || row.argument !== "required") {
    return { words: [{ kind: "option", name: row.name, value: attached }], used: 1 };
  }
  if (next === undefined) return { words: [{ kind: "missing-argument", spelled }], used: 1 };
  return { words: [{ kind: "option", name: row.name, value: next }], used: 2 };
}

function takeShort<Name extends string>(
  word: string,
  next: string | undefined,
  rows: readonly OptionRow<Name>[],
): Taken<Name> {
  const words: ParsedWord<Name>[] = [];
  for (let at = 1; at < word.length; at++) {
    const letter = word[at] ?? "";
    const row = rows.find((candidate) => candidate.short === letter);
    if (row === undefined) {
      words.push({ kind: "unknown", spelled: `-${letter}` });
      continue;
    }
    if (row.argument === "none") {
      words.push({ kind: "option", name: row.name, value: null });
      continue;
    }
    const attached = word.slice(at + 1);
    if (attached !== "" || row.argument === "optional") {
      words.push({ kind: "option", name: row.name, value: attached === "" ? null : attached });
      return { words, used: 1 };
    }
    if (next === undefined) words.push({ kind: "missing-argument", spelled: `-${letter}` });
    else words.push({ kind: "option", name: row.name, value: next });
    return { words, used: next === undefined ? 1 : 2 };
  }
  return { words, used: 1 };
}
