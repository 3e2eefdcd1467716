import assert from "node:assert/strict";
import { test } from "node:test";
import {
  delayAfterUs,
  failed,
  judgeBegin,
  judgeError,
  judgeTime,
  type ProbeOutcome,
  succeeded,
} from "../../../src/runtime/probe-outcome.ts";

const SCHEDULE = { expected: "success", intervalUs: 5_000_000, unexpectedIntervalUs: 2_000_000 } as const;
const LOCAL: ProbeOutcome = { kind: "local" };
const LATE: ProbeOutcome = { kind: "late" };

test("an expected result is followed by the interval, any other by the shorter one", () => {
  assert.equal(delayAfterUs(SCHEDULE, succeeded("answer")), 5_000_000);
  assert.equal(delayAfterUs(SCHEDULE, failed("timeout", "connect")), 2_000_000);
  assert.equal(delayAfterUs({ ...SCHEDULE, expected: "none" }, succeeded("answer")), 2_000_000);
});

test("what says nothing of the server is tried again soon, but never in a busy loop", () => {
  assert.equal(delayAfterUs(SCHEDULE, LOCAL), 2_000_000);
  assert.equal(delayAfterUs(SCHEDULE, LATE), 1_000_000);
  assert.equal(delayAfterUs({ ...SCHEDULE, unexpectedIntervalUs: 1 }, LOCAL), 100_000);
});

test("an error of the network is the server's, one of this machine is not", () => {
  assert.deepEqual(judgeError("ECONNREFUSED", "connect", 111), failed("refused", "connect", 111));
  assert.deepEqual(judgeError("EHOSTUNREACH", "connect", 113), failed("unreachable", "connect", 113));
  assert.deepEqual(judgeError("ECONNRESET", "answer", 104), failed("reset", "answer", 104));
  assert.deepEqual(judgeError("EPROTO", "answer", 71), failed("other", "answer", 71));
  assert.deepEqual(judgeError("ENOBUFS", "connect", 105), LOCAL);
});

test("a success and a timeout count up to a quarter of the timeout late, other failures always", () => {
  const timeout = failed("timeout", "answer");
  assert.equal(judgeTime(timeout, 1_250_000, 1_000_000), timeout);
  assert.deepEqual(judgeTime(timeout, 1_250_001, 1_000_000), LATE);
  assert.deepEqual(judgeTime(succeeded("answer"), 1_250_001, 1_000_000), LATE);
  assert.equal(judgeTime(timeout, 60_000, 10_000), timeout);
  const reset = failed("reset", "answer");
  assert.equal(judgeTime(reset, 9_000_000, 1_000_000), reset);
  assert.equal(judgeTime(LOCAL, 9_000_000, 1_000_000), LOCAL);
});

test("a socket that cannot be made says nothing, no way to the server does", () => {
  assert.deepEqual(judgeBegin("EMFILE", 24), LOCAL);
  assert.deepEqual(judgeBegin("EADDRNOTAVAIL", 99), LOCAL);
  assert.deepEqual(judgeBegin("ENETUNREACH", 101), failed("unreachable", "route", 101));
  assert.deepEqual(judgeBegin("ECONNREFUSED", 111), failed("refused", "connect", 111));
});
