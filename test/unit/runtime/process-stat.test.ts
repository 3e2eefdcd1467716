import assert from "node:assert/strict";
import { test } from "node:test";
import { runningProcessName } from "../../../src/runtime/process-stat.ts";

test("a process that has ended and waits to be collected counts as gone", () => {
  assert.equal(runningProcessName("77 (keepalived) S 1 77 77 0 -1 4194560 120"), "keepalived");
  assert.equal(runningProcessName("77 (keepalived) Z 1 77 77 0 -1 4194560 120"), null);
  assert.equal(runningProcessName("77 (a) S (b) R 1 77 77 0 -1 4194560 120"), "a) S (b");
  assert.equal(runningProcessName("rubbish"), null);
});
