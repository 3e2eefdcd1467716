import assert from "node:assert/strict";
import { test } from "node:test";
import { Aged } from "../../../src/runtime/aged.ts";

/** A value that is the number of its reading. */
function createCounter(): { aged: Aged<number>; pass: (ms: number) => void } {
  let nowMs = 0;
  let readings = 0;
  const read = async (): Promise<number> => {
    readings += 1;
    return readings;
  };
  const aged = new Aged(read, () => nowMs);
  return {
    aged,
    pass: (ms) => {
      nowMs += ms;
    },
  };
}

test("it is read again when it is older than who asks wants it to be", async () => {
  const { aged, pass } = createCounter();
  assert.deepEqual(await Promise.all([aged.get(2_000), aged.get(5_000)]), [1, 1]);
  pass(1_999);
  assert.equal(await aged.get(2_000), 1);
  pass(1);
  assert.equal(await aged.get(5_000), 1);
  assert.equal(await aged.get(2_000), 2);
});

test("what is forgotten is read again", async () => {
  const { aged } = createCounter();
  assert.equal(await aged.get(1_000), 1);
  aged.forget();
  assert.equal(await aged.get(1_000), 2);
});
