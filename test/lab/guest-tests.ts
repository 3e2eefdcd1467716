import { join } from "node:path";
import { describe, test } from "node:test";
import { ROOT } from "../helpers/repository.ts";
import { type GuestResult, RESULT_MARK } from "./guest/result-reporter.ts";
import { runInUml, type UmlJob, type UmlResult, whyNoUml } from "./uml.ts";

const FOLDER = join(ROOT, "dist/test/lab/guest");
/** Passed on to the guest. */
const PASSED_ON = [
  "HOLDFAST_LAB_DAEMONS",
  "HOLDFAST_ADDON",
  "HOLDFAST_MASS",
  "HOLDFAST_TABLES",
  "HOLDFAST_CORPUS",
  "HOLDFAST_CORPUS_FOLDER",
];

function resultsOf(output: string): readonly GuestResult[] {
  return output
    .split("\n")
    .filter((line) => line.startsWith(RESULT_MARK))
    .map((line): GuestResult => JSON.parse(line.slice(RESULT_MARK.length)));
}

type GuestOptions = Pick<UmlJob, "env" | "hasSystemd" | "folders">;

function runGuest(file: string, timeoutMs: number, more: GuestOptions): Promise<UmlResult> {
  const reporter = join(FOLDER, "result-reporter.js");
  const words = [
    process.execPath,
    `--test-reporter=${reporter}`,
    "--test-reporter-destination=stdout",
    join(FOLDER, file),
  ];
  const env = Object.fromEntries(
    PASSED_ON.map((name) => [name, process.env[name] ?? ""]).filter(([, value]) => value !== ""),
  );
  return runInUml({ ...more, words, timeoutMs, env: { ...env, ...more.env } });
}

/**
 * Runs a file of tests in a User-Mode Linux guest and tells each of its results here as a test of its own.
 * @param file below guest/, compiled
 */
export async function replayGuestTests(file: string, timeoutMs: number, more: GuestOptions = {}): Promise<void> {
  const skip = whyNoUml();
  if (skip !== false) {
    test(`${file} in a guest with IPVS`, { skip }, () => {});
    return;
  }
  const result = await runGuest(file, timeoutMs, more);
  const results = resultsOf(result.output);
  // The name tells the runner which file to run again.
  describe(file, () => {
    for (const { name, isPassed, isSkipped, detail } of results) {
      test(name, { skip: isSkipped ? detail : false }, () => {
        if (!isPassed) throw new Error(detail);
      });
    }
    test(`${file} ran to its end in the guest`, () => {
      const isComplete = result.status !== null && results.length > 0;
      const isConsistent = (result.status === 0) === results.every((entry) => entry.isPassed);
      if (isComplete && isConsistent) return;
      throw new Error(`status ${result.status}, ${results.length} results\n${result.output}\n${result.kernelLog}`);
    });
  });
}
