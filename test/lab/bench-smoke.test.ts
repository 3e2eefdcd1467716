import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { CASES } from "../../bench/cases.ts";
import { SMOKE_VARIABLE } from "../../bench/scale.ts";
import { run } from "../helpers/process.ts";
import { ROOT } from "../helpers/repository.ts";

const TIMEOUT_MS = 170_000;
const TRIAL = join(ROOT, "dist/bench/trial.js");

process.env[SMOKE_VARIABLE] = "1";

// They wait more than they work.
describe("every benchmark works at a small size", { concurrency: 3 }, () => {
  for (const { name, subjects, smoke, whyNot } of CASES) {
    for (const subject of subjects) {
      const skip = whyNot(subject, smoke) ?? false;
      test(`${name}: ${subject}`, { skip, timeout: TIMEOUT_MS + 10_000 }, async () => {
        const words = [process.execPath, TRIAL, name, subject, smoke];
        const { status, stdout, stderr } = await run(words, { cwd: ROOT, timeoutMs: TIMEOUT_MS });
        assert.equal(status, 0, stderr);
        const values = Object.entries(JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}"));
        assert.notDeepEqual(values, []);
        assert.deepEqual(
          values.filter(([, value]) => !Number.isFinite(value)),
          [],
        );
      });
    }
  }
});
