import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { virtualRouter } from "../../helpers/virtual-router.ts";
import { activeBench, Bench, OWN, PEER, VIP } from "../../helpers/vrrp-bench.ts";

describe("VrrpRuntime", () => {
  it("takes over after silence, tells it and yields to a better router", async () => {
    const bench = await activeBench(virtualRouter());
    assert.deepEqual(bench.host.addresses(), [OWN, VIP]);
    assert.deepEqual(bench.adverts[0], { priority: 100, atUs: 3_609_375 });
    await bench.hear(200);
    assert.deepEqual(bench.host.addresses(), [OWN]);
    assert.deepEqual(bench.changes, ["VI_1 backup 100", "VI_1 active 100", "VI_1 backup 100"]);
    assert.deepEqual(bench.lines, [
      "(VI_1) Entering BACKUP STATE (init)",
      "(VI_1) Receive advertisement timeout",
      "(VI_1) Entering MASTER STATE",
      "(VI_1) setting VIPs.",
      "(VI_1) Sending/queueing gratuitous ARPs on eth0 for 192.168.1.100",
      ...Array.from({ length: 5 }, () => "Sending gratuitous ARP on eth0 for 192.168.1.100"),
      `(VI_1) Master received advert from ${PEER} with higher priority 200, ours 100`,
      "(VI_1) Entering BACKUP STATE",
      "(VI_1) removing VIPs.",
    ]);
    const [snapshot] = bench.runtime.snapshot();
    assert.deepEqual(snapshot?.activeRouter, { address: PEER, priority: 200 });
    assert.deepEqual([snapshot?.becameActive, snapshot?.releasedActive], [1, 1]);
  });

  it("loses no advert and no election while the main thread is blocked for 10 s", async () => {
    const bench = new Bench([virtualRouter()]);
    await bench.start();
    await bench.host.advanceTo(3_000_000);
    bench.host.isBlocked = true;
    await bench.host.advanceTo(9_000_000);
    assert.deepEqual(
      bench.adverts.map(({ atUs }) => atUs),
      [3_609_375, 4_609_375, 5_609_375, 6_609_375, 7_609_375, 8_609_375],
    );
    assert.deepEqual(bench.host.addresses(), [OWN, VIP]);
    await bench.hear(0);
    assert.equal(bench.adverts.length, 7);
    await bench.hear(200);
    assert.deepEqual(bench.host.addresses(), [OWN]);
    await bench.host.advanceTo(13_000_000);
    assert.deepEqual(bench.host.addresses(), [OWN, VIP]);
    assert.deepEqual(bench.changes, ["VI_1 backup 100"]);
    bench.host.isBlocked = false;
    await bench.host.settle();
    assert.deepEqual(bench.changes.slice(1), ["VI_1 active 100", "VI_1 backup 100", "VI_1 active 100"]);
    assert.equal(bench.state(), "active");
  });

  it("refuses a configuration with an unknown interface and starts nothing", async () => {
    const bench = new Bench([virtualRouter({ interfaceName: "eth9" })]);
    const complaints = await bench.runtime.start();
    assert.deepEqual(
      complaints.map(({ code, severity }) => [code, severity]),
      [["unknown-interface", "error"]],
    );
    assert.equal(bench.host.hasLoop, false);
  });

  it("says priority 0 and withdraws at stop", async () => {
    const bench = await activeBench(virtualRouter());
    await bench.finish(bench.runtime.stop());
    assert.equal(bench.adverts.at(-1)?.priority, 0);
    assert.deepEqual(bench.host.addresses(), [OWN]);
    assert.equal(bench.host.loop.isClosed, true);
    assert.equal(bench.changes.at(-1), "VI_1 stop 100");
    await bench.runtime.stop();
    assert.deepEqual(bench.runtime.snapshot(), []);
    assert.equal(bench.host.clock.nextUs(), null, "no timer is left");
  });

  it("leaves everything as it is at stop with -V", async () => {
    const bench = await activeBench(virtualRouter(), { keepsAddresses: true });
    await bench.finish(bench.runtime.stop());
    assert.equal(
      bench.adverts.some(({ priority }) => priority === 0),
      false,
    );
    assert.deepEqual(bench.host.addresses(), [OWN, VIP]);
  });

  it("waits for the startup delay", async () => {
    const bench = new Bench([virtualRouter()], { startupDelayUs: 5_000_000 });
    await bench.start();
    await bench.host.advanceTo(4_999_999);
    assert.deepEqual(bench.adverts, []);
    await bench.host.advanceTo(8_609_375);
    assert.equal(bench.state(), "active");
    assert.deepEqual(bench.lines.slice(0, 3), [
      "Delaying startup for 5 seconds",
      "(VI_1) Entering BACKUP STATE (init)",
      "Delayed start completed",
    ]);
  });

  it("holds back for the preempt delay", async () => {
    const bench = new Bench([virtualRouter({ preemptDelayUs: 10_000_000 })]);
    await bench.start();
    for (let atUs = 1_000_000; atUs <= 15_000_000; atUs += 1_000_000) {
      await bench.host.advanceTo(atUs);
      if (bench.state() === "backup") await bench.hear(50);
    }
    assert.ok(bench.lines.includes("(VI_1) start preempt delay (10.000000)"));
    // The delay ends at 11 s; the last advert that restarted the timer came at 10 s.
    assert.equal(bench.adverts[0]?.atUs, 13_609_375);
  });

  it("stands down when nobody renews the lease, and returns", async () => {
    const bench = await activeBench(virtualRouter(), { leaseUs: 20_000_000 });
    bench.host.isBlocked = true;
    await bench.host.advanceTo(30_000_000);
    assert.deepEqual(bench.host.addresses(), [OWN]);
    assert.equal(bench.adverts.at(-1)?.priority, 0);
    bench.host.isBlocked = false;
    await bench.host.advanceTo(30_000_001);
    assert.equal(bench.state(), "backup");
    await bench.host.advanceTo(60_000_000);
    assert.equal(bench.state(), "active");
    assert.deepEqual(bench.changes.slice(2), ["VI_1 fault 100", "VI_1 backup 100", "VI_1 active 100"]);
  });

  it("finds its way back after lost events", async () => {
    const bench = new Bench([virtualRouter()]);
    await bench.start();
    bench.host.isBlocked = true;
    await bench.host.advanceTo(4_000_000);
    bench.host.loop.loseEvents();
    bench.host.isBlocked = false;
    await bench.host.settle();
    assert.equal(bench.state(), "active");
    assert.deepEqual(bench.changes, ["VI_1 backup 100", "VI_1 active 100"]);
  });

  it("logs what the loop dropped", async () => {
    const bench = await activeBench(virtualRouter());
    const dropped = { kind: "dropped", instance: 1, source: PEER, ifindex: 2, atUs: 0 } as const;
    bench.host.loop.emit({ ...dropped, reason: "ttl", received: 64, expected: 255 });
    bench.host.loop.emit({ ...dropped, reason: "password", received: 0, expected: 0 });
    await bench.host.settle();
    assert.deepEqual(bench.lines.slice(-2), [
      `(VI_1) invalid TTL/HL from ${PEER}. Received 64 and expect 255`,
      `(VI_1) received an invalid passwd from ${PEER}!`,
    ]);
  });

  it("says nothing about addresses that went with their interface", async () => {
    const bench = await activeBench(virtualRouter());
    const gone = { syscall: "RTM_DELADDR", errno: 19, code: "ENODEV", message: "ipv4: Device not found" };
    const failed = { kind: "failed", instance: 1, action: "remove-addresses", address: "10.0.0.100", atUs: 0 } as const;
    const before = bench.lines.length;
    bench.host.loop.emit({ ...failed, failure: gone });
    await bench.host.settle();
    assert.equal(bench.lines.length, before);
    bench.host.loop.emit({ ...failed, failure: { ...gone, errno: 1, code: "EPERM" } });
    await bench.host.settle();
    assert.equal(bench.lines.length, before + 1);
  });

  it("tells failures of the loop itself", async () => {
    const bench = await activeBench(virtualRouter());
    const failure = { syscall: "sched_setscheduler", errno: 1, code: "EPERM", message: "Operation not permitted" };
    bench.host.loop.emit({ kind: "failed", instance: 0, action: "open", failure, address: null, atUs: 0 });
    await bench.host.settle();
    assert.equal(bench.lines.at(-1), "vrrp loop: sched_setscheduler: Operation not permitted");
    assert.equal(bench.state(), "active");
  });
});
