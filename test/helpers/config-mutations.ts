/**
 * Slips of an editor: one small change of a configuration text, as people make them. Which one is drawn by a given
 * source of numbers, so that the same seed makes the same texts.
 */

/** Whole numbers, 0 <= n < below. */
export type Draw = (below: number) => number;

export interface Mutation {
  readonly name: string;
  /** Where the change begins, from 1; 0: the whole file. */
  readonly line: number;
  readonly text: string;
}

/** What stands where something else should. */
const ODD_VALUES = [
  ..."0 -1 1 2 255 256 65535 65536 4294967295 4294967296 1.5 .5 1. +3 0x10 010 1e3 5x abc on off On".split(" "),
  ..."10.0.0.300 10.0.0.1 10.0.0.1/33 2001:db8::1 nosuch0 eth0 ñandú".split(" "),
  '"two words"',
];

const KEYWORDS_OF_OTHER_BLOCKS = [
  ...["virtual_router_id 7", "priority 12", "lb_algo rr", "router_id x", "interval 2", "auth_pass x", "10.9.9.9"],
  ...["real_server 10.1.1.1 80 {", "vrrp_instance Z {", "global_defs {", "TCP_CHECK {", "track_script {", "quorum 2"],
];

interface Change {
  readonly at: number;
  readonly lines: readonly string[];
}

/** @returns null where the text has nothing of that kind */
type Operation = (draw: Draw, lines: readonly string[]) => Change | null;

function pick<Value>(draw: Draw, values: readonly Value[]): Value | undefined {
  return values[draw(values.length)];
}

function isCode(line: string): boolean {
  return line.trim() !== "" && !/^\s*[#!]/.test(line);
}

interface Word {
  readonly text: string;
  readonly index: number;
}

function wordsOf(line: string): readonly Word[] {
  const words = [...line.matchAll(/"[^"]*"|[^\s{}"]+/g)].map((match) => ({ text: match[0], index: match.index }));
  const comment = words.findIndex(({ text }) => /^[#!]/.test(text));
  return comment < 0 ? words : words.slice(0, comment);
}

function replaced(line: string, { text, index }: Word, by: string): string {
  return line.slice(0, index) + by + line.slice(index + text.length);
}

/** Changes one of the lines that hold a word of the wanted kind. @param change gives the lines in its place */
function onWord(
  wanted: (word: Word, index: number) => boolean,
  change: (line: string, word: Word, draw: Draw) => readonly string[],
): Operation {
  return (draw, lines) => {
    const places = lines.flatMap((line, at) =>
      isCode(line)
        ? wordsOf(line)
            .filter(wanted)
            .map((word) => ({ at, line, word }))
        : [],
    );
    const place = pick(draw, places);
    if (place === undefined) return null;
    return { at: place.at, lines: lines.toSpliced(place.at, 1, ...change(place.line, place.word, draw)) };
  };
}

/** Changes one of the lines that match. */
function onLine(wanted: RegExp, change: (line: string, draw: Draw) => readonly string[]): Operation {
  return (draw, lines) => {
    const places = lines.flatMap((line, at) => (isCode(line) && wanted.test(line) ? [at] : []));
    const at = pick(draw, places);
    return at === undefined ? null : { at, lines: lines.toSpliced(at, 1, ...change(lines[at] ?? "", draw)) };
  };
}

function inserting(texts: readonly (readonly string[])[]): Operation {
  return (draw, lines) => {
    const at = draw(lines.length + 1);
    return { at, lines: lines.toSpliced(at, 0, ...(pick(draw, texts) ?? [])) };
  };
}

/** Changes one of the blocks whose braces end lines. */
function onBlock(change: (block: readonly string[]) => readonly string[]): Operation {
  return (draw, lines) => {
    const begins = lines.flatMap((line, at) => (isCode(line) && /^\s*[A-Za-z_].*\{\s*$/.test(line) ? [at] : []));
    const at = pick(draw, begins);
    const end = at === undefined ? -1 : endOfBlock(lines, at);
    if (at === undefined || end < 0) return null;
    return { at, lines: lines.toSpliced(at, end - at + 1, ...change(lines.slice(at, end + 1))) };
  };
}

function endOfBlock(lines: readonly string[], begin: number): number {
  let depth = 0;
  for (let at = begin; at < lines.length; at++) {
    const line = (lines[at] ?? "").replace(/[#!].*/, "");
    depth += line.split("{").length - line.split("}").length;
    if (depth <= 0) return at;
  }
  return -1;
}

function onFile(change: (lines: readonly string[]) => readonly string[]): Operation {
  return (_draw, lines) => ({ at: -1, lines: change(lines) });
}

const anyWord = (): boolean => true;
const isArgument = (_word: Word, index: number): boolean => index > 0;
const isKeyword = ({ text }: Word, index: number): boolean => index === 0 && /^[A-Za-z_]{3,}$/.test(text);
const isNumber = ({ text }: Word, index: number): boolean => index > 0 && /^-?\d+$/.test(text);
const isAddress = ({ text }: Word): boolean => /^(\d+\.){3}\d|:.*:/.test(text);

function misspelt(word: string, draw: Draw): string {
  const at = draw(word.length - 1);
  const [before, first, second, after] = [word.slice(0, at), word[at], word[at + 1], word.slice(at + 2)];
  return pick(draw, [`${before}${second}${after}`, `${before}${second}${first}${after}`, `${word}s`]) ?? word;
}

function oddAddress(text: string, draw: Draw): string {
  const forms = [`${text}/33`, `${text}/129`, `${text}/24`, `${text}x`, `${text}.1`, text.slice(0, -1), `${text}%eth0`];
  return pick(draw, [...forms, "0.0.0.0", "224.0.0.18", "fe80::1", "2001:db8::5/64", "localhost"]) ?? text;
}

const odd = (draw: Draw): string => pick(draw, ODD_VALUES) ?? "";

const OPERATIONS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ["no opening brace", onLine(/\{/, (line) => [line.replace("{", "")])],
  ["no closing brace", onLine(/\}/, (line) => [line.replace("}", "")])],
  ["two opening braces", onLine(/\{/, (line) => [line.replace("{", "{ {")])],
  ["two closing braces", onLine(/\}/, (line) => [line.replace("}", "} }")])],
  ["brace on the next line", onLine(/\{\s*$/, (line) => [line.replace("{", ""), "{"])],
  ["misspelt", onWord(isKeyword, (line, word, draw) => [replaced(line, word, misspelt(word.text, draw))])],
  ["upper case", onWord(isKeyword, (line, word) => [replaced(line, word, word.text.toUpperCase())])],
  ["odd value", onWord(isArgument, (line, word, draw) => [replaced(line, word, odd(draw))])],
  ["odd number", onWord(isNumber, (line, word, draw) => [replaced(line, word, odd(draw))])],
  ["odd address", onWord(isAddress, (line, word, draw) => [replaced(line, word, oddAddress(word.text, draw))])],
  ["no argument", onWord(isArgument, (line, word) => [replaced(line, word, "")])],
  ["one argument more", onWord(anyWord, (line, word, draw) => [replaced(line, word, `${word.text} ${odd(draw)}`)])],
  ["quoted", onWord(isArgument, (line, word) => [replaced(line, word, `"${word.text.replaceAll('"', "")}"`)])],
  ["a quote", onWord(anyWord, (line, word) => [replaced(line, word, `"${word.text}`)])],
  ["a comment", onWord(anyWord, (line, word, draw) => [replaced(line, word, `${pick(draw, ["#", "!"])}${word.text}`)])],
  ["another repetition", onWord(isArgument, (line, word, draw) => [line, replaced(line, word, odd(draw))])],
  ["a parameter", onWord(isArgument, (line, word) => [`$PAR=${word.text}`, replaced(line, word, "$PAR")])],
  ["a backslash", onLine(/\S/, (line) => [`${line.trimEnd()} \\`])],
  ["no line", onLine(/\S/, () => [])],
  ["line twice", onLine(/\S/, (line) => [line, line])],
  ["line in two", onWord(isArgument, (line, word) => [line.slice(0, word.index), line.slice(word.index)])],
  ["condition", onLine(/\S/, (line, draw) => [`${pick(draw, ["@mut", "@^mut", "@other", "@^other"])} ${line}`])],
  [
    "sequence",
    onLine(/\S/, (line, draw) => [`${pick(draw, ["~SEQ(x, 2)", "~SEQ(x, 3, 1)", "~LST(x, a, b)"])} ${line}`]),
  ],
  ["block twice", onBlock((block) => [...block, ...block])],
  ["no block", onBlock(() => [])],
  ["empty block", onBlock((block) => [block[0] ?? "", "}"])],
  [
    "unknown",
    inserting([["nonsense 5"], ["}"], ["{"], ["strange {", " a 1", "}"], ["strange", "{", "}"], ["include"]]),
  ],
  ["of another block", inserting(KEYWORDS_OF_OTHER_BLOCKS.map((line) => [line]))],
  [
    "include",
    inserting([["include /nonexistent/*.conf"], ["include /etc"], ["includem /nonexistent"], ["includer /etc"]]),
  ],
  ["DOS", onFile((lines) => lines.map((line) => `${line}\r`))],
  ["tabs", onFile((lines) => lines.map((line) => line.replace(/^ +/, (blanks) => "\t".repeat(blanks.length))))],
  ["byte order mark", onFile(([first = "", ...others]) => [`\ufeff${first}`, ...others])],
  ["blanks behind", onFile((lines) => lines.map((line) => `${line} \t`))],
]);

/** @returns a text that is not the given one */
export function mutate(text: string, draw: Draw): Mutation {
  const lines = text.replace(/\n$/, "").split("\n");
  for (;;) {
    const [name, operation] = pick(draw, [...OPERATIONS]) ?? [];
    const change = operation?.(draw, lines) ?? null;
    if (name === undefined || change === null) continue;
    const changed = `${change.lines.join("\n")}\n`;
    if (changed !== text) return { name, line: change.at + 1, text: changed };
  }
}
