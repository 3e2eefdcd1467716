import assert from "node:assert/strict";
import { test } from "node:test";
import {
  effectiveWeight,
  fileEffect,
  type MiscEnd,
  type MiscRules,
  type MiscState,
  pendingMisc,
  stepMisc,
} from "../../../src/checker/application.ts";
import type { CheckerTiming } from "../../../src/model/lvs.ts";

const TIMING: CheckerTiming = {
  delayLoopUs: 4_000_000,
  delayBeforeRetryUs: 1_000_000,
  retries: 0,
  warmupUs: 0,
  connectTimeoutUs: 2_000_000,
  isAlpha: false,
};

function exited(status: number): MiscEnd {
  return { kind: "exited", status };
}

/** Verdicts and weights of one run after the other. */
function judge(rules: MiscRules, ends: readonly MiscEnd[], start: MiscState = pendingMisc(true)): unknown[] {
  let state = start;
  return ends.map((end) => {
    const step = stepMisc(rules, state, end);
    state = step.state;
    return [step.verdict?.isUp ?? null, state.weight, step.waitUs / 1_000_000];
  });
}

test("only 0 is good, and what ended by a signal or in time is not", () => {
  const rules = { timing: TIMING, setsWeight: false };
  for (const end of [
    exited(1),
    exited(2),
    exited(255),
    { kind: "signalled", signal: 9 },
    { kind: "timed-out" },
  ] as const)
    assert.deepEqual(judge(rules, [exited(0), end]), [
      [true, null, 4],
      [false, null, 4],
    ]);
});

test("with misc_dynamic 2 to 255 are good and set the weight, 0 gives the configured one back, 1 is bad", () => {
  const rules = { timing: TIMING, setsWeight: true };
  assert.deepEqual(judge(rules, [exited(2), exited(255), exited(1), exited(7), exited(0)]), [
    [true, 0, 4],
    [null, 253, 4],
    [false, 253, 4],
    [true, 5, 4],
    [null, null, 4],
  ]);
});

test("retries wait delay_before_retry, the first result is judged at once", () => {
  const rules = { timing: { ...TIMING, retries: 2 }, setsWeight: false };
  assert.deepEqual(judge(rules, [exited(1), exited(0), exited(1), exited(1), exited(1), exited(1)]), [
    [false, null, 4],
    [true, null, 4],
    [null, null, 1],
    [null, null, 1],
    [false, null, 4],
    [null, null, 4],
  ]);
});

test("a file adds value times weight, without a weight it takes the server out, as does the lowest product", () => {
  const rule = (weight: number, isReversed = false) => ({ weight, isReversed });
  assert.deepEqual(fileEffect(rule(3), 5), { weight: 15, isFailed: false });
  assert.deepEqual(fileEffect(rule(3, true), 5), { weight: -15, isFailed: false });
  assert.equal(fileEffect(rule(0), 0).isFailed, false);
  assert.equal(fileEffect(rule(0), -1).isFailed, true);
  assert.equal(fileEffect(rule(0, true), 0).isFailed, true);
  assert.equal(fileEffect(rule(2), -(2 ** 31 - 1)).isFailed, true);
  assert.equal(fileEffect(rule(2), 2 ** 31 - 1).isFailed, false);
});

test("a weight stays within the limits", () => {
  assert.equal(effectiveWeight(10, [5, -3]), 12);
  assert.equal(effectiveWeight(10, [-11]), 0);
  assert.equal(effectiveWeight(10, [2 ** 31 - 1]), 65_535);
});
