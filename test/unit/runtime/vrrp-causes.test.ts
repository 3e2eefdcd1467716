import assert from "node:assert/strict";
import { test } from "node:test";
import { newMasterReason } from "../../../src/api/mib-rfc.ts";
import { virtualRouter } from "../../helpers/virtual-router.ts";
import { activeBench, type Bench } from "../../helpers/vrrp-bench.ts";

function activeCause(bench: Bench): string | null {
  const [snapshot] = bench.runtime.snapshot();
  assert.equal(snapshot?.state, "active");
  return snapshot.activeCause ?? null;
}

test("an instance knows why it became active the last time", async () => {
  const bench = await activeBench(virtualRouter());
  assert.equal(activeCause(bench), "silence");
  await bench.hear(200);
  await bench.hear(0);
  await bench.host.advanceTo(5_000_000);
  assert.equal(activeCause(bench), "good-bye");
  await bench.hear(200);
  await bench.hear(50);
  await bench.host.advanceTo(9_000_000);
  assert.equal(activeCause(bench), "preemption");
  await bench.hear(200);
  await bench.host.advanceTo(13_000_000);
  assert.equal(activeCause(bench), "silence");
});

test("RFC 6527: vrrpv3StatisticsNewMasterReason says which of three it was", () => {
  const value = (reason: ReturnType<typeof newMasterReason>): unknown => ("value" in reason ? reason.value : null);
  const reasons = [null, "startup", "good-bye", "preemption", "silence", "link", "other"] as const;
  assert.deepEqual(
    reasons.map((cause) => value(newMasterReason(cause))),
    [0, 2, 1, 2, 3, 3, 3],
  );
});
