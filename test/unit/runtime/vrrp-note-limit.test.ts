import assert from "node:assert/strict";
import { it } from "node:test";
import { NoteLimit } from "../../../src/runtime/vrrp-note-limit.ts";

it("withholds the eleventh line of a second and counts it", () => {
  const limit = new NoteLimit();
  for (let line = 0; line < 10; line += 1) assert.equal(limit.admit("lower priority discarded", 1000), 0);
  assert.equal(limit.admit("lower priority discarded", 1000), null);
  assert.equal(limit.admit("active router changed", 1_000_999), null);
  assert.equal(limit.admit("lower priority discarded", 1_001_000), 2);
  assert.equal(limit.admit("lower priority discarded", 1_001_000), 0);
});

it("never withholds a change of state", () => {
  const limit = new NoteLimit();
  for (let line = 0; line < 100; line += 1) assert.equal(limit.admit("state change", 0), 0);
});
