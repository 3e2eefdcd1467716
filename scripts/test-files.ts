import { existsSync, readdirSync } from "node:fs";
import { join, sep } from "node:path";

/** Folders of test/ in the order in which they start: the slowest first, so that they end together. */
const ORDER = ["lab", "integration", "cpp", "native", "scenarios", "conformance", "unit"];

/** Files that take minutes: begun last they would run alone at the end. */
const LONGEST = [
  "e2e/package-commands",
  "cpp/gtest",
  "lab/systemd",
  "lab/same-table",
  "lab/real-programs",
  "lab/runtime-control",
  "lab/random-tables",
  "lab/bfd-check",
  "lab/lvs-pair",
  "lab/bench-smoke",
  "lab/corpus-dumps",
  "lab/rude-servers",
  "lab/hostile-memory",
  "lab/mass-tcp",
  "lab/smtp-check",
  "lab/ipvlan",
].map((name) => `${join(...name.split("/"))}.test.ts`);

function rank(file: string): number {
  if (LONGEST.includes(file)) return LONGEST.indexOf(file) - LONGEST.length;
  const at = ORDER.indexOf(file.split(sep)[0] ?? "");
  return at < 0 ? ORDER.length : at;
}

/**
 * All tests by their sources, so that leftovers of deleted ones in dist/ do not run.
 * @param root of the repository
 * @param words parts of paths below test/, for example `unit` or `lab/vrrp`; none: all
 * @returns compiled files
 */
export function testFiles(root: string, words: readonly string[]): readonly string[] {
  return readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort((left, right) => rank(left) - rank(right) || left.localeCompare(right))
    .map((file) => join(root, "dist", "test", file.replace(/\.ts$/, ".js")))
    .filter((file) => existsSync(file));
}
