import assert from "node:assert/strict";
import { test } from "node:test";
import { viewStatus } from "../../../src/api/views.ts";
import { FACTS, snapshot } from "./samples.ts";

function latenessOf(counts: readonly number[]) {
  const sample = snapshot();
  const { vrrpHealth } = sample;
  assert.ok(vrrpHealth);
  const advertLateness = { boundsUs: [50, 100, 250], counts, sumUs: 0 };
  return viewStatus({ ...sample, vrrpHealth: { ...vrrpHealth, advertLateness } }, FACTS).vrrpLoop?.advertLateness;
}

test("99 % of the adverts were at most as late as the end of the bucket that holds the last of them", () => {
  assert.deepEqual(latenessOf([99, 0, 1, 0]), { count: 100, p99Us: 50 });
  assert.deepEqual(latenessOf([98, 1, 1, 0]), { count: 100, p99Us: 100 });
});

test("no advert has no lateness, and one beyond the last bucket has no bound", () => {
  assert.deepEqual(latenessOf([0, 0, 0, 0]), { count: 0, p99Us: null });
  assert.deepEqual(latenessOf([1, 0, 0, 1]), { count: 2, p99Us: null });
});
