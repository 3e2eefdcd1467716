import { LIMITS } from "./limits.ts";

/** Value of a `$NAME=` definition: one line, or several. */
export type Definition = readonly [string, ...string[]];

/** Facts behind the built-in parameters. */
export interface BuiltIns {
  /** Directory of the file being read. */
  currentDirectory(): string;
  readonly configId: string;
  environment(name: string): string | null;
  randomInteger(minimum: number, maximum: number): number;
}

/** One round of replacing parameters in a line. */
export interface Expansion {
  readonly text: string;
  /** Further lines of a multi-line definition. */
  readonly rest: readonly string[];
  /** Index of the first replaced reference, -1 when nothing was replaced. */
  readonly firstChange: number;
  readonly problem: string | null;
}

const DEFINITION = /^\$([A-Za-z_][A-Za-z0-9_]*)=[ \t]*(.*)$/s;
const REFERENCE = /\$(?:\{([A-Za-z_][A-Za-z0-9_]*)((?:[ \t]+[^}\s]+)*)[ \t]*\}|([A-Za-z_][A-Za-z0-9_]*)(?=[ \t,)]|$))/g;

/** @returns name and text if the line defines a parameter */
export function readDefinition(line: string): { readonly name: string; readonly text: string } | null {
  if (line.charCodeAt(0) !== 36) return null;
  const match = DEFINITION.exec(line);
  if (match === null) return null;
  return { name: match[1] ?? "", text: match[2] ?? "" };
}

/**
 * Replaces the first reference that can be replaced: what it brings may be a comment that ends the line. Undefined names stay as they are, and so does a multi-line parameter
 * that is not the last thing in the line.
 */
export function expandOnce(line: string, definitions: ReadonlyMap<string, Definition>, builtIns: BuiltIns): Expansion {
  let rest: readonly string[] = [];
  let firstChange = -1;
  let problem: string | null = null;
  let length = line.length;
  const text = line.replace(REFERENCE, (whole, braced, words, plain, offset) => {
    if (firstChange >= 0 || problem !== null) return whole;
    const name: string = braced ?? plain;
    const isLast = offset + whole.length === line.length;
    const value = lookUp(name, (words ?? "").trim(), definitions, builtIns);
    if (value.problem !== null) problem = value.problem;
    if (value.lines === null || (value.lines.length > 1 && !isLast)) return whole;
    length += value.lines[0].length;
    if (length > LIMITS.lineLength) return whole;
    if (value.lines.length > 1) rest = value.lines.slice(1);
    if (firstChange < 0) firstChange = offset;
    return value.lines[0];
  });
  if (length > LIMITS.lineLength) problem = "the expanded line is too long, so it is used unexpanded";
  return length > LIMITS.lineLength
    ? { text: line, rest: [], firstChange: -1, problem }
    : { text, rest, firstChange, problem };
}

interface Lookup {
  readonly lines: Definition | null;
  readonly problem: string | null;
}

function found(...lines: Definition): Lookup {
  return { lines, problem: null };
}

function lookUp(
  name: string,
  argumentText: string,
  definitions: ReadonlyMap<string, Definition>,
  builtIns: BuiltIns,
): Lookup {
  const defined = argumentText === "" ? definitions.get(name) : undefined;
  if (defined !== undefined) return { lines: defined, problem: null };
  switch (name) {
    case "_PWD":
      return found(builtIns.currentDirectory());
    case "_INSTANCE":
      return found(builtIns.configId);
    case "_HASH":
      return found("#");
    case "_BANG":
      return found("!");
    case "_ENV":
      return argumentText === "" ? { lines: null, problem: null } : found(builtIns.environment(argumentText) ?? "");
    case "_RANDOM":
      return drawRandom(argumentText, builtIns);
    default:
      return { lines: null, problem: null };
  }
}

const LARGEST_RANDOM = 32767;

function drawRandom(argumentText: string, builtIns: BuiltIns): Lookup {
  const words = argumentText === "" ? [] : argumentText.split(/[ \t]+/);
  if (words.length > 2 || !words.every((word) => /^[0-9]{1,15}$/.test(word))) {
    return { lines: null, problem: "_RANDOM takes at most two decimal numbers" };
  }
  const minimum = Number(words[0] ?? 0);
  const maximum = Number(words[1] ?? LARGEST_RANDOM);
  if (minimum > maximum) {
    return { lines: [String(minimum)], problem: `_RANDOM: minimum ${minimum} is above maximum ${maximum}` };
  }
  return found(String(builtIns.randomInteger(minimum, maximum)));
}
