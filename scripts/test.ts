/**
 * All tests, by Node's own runner, and one closing line that counts them.
 * Usage: npm test [-- WORD...]   (WORD: part of a path below test/, for example unit, native, cpp, lab)
 */
import { once } from "node:events";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { ROOT } from "../test/helpers/repository.ts";
import { SkipReasons } from "./skip-reasons.ts";
import { testFiles } from "./test-files.ts";

const FILES_AT_ONCE = 2;
/** For one test file; the slowest takes a tenth of it. */
const TIMEOUT_MS = 600_000;
const COUNT = /^(pass|fail|cancelled|skipped|todo) (\d+)$/;

async function main(): Promise<number> {
  const words = process.argv.slice(2);
  const files = testFiles(ROOT, words);
  if (files.length === 0) {
    process.stdout.write(`no test file below test/ matches ${words.join(" ")}\n`);
    return 1;
  }
  const counts = new Map<string, number>();
  const reasons = new SkipReasons();
  const events = run({ files: [...files], concurrency: FILES_AT_ONCE, timeout: TIMEOUT_MS });
  events.on("test:diagnostic", ({ message, nesting }) => {
    const [, name = "", count] = (nesting === 0 && COUNT.exec(message)) || [];
    if (name !== "") counts.set(name, Number(count));
  });
  events.on("test:pass", ({ details, skip }) => {
    if (details.type !== "suite" && typeof skip === "string") reasons.add(skip);
  });
  const output = events.compose(new spec());
  output.pipe(process.stdout, { end: false });
  await once(output, "end");
  const of = (...names: readonly string[]): number => names.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0);
  const failed = of("fail", "cancelled");
  const lines = [...reasons.lines, `${of("pass")} passed, ${failed} failed, ${of("skipped", "todo")} skipped`];
  process.stdout.write(`\n${lines.join("\n")}\n`);
  return failed === 0 && of("pass") > 0 ? 0 : 1;
}

process.exitCode = await main();
