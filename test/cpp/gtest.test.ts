/** Builds the C++ unit tests (with ASan and UBSan) and tells each of their results as a test of its own. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { type Finished, run } from "../helpers/process.ts";
import { findProgram, ROOT } from "../helpers/repository.ts";

interface GoogleTest {
  readonly name: string;
  readonly classname: string;
  readonly result: string;
  readonly failures?: readonly { readonly failure: string }[];
}

interface GoogleReport {
  readonly testsuites: readonly { readonly testsuite: readonly GoogleTest[] }[];
}

const BUILD_TIMEOUT_MS = 480_000;
const RUN_TIMEOUT_MS = 120_000;
/** `node scripts/mutants.mjs` runs as many as one likes. */
const MUTANTS = 200_000;

function whyNot(): string | false {
  const missing = ["cmake", "g++"].filter((name) => findProgram(name) === null);
  return missing.length === 0 ? false : `needs ${missing.join(", ")}`;
}

function build(): Promise<Finished> {
  const cmakeJs = join(ROOT, "node_modules/cmake-js/bin/cmake-js");
  const words = [process.execPath, cmakeJs, "-d", "native", "-O", "build-cmake", "build", "--parallel", "2"];
  const headers = dirname(dirname(process.execPath));
  return run(words, { cwd: ROOT, timeoutMs: BUILD_TIMEOUT_MS, env: { ...process.env, npm_config_nodedir: headers } });
}

async function runTests(): Promise<{ readonly finished: Finished; readonly report: GoogleReport | null }> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-gtest-"));
  const path = join(folder, "report.json");
  try {
    const words = [join(ROOT, "build-cmake/native_tests"), `--gtest_output=json:${path}`];
    const finished = await run(words, { timeoutMs: RUN_TIMEOUT_MS });
    // A crash leaves no report.
    return { finished, report: existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : null };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The report does not hold why a test was skipped; the output does, between these two lines. */
function skipReason(output: string, test: string): string {
  const end = output.indexOf(`[  SKIPPED ] ${test} (`);
  const start = output.lastIndexOf(": Skipped\n", end);
  return end < 0 || start < 0 ? "no reason told" : output.slice(start + ": Skipped\n".length, end).trim();
}

function replay({ name, classname, result, failures = [] }: GoogleTest, output: string): void {
  const skip = result === "SKIPPED" ? skipReason(output, `${classname}.${name}`) : false;
  test(`${classname}.${name}`, { skip }, () => {
    if (failures.length > 0) throw new Error(failures.map((entry) => entry.failure).join("\n"));
  });
}

function testMutants(): void {
  test(`${MUTANTS} mutated adverts find nothing in the decoder, and every reason to refuse one`, async () => {
    const words = [join(ROOT, "build-cmake/vrrp_packet_mutants"), String(MUTANTS)];
    const { status, signal, stdout, stderr } = await run(words, { timeoutMs: RUN_TIMEOUT_MS });
    if (status !== 0) throw new Error(`status ${status} ${signal ?? ""}\n${stdout}${stderr}`);
  });
}

async function main(): Promise<void> {
  const built = await build();
  test("the C++ tests compile", () => {
    if (built.status !== 0) throw new Error(`status ${built.status}\n${built.stdout}${built.stderr}`);
  });
  if (built.status !== 0) return;
  testMutants();
  const { finished, report } = await runTests();
  for (const suite of report?.testsuites ?? []) for (const entry of suite.testsuite) replay(entry, finished.stdout);
  test("the C++ tests run to their end without a sanitizer's complaint", () => {
    // Status 1 means failed tests, which are told above.
    if (report !== null && (finished.status === 0 || finished.status === 1)) return;
    throw new Error(`status ${finished.status} ${finished.signal ?? ""}\n${finished.stdout}${finished.stderr}`);
  });
}

const skip = whyNot();
if (skip === false) await main();
else test("C++ tests", { skip }, () => {});
