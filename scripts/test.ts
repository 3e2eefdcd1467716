/**
 * All tests, by Node's own runner, and one closing line that counts them.
 * Usage: npm test [-- WORD...]   (WORD: part of a path below test/, for example unit, native, cpp, lab)
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { ROOT } from "../test/helpers/repository.ts";
import { SkipReasons } from "./skip-reasons.ts";
import { testFiles } from "./test-files.ts";

/** Two cores: most of the lab waits for intervals to pass. */
const FILES_AT_ONCE = 3;
/** For one test file; the slowest takes a tenth of it. */
const TIMEOUT_MS = 600_000;
/** Files about time and packets, which a busy machine can upset. */
const TIMED = /\/test\/(lab|native|e2e)\//;
const COUNT = /^(pass|fail|cancelled|skipped|todo) (\d+)$/;

/** What one round of files came to. */
interface Round {
  readonly counts: ReadonlyMap<string, number>;
  readonly failures: readonly Failure[];
}

/** A test or suite that failed, and the file in which it stands. */
interface Failure {
  readonly file: string;
  readonly name: string;
  readonly nesting: number;
}

async function runFiles(files: readonly string[], concurrency: number, reasons: SkipReasons): Promise<Round> {
  const counts = new Map<string, number>();
  const failures: Failure[] = [];
  const events = run({ files: [...files], concurrency, timeout: TIMEOUT_MS });
  events.on("test:diagnostic", ({ message, nesting }) => {
    const [, name = "", count] = (nesting === 0 && COUNT.exec(message)) || [];
    if (name !== "") counts.set(name, Number(count));
  });
  events.on("test:pass", ({ details, skip }) => {
    if (details.type !== "suite" && typeof skip === "string") reasons.add(skip);
  });
  events.on("test:fail", ({ file, name, nesting }) => {
    if (file !== undefined) failures.push({ file, name, nesting });
  });
  const output = events.compose(new spec());
  output.pipe(process.stdout, { end: false });
  await once(output, "end");
  return { counts, failures };
}

function sum({ counts }: Round, ...names: readonly string[]): number {
  return names.reduce((total, name) => total + (counts.get(name) ?? 0), 0);
}

/** The files to run for a failed test: its own or, where it stands in a file that is none, those that name its suite. */
function entriesOf({ file, name, nesting }: Failure, files: readonly string[]): readonly string[] {
  if (files.includes(file)) return [file];
  // Its suite has failed as well.
  if (nesting > 0) return [];
  const mentioning = (text: string): readonly string[] =>
    files.filter((entry) => readFileSync(entry, "utf8").includes(text));
  const named = mentioning(`"${name}"`);
  return named.length > 0 ? named : mentioning(basename(file));
}

/**
 * Files of the lab share a machine with each other and whatever else it runs, and are about milliseconds. One that
 * failed is run once more, alone, and that is said; what fails then has failed.
 */
async function main(): Promise<number> {
  const words = process.argv.slice(2);
  const files = testFiles(ROOT, words);
  if (files.length === 0) {
    process.stdout.write(`no test file below test/ matches ${words.join(" ")}\n`);
    return 1;
  }
  const reasons = new SkipReasons();
  const first = await runFiles(files, FILES_AT_ONCE, reasons);
  const lines: string[] = [];
  let failed = sum(first, "fail", "cancelled");
  let passed = sum(first, "pass");
  const isTimed = first.failures.every(({ file }) => TIMED.test(file));
  const again = [...new Set(first.failures.flatMap((failure) => entriesOf(failure, files)))];
  if (failed > 0 && isTimed && again.length > 0) {
    process.stdout.write(`\nonce more, alone: ${again.join(" ")}\n`);
    const second = await runFiles(again, 1, new SkipReasons());
    const failedAgain = sum(second, "fail", "cancelled");
    lines.push(`run twice, ${failed - failedAgain} tests passed only alone: ${again.join(" ")}`);
    passed += failed - failedAgain;
    failed = failedAgain;
  }
  lines.push(...reasons.lines, `${passed} passed, ${failed} failed, ${sum(first, "skipped", "todo")} skipped`);
  process.stdout.write(`\n${lines.join("\n")}\n`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

process.exitCode = await main();
