import assert from "node:assert/strict";
import { test } from "node:test";
import { collectGarbage } from "../../../src/runtime/heap.ts";
import { realServer, virtualServer } from "../checker/samples.ts";
import { configuration, createBench } from "./lvs-fakes.ts";

const SECOND_US = 1_000_000;
const POOL = configuration([virtualServer([realServer("192.168.1.7")])]);

test("what nobody holds is gone after a collection", async () => {
  const lost = new WeakRef({ text: "nobody holds it" });
  // A weak reference is strong until the turn of the event loop ends.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  assert.equal(lost.deref(), undefined);
});

test("a start and a reload are followed by two collections; of two loads in a row the last one counts", async () => {
  const bench = createBench();
  await bench.runtime.start(POOL);
  const startUs = bench.clock.nowUs();
  await bench.clock.advance(20 * SECOND_US);
  assert.deepEqual(bench.collectedAtUs, [startUs + 15 * SECOND_US, startUs + 16 * SECOND_US]);
  await bench.runtime.reload(POOL);
  await bench.clock.advance(10 * SECOND_US);
  await bench.runtime.reload(POOL);
  await bench.clock.advance(10 * SECOND_US);
  assert.equal(bench.collectedAtUs.length, 2);
  await bench.clock.advance(10 * SECOND_US);
  assert.equal(bench.collectedAtUs.length, 4);
});

test("nothing is collected after the stop", async () => {
  const bench = createBench();
  await bench.runtime.start(POOL);
  await bench.runtime.stop();
  await bench.clock.advance(60 * SECOND_US);
  assert.deepEqual(bench.collectedAtUs, []);
});
