import { LIMITS } from "./limits.ts";

export interface GlobHost {
  listDirectory(path: string): readonly string[] | null;
  exists(path: string): boolean;
}

/** One `{a,b}` alternative of a pattern, and what it matched. */
export interface GlobAlternative {
  readonly pattern: string;
  readonly isWildcard: boolean;
  /** Absolute paths in byte order. */
  readonly matches: readonly string[];
}

const WILDCARD = /[*?[]/;

/** Matches a shell glob with `{a,b}` braces. A pattern without wildcards matches a file that exists. */
export function matchGlob(pattern: string, directory: string, host: GlobHost): readonly GlobAlternative[] {
  const budget = { steps: LIMITS.globSteps };
  return expandBraces(pattern).map((alternative) => {
    const path = normalisePath(alternative.startsWith("/") ? alternative : `${directory}/${alternative}`);
    if (!WILDCARD.test(alternative)) {
      const plain = path.replace(/\\(.)/g, "$1");
      return { pattern: alternative, isWildcard: false, matches: host.exists(plain) ? [plain] : [] };
    }
    return { pattern: alternative, isWildcard: true, matches: walk(path, host, budget) };
  });
}

/** Absolute path without `.`, `..` and empty parts. */
export function normalisePath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

export function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

const MOST_ALTERNATIVES = 1000;

function expandBraces(pattern: string): readonly string[] {
  let pending = [pattern];
  for (let round = 0; round < 20 && pending.length < MOST_ALTERNATIVES; round++) {
    const next = pending.flatMap(expandFirstBrace);
    if (next.length === pending.length) return next;
    pending = next.slice(0, MOST_ALTERNATIVES);
  }
  return pending;
}

/** Expands the first innermost `{a,b}`. */
function expandFirstBrace(pattern: string): readonly string[] {
  const match = /\{([^{}]*,[^{}]*)\}/.exec(pattern);
  if (match === null) return [pattern];
  const before = pattern.slice(0, match.index);
  const after = pattern.slice(match.index + match[0].length);
  return (match[1] ?? "").split(",").map((choice) => before + choice + after);
}

function walk(path: string, host: GlobHost, budget: { steps: number }): readonly string[] {
  let found = [""];
  for (const part of path.split("/").slice(1)) {
    if (!WILDCARD.test(part)) {
      found = found.map((base) => `${base}/${part}`);
      continue;
    }
    found = found.flatMap((base) => {
      const names = host.listDirectory(base === "" ? "/" : base) ?? [];
      budget.steps -= names.length + 1;
      if (budget.steps < 0) return [];
      return names.filter((name) => matchesPart(name, part)).map((name) => `${base}/${name}`);
    });
  }
  return found.filter((match) => host.exists(match)).sort();
}

/** Matches one path part; linear in the product of the lengths. A leading dot needs a literal dot. */
export function matchesPart(name: string, pattern: string): boolean {
  if (name.startsWith(".") && !pattern.startsWith(".")) return false;
  let n = 0;
  let p = 0;
  let starP = -1;
  let starN = 0;
  while (n < name.length) {
    const step = matchOne(name, n, pattern, p);
    if (pattern[p] === "*") {
      starP = p++;
      starN = n;
    } else if (step > 0) {
      n++;
      p += step;
    } else if (starP >= 0) {
      p = starP + 1;
      n = ++starN;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

/** @returns how much of the pattern one character of the name used up, 0 if it does not match */
function matchOne(name: string, n: number, pattern: string, p: number): number {
  const symbol = pattern[p];
  if (symbol === "?") return 1;
  if (symbol === "\\" && p + 1 < pattern.length) return pattern[p + 1] === name[n] ? 2 : 0;
  if (symbol !== "[") return symbol === name[n] ? 1 : 0;
  const close = pattern.indexOf("]", p + 2);
  if (close < 0) return name[n] === "[" ? 1 : 0;
  const isNegated = pattern[p + 1] === "!" || pattern[p + 1] === "^";
  const isInSet = setHas(pattern.slice(p + (isNegated ? 2 : 1), close), name[n] ?? "");
  return isInSet !== isNegated ? close + 1 - p : 0;
}

function setHas(set: string, character: string): boolean {
  for (let i = 0; i < set.length; i++) {
    const low = set[i] ?? "";
    if (set[i + 1] === "-" && i + 2 < set.length) {
      if (character >= low && character <= (set[i + 2] ?? "")) return true;
      i += 2;
    } else if (character === low) return true;
  }
  return false;
}
