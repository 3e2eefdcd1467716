import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { VrrpInstance } from "../../../src/model/vrrp.ts";
import { virtualRouter } from "../../helpers/virtual-router.ts";
import { Bench, OWN, VIP } from "../../helpers/vrrp-bench.ts";

/** Priority 100 at 1 s: RFC 9568 §6.1, one interval and Skew_Time. */
const LISTENING_US = 1_609_375;

/** A host on which an earlier run left the VIP. */
async function restarted(
  instance: VrrpInstance = virtualRouter(),
  startupDelayUs = 0,
  isPending = false,
): Promise<Bench> {
  const bench = new Bench([instance], { adoptsAddresses: true, startupDelayUs });
  bench.tracking = { weight: 0, faults: [], isPending };
  bench.host.addAddress(bench.host.address("eth0", "192.168.1.100", 32));
  await bench.start();
  return bench;
}

describe("VrrpRuntime and addresses of an earlier run", () => {
  it("keeps them while it listens, and stays active when nobody else is heard", async () => {
    const bench = await restarted();
    await bench.host.advanceTo(LISTENING_US - 1);
    assert.deepEqual(bench.changes, []);
    assert.deepEqual(bench.host.addresses(), [OWN, VIP]);
    await bench.host.advanceTo(LISTENING_US);
    assert.deepEqual(bench.changes, ["VI_1 active 100"]);
    assert.deepEqual(bench.host.addresses(), [OWN, VIP]);
    const removals = bench.host.loop.trace.filter(({ action }) => action.kind === "remove-addresses");
    assert.deepEqual(removals, []);
  });

  for (const [what, priority] of [
    ["better", 200],
    ["worse", 50],
    ["leaving", 0],
  ] as const) {
    it(`withdraws them at once when a ${what} router is heard`, async () => {
      const bench = await restarted();
      await bench.host.advanceTo(500_000);
      await bench.hear(priority);
      assert.deepEqual(bench.host.addresses(), [OWN]);
      assert.deepEqual(bench.changes, ["VI_1 backup 100"]);
      assert.ok(bench.lines.includes("(VI_1) Entering BACKUP STATE (init)"));
    });
  }

  it("goes on listening until the tracked scripts have reported", async () => {
    const bench = await restarted(virtualRouter(), 0, true);
    await bench.host.advanceTo(5_000_000);
    assert.deepEqual(bench.changes, []);
    assert.deepEqual(bench.host.addresses(), [OWN, VIP]);
    bench.tracking = { weight: 0, faults: [], isPending: false };
    bench.runtime.refreshTracking();
    await bench.host.settle();
    await bench.host.advanceTo(5_000_000 + LISTENING_US);
    assert.deepEqual(bench.changes, ["VI_1 active 100"]);
  });

  it("withdraws them when a tracked script fails", async () => {
    const bench = await restarted(virtualRouter(), 0, true);
    bench.tracking = { weight: 0, faults: ["tracked script check"], isPending: false };
    bench.runtime.refreshTracking();
    await bench.host.settle();
    assert.deepEqual(bench.host.addresses(), [OWN]);
    assert.deepEqual(bench.changes, ["VI_1 fault 100"]);
  });

  it("withdraws them although the main thread is blocked", async () => {
    const bench = await restarted();
    bench.host.isBlocked = true;
    await bench.hear(200);
    assert.deepEqual(bench.host.addresses(), [OWN]);
  });

  it("withdraws them when the link goes", async () => {
    const bench = await restarted();
    bench.host.setCarrier("eth0", false);
    await bench.host.settle();
    assert.deepEqual(bench.host.addresses(), [OWN]);
    assert.deepEqual(bench.changes, ["VI_1 fault 100"]);
  });

  it("removes them first when only some are there", async () => {
    const [first] = virtualRouter().virtualAddresses;
    assert.ok(first);
    const both = virtualRouter({ virtualAddresses: [first, { ...first, address: "192.168.1.101" }] });
    const bench = await restarted(both);
    assert.deepEqual(bench.host.addresses(), [OWN]);
    assert.deepEqual(bench.changes, ["VI_1 backup 100"]);
  });

  it("removes them first during the startup delay", async () => {
    const bench = await restarted(virtualRouter(), 10_000_000);
    assert.deepEqual(bench.host.addresses(), [OWN]);
  });

  it("withdraws them when it is stopped while listening", async () => {
    const bench = await restarted();
    await bench.finish(bench.runtime.stop());
    assert.deepEqual(bench.host.addresses(), [OWN]);
  });
});
