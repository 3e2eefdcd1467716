import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type PolicyState, pendingPolicy, scheduleFor, stepPolicy } from "../../../src/checker/policy.ts";
import type { CheckerTiming } from "../../../src/model/lvs.ts";

const TIMING: CheckerTiming = {
  delayLoopUs: 6_000_000,
  delayBeforeRetryUs: 1_000_000,
  retries: 2,
  warmupUs: 0,
  connectTimeoutUs: 5_000_000,
  isAlpha: false,
};
const UP: PolicyState = { kind: "up", failures: 0 };

test("the first result of a server known from the start decides without retries", () => {
  const step = stepPolicy(TIMING, pendingPolicy(true), "failure");
  assert.deepEqual(step.state, { kind: "down" });
  assert.deepEqual(step.effects, [
    { kind: "verdict", isUp: false, isFirst: true, retries: 0 },
    {
      kind: "schedule",
      schedule: { expected: "failure", intervalUs: 6_000_000, unexpectedIntervalUs: 6_000_000 },
      restartUs: null,
    },
  ]);
});

test("a first success is a verdict and settles into the delay loop", () => {
  const step = stepPolicy(TIMING, pendingPolicy(true), "success");
  assert.deepEqual(step.state, UP);
  assert.deepEqual(step.effects, [
    { kind: "verdict", isUp: true, isFirst: true, retries: 0 },
    {
      kind: "schedule",
      schedule: { expected: "success", intervalUs: 6_000_000, unexpectedIntervalUs: 1_000_000 },
      restartUs: null,
    },
  ]);
});

test("a server that a reload brought is retried from its first failure on", () => {
  let state = pendingPolicy(false);
  assert.equal(scheduleFor(TIMING, state).unexpectedIntervalUs, 1_000_000);
  for (const retry of [1, 2]) {
    const step = stepPolicy(TIMING, state, "failure");
    assert.deepEqual(step.effects[0], { kind: "retry", retry });
    state = step.state;
  }
  const last = stepPolicy(TIMING, state, "failure");
  assert.deepEqual(last.effects[0], { kind: "verdict", isUp: false, isFirst: true, retries: 2 });
});

test("retry further failures bring a server down, paced by delay_before_retry", () => {
  let state: PolicyState = UP;
  const paces: number[] = [];
  const kinds: string[] = [];
  for (let attempt = 0; attempt < 3; attempt += 1) {
    paces.push(scheduleFor(TIMING, state).unexpectedIntervalUs);
    const step = stepPolicy(TIMING, state, "failure");
    state = step.state;
    kinds.push(step.effects[0]?.kind ?? "none");
  }
  assert.deepEqual(state, { kind: "down" });
  assert.deepEqual(kinds, ["retry", "retry", "verdict"]);
  assert.deepEqual(paces, [1_000_000, 1_000_000, 6_000_000]);
});

test("a success among failures forgets them and restarts the delay loop without a verdict", () => {
  const failed = stepPolicy(TIMING, UP, "failure").state;
  assert.deepEqual(failed, { kind: "up", failures: 1 });
  const step = stepPolicy(TIMING, failed, "success");
  assert.deepEqual(step.state, UP);
  assert.deepEqual(step.effects, [
    {
      kind: "schedule",
      schedule: { expected: "success", intervalUs: 6_000_000, unexpectedIntervalUs: 1_000_000 },
      restartUs: 6_000_000,
    },
  ]);
});

test("after the last retry the native loop already waits the delay loop, so nothing restarts", () => {
  const step = stepPolicy(TIMING, { kind: "up", failures: 2 }, "success");
  assert.deepEqual(step.effects.at(-1), {
    kind: "schedule",
    schedule: { expected: "success", intervalUs: 6_000_000, unexpectedIntervalUs: 1_000_000 },
    restartUs: null,
  });
});

test("without retries one failure decides", () => {
  const step = stepPolicy({ ...TIMING, retries: 0 }, UP, "failure");
  assert.deepEqual(step.effects[0], { kind: "verdict", isUp: false, isFirst: false, retries: 0 });
});

test("one success brings a server up", () => {
  const step = stepPolicy(TIMING, { kind: "down" }, "success");
  assert.deepEqual(step.effects[0], { kind: "verdict", isUp: true, isFirst: false, retries: 0 });
  assert.deepEqual(step.state, UP);
});

test("results that a settled state expects change nothing", () => {
  assert.deepEqual(stepPolicy(TIMING, UP, "success"), { state: UP, effects: [] });
  assert.deepEqual(stepPolicy(TIMING, { kind: "down" }, "failure"), { state: { kind: "down" }, effects: [] });
});

test("verdicts alternate and a down verdict always needs retries + 1 failures in a row", () => {
  const results = fc.array(fc.constantFrom("success" as const, "failure" as const), { maxLength: 60 });
  fc.assert(
    fc.property(results, fc.integer({ min: 0, max: 4 }), fc.boolean(), (stream, retries, isDecidedAtOnce) => {
      const timing = { ...TIMING, retries };
      let state = pendingPolicy(isDecidedAtOnce);
      let last: boolean | null = null;
      let failuresInRow = 0;
      for (const result of stream) {
        failuresInRow = result === "failure" ? failuresInRow + 1 : 0;
        const step = stepPolicy(timing, state, result);
        state = step.state;
        const verdict = step.effects.find((effect) => effect.kind === "verdict");
        const needed: number = last === null && isDecidedAtOnce ? 1 : retries + 1;
        if (verdict !== undefined) {
          assert.notEqual(verdict.isUp, last);
          if (!verdict.isUp) assert.equal(failuresInRow, needed);
          last = verdict.isUp;
        } else if (result === "failure" && last !== false) {
          assert.ok(failuresInRow < needed);
        }
      }
    }),
  );
});

test("delay_loop_down paces what is down, from the failure that decides to the success that ends it", () => {
  const timing: CheckerTiming = { ...TIMING, downDelayLoopUs: 500_000 };
  assert.equal(scheduleFor(timing, { kind: "up", failures: 1 }).unexpectedIntervalUs, 1_000_000);
  assert.equal(scheduleFor(timing, { kind: "up", failures: 2 }).unexpectedIntervalUs, 500_000);
  const down = scheduleFor(timing, { kind: "down" });
  assert.deepEqual(down, { expected: "failure", intervalUs: 500_000, unexpectedIntervalUs: 6_000_000 });
  const recovered = stepPolicy(timing, { kind: "down" }, "success").effects.at(-1);
  assert.equal(recovered?.kind === "schedule" ? recovered.restartUs : 0, null);
});

test("a success where a verdict of failure would have been paced by delay_loop_down waits a full delay_loop", () => {
  const timing: CheckerTiming = { ...TIMING, downDelayLoopUs: 500_000 };
  const first = stepPolicy(timing, pendingPolicy(true), "success").effects.at(-1);
  assert.equal(first?.kind === "schedule" ? first.restartUs : null, 6_000_000);
});
