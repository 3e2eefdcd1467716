import assert from "node:assert/strict";
import { test } from "node:test";
import { type BfdState, initialSession, type SessionState, step } from "../../../src/bfd/machine.ts";

const RULES = { minTxUs: 10_000, idleTxUs: 1_000_000 };
const DOWN: BfdState = { sessionState: "down", localDiag: 0, desiredMinTxUs: 1_000_000 };
const INIT: BfdState = { sessionState: "init", localDiag: 0, desiredMinTxUs: 1_000_000 };
const UP: BfdState = { sessionState: "up", localDiag: 0, desiredMinTxUs: 10_000 };

test("a session starts down at the idle rate (RFC 5880 §6.8.1, §6.8.3)", () => {
  assert.deepEqual(initialSession(RULES), DOWN);
});

test("what a packet's state does to each state (RFC 5880 §6.8.6)", () => {
  const next = (state: BfdState, remoteState: SessionState): string =>
    step(RULES, state, { kind: "packet", remoteState }).state.sessionState;
  const row = (state: BfdState): readonly string[] =>
    (["admin-down", "down", "init", "up"] as const).map((remoteState) => next(state, remoteState));
  assert.deepEqual(row(DOWN), ["down", "init", "up", "down"]);
  assert.deepEqual(row(INIT), ["down", "init", "up", "up"]);
  assert.deepEqual(row(UP), ["down", "down", "up", "up"]);
});

test("entering up leaves the idle rate with a poll and is told (RFC 5880 §6.8.3)", () => {
  assert.deepEqual(step(RULES, INIT, { kind: "packet", remoteState: "up" }), {
    state: UP,
    effects: [{ kind: "poll" }, { kind: "send" }, { kind: "notify", isUp: true }],
  });
});

test("silence ends a session that is up, with diagnostic 1 (RFC 5880 §6.8.4)", () => {
  assert.deepEqual(step(RULES, UP, { kind: "detection-expired" }), {
    state: { sessionState: "down", localDiag: 1, desiredMinTxUs: 1_000_000 },
    effects: [{ kind: "forget-peer" }, { kind: "send" }, { kind: "notify", isUp: false }],
  });
});

test("silence in init is no loss that anybody is told of", () => {
  assert.deepEqual(step(RULES, INIT, { kind: "detection-expired" }).effects, [
    { kind: "forget-peer" },
    { kind: "send" },
  ]);
});

test("silence in down forgets the peer (RFC 5880 §6.8.1)", () => {
  assert.deepEqual(step(RULES, DOWN, { kind: "detection-expired" }), {
    state: DOWN,
    effects: [{ kind: "forget-peer" }],
  });
});

test("a peer that says down is a loss with diagnostic 3, an administrator's is told to nobody", () => {
  const down = { sessionState: "down", localDiag: 3, desiredMinTxUs: 1_000_000 };
  assert.deepEqual(step(RULES, UP, { kind: "packet", remoteState: "down" }), {
    state: down,
    effects: [{ kind: "send" }, { kind: "notify", isUp: false }],
  });
  assert.deepEqual(step(RULES, UP, { kind: "packet", remoteState: "admin-down" }), {
    state: down,
    effects: [{ kind: "send" }],
  });
});
