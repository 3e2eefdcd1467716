import assert from "node:assert/strict";
import { test } from "node:test";
import { deriveSessionProgram } from "../../../src/bfd/program.ts";

const PROGRAM = deriveSessionProgram({ minTxUs: 10_000, idleTxUs: 1_000_000 });
const SILENT = { forgetsPeer: false, polls: false, sends: false, tells: null } as const;

test("only a session that is up leaves the idle rate (RFC 5880 §6.8.3)", () => {
  assert.deepEqual(PROGRAM.desiredMinTxUs, { down: 1_000_000, init: 1_000_000, up: 10_000 });
});

test("the table holds every transition (RFC 5880 §6.2, §6.8.6)", () => {
  const next = Object.entries(PROGRAM.reactions).map(([state, reactions]) => [
    state,
    ...Object.values(reactions).map((reaction) => reaction.next),
  ]);
  assert.deepEqual(next, [
    ["down", "down", "init", "up", "down", "down"],
    ["init", "down", "init", "up", "up", "down"],
    ["up", "down", "down", "up", "up", "down"],
  ]);
});

test("what does not change keeps its diagnostic and says nothing by itself", () => {
  assert.deepEqual(PROGRAM.reactions.up["remote-up"], { ...SILENT, next: "up", localDiag: null });
  assert.deepEqual(PROGRAM.reactions.down["detection-expired"], {
    ...SILENT,
    next: "down",
    localDiag: null,
    forgetsPeer: true,
  });
});

test("up is polled for and told, a loss is told with its diagnostic", () => {
  assert.deepEqual(PROGRAM.reactions.init["remote-up"], {
    next: "up",
    localDiag: 0,
    forgetsPeer: false,
    polls: true,
    sends: true,
    tells: "up",
  });
  const lost = { ...SILENT, next: "down", sends: true, tells: "down" };
  assert.deepEqual(PROGRAM.reactions.up["detection-expired"], { ...lost, localDiag: 1, forgetsPeer: true });
  assert.deepEqual(PROGRAM.reactions.up["remote-down"], { ...lost, localDiag: 3 });
  assert.equal(PROGRAM.reactions.up["remote-admin-down"].tells, null);
});
