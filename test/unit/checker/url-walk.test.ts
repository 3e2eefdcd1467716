import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pendingPolicy } from "../../../src/checker/policy.ts";
import { scheduleOfWalk, startWalk, stepWalk, type UrlRoute, type UrlWalk } from "../../../src/checker/url-walk.ts";
import type { CheckerTiming } from "../../../src/model/lvs.ts";
import type { ProbeResult } from "../../../src/native/contract.ts";

const TIMING: CheckerTiming = {
  delayLoopUs: 1_000_000,
  delayBeforeRetryUs: 400_000,
  retries: 2,
  warmupUs: 0,
  connectTimeoutUs: 1_000_000,
  isAlpha: false,
};
const THREE: UrlRoute = { timing: TIMING, urls: 3, recoversFast: false };
const ONE: UrlRoute = { ...THREE, urls: 1 };

/** One check: which url, how it ended, and what was said of it: `up`, `down`, `retry`, `ok` of a url alone. */
interface Check {
  readonly url: number;
  readonly said: string;
  /** To the next one, as the probe loop and the machine together make it. */
  readonly waitMs: number;
}

/** @param results one digit a check: 1 passes, 0 fails */
function walk(route: UrlRoute, results: string, start: UrlWalk = startWalk()): readonly Check[] {
  let state = start;
  return [...results].map((digit) => {
    const result: ProbeResult = digit === "1" ? "success" : "failure";
    const { url } = state;
    const before = scheduleOfWalk(route, state);
    const own = before.expected === result ? before.intervalUs : before.unexpectedIntervalUs;
    const step = stepWalk(route, state, result);
    state = step.state;
    let said = "";
    let waitUs = own;
    for (const effect of step.effects) {
      if (effect.kind === "verdict") said += effect.isUp ? "up" : "down";
      if (effect.kind === "retry") said += "retry";
      if (effect.kind === "url-passed") said += "ok ";
      if (effect.kind === "schedule") waitUs = effect.restartUs ?? own;
    }
    return { url, said: said.trim(), waitMs: waitUs / 1000 };
  });
}

function lines(checks: readonly Check[]): readonly string[] {
  return checks.map(({ url, said, waitMs }) => `${url} ${said} ${waitMs}`);
}

// The sequences are those that keepalived 2.2.7 was seen to ask for.

test("from the start one url after the other; the last of the first round brings the verdict", () => {
  assert.deepEqual(lines(walk(THREE, "1111")), ["0 ok 1000", "1 ok 1000", "2 ok up 1000", "0  1000"]);
});

test("the first failure of the first round decides, whichever url it is", () => {
  assert.deepEqual(lines(walk(THREE, "1000")), ["0 ok 1000", "1 down 1000", "1  1000", "1  1000"]);
});

test("what a reload brings is retried first", () => {
  const start = startWalk(pendingPolicy(false));
  assert.deepEqual(lines(walk(THREE, "0001", start)), ["0 retry 400", "0 retry 400", "0 down 1000", "0 ok 1000"]);
});

test("a url that fails is retried alone, and alone brings the server down", () => {
  const checks = walk(THREE, "111100000").slice(3);
  assert.deepEqual(lines(checks), ["0  1000", "1 retry 400", "1 retry 400", "1 down 1000", "1  1000", "1  1000"]);
});

test("a success among retries goes on to the next url after a delay loop", () => {
  assert.deepEqual(lines(walk(THREE, "111101").slice(4)), ["1 retry 400", "1  1000"]);
  assert.equal(walk(THREE, "1111011").at(-1)?.url, 2);
});

test("a server that is down has to pass all urls in order once the failed one has passed", () => {
  const checks = walk(THREE, "10101011100011").slice(2);
  const fromFailedOne = ["1 ok 1000", "0  400", "0 ok 1000", "1  400", "1 ok 1000", "2 ok up 1000"];
  assert.deepEqual(lines(checks.slice(0, 6)), fromFailedOne);
  assert.equal(checks.filter(({ said }) => said.endsWith("up")).length, 1);
});

test("a single url has to pass twice after a failure", () => {
  assert.deepEqual(lines(walk(ONE, "0011")), ["0 down 1000", "0  1000", "0 ok 1000", "0 ok up 1000"]);
});

test("a longer delay before retry is that of a failing url too, unless delay_loop_down says otherwise", () => {
  const slow: UrlRoute = { ...THREE, timing: { ...TIMING, delayBeforeRetryUs: 1_600_000 } };
  assert.deepEqual(lines(walk(slow, "00")), ["0 down 1600", "0  1600"]);
  const own: UrlRoute = { ...slow, timing: { ...slow.timing, downDelayLoopUs: 200_000 } };
  assert.deepEqual(lines(walk(own, "00")), ["0 down 200", "0  200"]);
});

test("fast_recovery leaves out the pauses of a round that may bring the server up, and no others", () => {
  const fast: UrlRoute = { ...THREE, recoversFast: true };
  const checks = walk(fast, "111000111111111");
  const first = ["0 ok 0", "1 ok 0", "2 ok up 1000", "0 retry 400", "0 retry 400", "0 down 1000"];
  const again = ["0 ok 0", "0 ok 0", "1 ok 0", "2 ok up 1000", "0  1000", "1  1000"];
  assert.deepEqual(lines(checks.slice(0, 12)), [...first, ...again]);
  // keepalived asks a url that fails meanwhile without any pause
  assert.deepEqual(lines(walk(fast, "010").slice(2)), ["0  400"]);
});

test("a settled server with one url costs nothing, up or down", () => {
  const up = { ...startWalk(), policy: { kind: "up", failures: 0 } } as const;
  assert.equal(scheduleOfWalk(ONE, up).expected, "success");
  assert.deepEqual(
    stepWalk(ONE, up, "success").effects.filter(({ kind }) => kind !== "schedule"),
    [],
  );
  const down = { ...startWalk(), policy: { kind: "down" } } as const;
  assert.equal(scheduleOfWalk(THREE, down).expected, "failure");
});

test("whatever comes: no url is left out, and up and down alternate", () => {
  const digits = fc.array(fc.constantFrom("0", "1"), { maxLength: 60 }).map((all) => all.join(""));
  fc.assert(
    fc.property(digits, fc.integer({ min: 1, max: 4 }), fc.boolean(), (results, urls, recoversFast) => {
      const checks = walk({ timing: TIMING, urls, recoversFast }, results);
      const verdicts = checks.map(({ said }) => said.replace("ok", "").trim()).filter((one) => /up|down/.test(one));
      verdicts.forEach((verdict, index) => {
        if (index > 0) assert.notEqual(verdict, verdicts[index - 1]);
      });
      checks.forEach(({ url }, index) => {
        const next = checks[index + 1]?.url;
        if (next === undefined) return;
        assert.ok(next === url || next === (url + 1) % urls || next === 0);
        if (results[index] === "0") assert.equal(next, url);
      });
    }),
  );
});

test("the probe loop never goes on at once by itself: it would ask for the old url again", () => {
  const route: UrlRoute = { ...THREE, recoversFast: true };
  let state = startWalk();
  for (const digit of "1110001111") {
    const { intervalUs, unexpectedIntervalUs } = scheduleOfWalk(route, state);
    assert.ok(intervalUs > 0 && unexpectedIntervalUs > 0, JSON.stringify(state));
    state = stepWalk(route, state, digit === "1" ? "success" : "failure").state;
  }
});
