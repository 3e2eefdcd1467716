import { type GlobHost, matchGlob } from "./glob.ts";

/** Which include problems count as errors that prevent a start. */
export interface IncludeChecks {
  /** Not readable, not a regular file, or executable. */
  readonly read: boolean;
  /** A plain name that does not exist. */
  readonly match: boolean;
  readonly wildcardMatch: boolean;
  /** One of the `{a,b}` alternatives that does not exist. */
  readonly braceMatch: boolean;
}

export const NO_CHECKS: IncludeChecks = { read: false, match: false, wildcardMatch: false, braceMatch: false };
export const ALL_CHECKS: IncludeChecks = { read: true, match: true, wildcardMatch: true, braceMatch: true };

const INCLUDE = /^(include[rmwba]?)[ \t]+(\S.*)$/s;

export interface IncludeLine {
  readonly keyword: string;
  readonly pattern: string;
}

/** @returns null if the line is not an include; `include` without a pattern is an unknown keyword */
export function readInclude(text: string): IncludeLine | null {
  if (!text.startsWith("include")) return null;
  const match = INCLUDE.exec(text);
  return match === null ? null : { keyword: match[1] ?? "", pattern: match[2] ?? "" };
}

/** Checks of one include form; the plain form takes those that `include_check` or `-e` set. */
export function checksOf(keyword: string, current: IncludeChecks): IncludeChecks {
  switch (keyword) {
    case "includer":
      return { ...NO_CHECKS, read: true };
    case "includem":
      return { ...NO_CHECKS, read: true, match: true };
    case "includew":
      return { ...NO_CHECKS, read: true, match: true, wildcardMatch: true };
    case "includeb":
      return { ...NO_CHECKS, read: true, braceMatch: true };
    case "includea":
      return ALL_CHECKS;
    default:
      return current;
  }
}

/**
 * Applies the words of `include_check`: `read match wildcard_match brace_match`, each with `+` or `-`; a
 * first word without a sign starts from nothing.
 * @returns null if a word is unknown
 */
export function changeChecks(words: readonly string[], current: IncludeChecks): IncludeChecks | null {
  if (words.length === 0) return ALL_CHECKS;
  let checks = /^[+-]/.test(words[0] ?? "") ? current : NO_CHECKS;
  for (const word of words) {
    const isOn = !word.startsWith("-");
    const name = word.replace(/^[+-]/, "");
    if (name === "read") checks = { ...checks, read: isOn };
    else if (name === "match") checks = { ...checks, match: isOn };
    else if (name === "wildcard_match") checks = { ...checks, wildcardMatch: isOn };
    else if (name === "brace_match") checks = { ...checks, braceMatch: isOn };
    else return null;
  }
  return checks;
}

/** Files an include stands for, and what is missing. */
export interface IncludeMatches {
  readonly paths: readonly string[];
  readonly missing: readonly { readonly pattern: string; readonly isError: boolean }[];
}

export function findIncluded(
  pattern: string,
  directory: string,
  checks: IncludeChecks,
  host: GlobHost,
): IncludeMatches {
  const alternatives = matchGlob(pattern, directory, host);
  const hasBraces = alternatives.length > 1;
  const missing = alternatives
    .filter((alternative) => alternative.matches.length === 0)
    .map(({ pattern: missed, isWildcard }) => {
      const isError = hasBraces ? checks.braceMatch : isWildcard ? checks.wildcardMatch : checks.match;
      return { pattern: missed, isError };
    });
  return { paths: alternatives.flatMap((alternative) => alternative.matches), missing };
}
