import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { VrrpInstance } from "../../../src/model/vrrp.ts";
import { createVrrpRuntime } from "../../../src/runtime/vrrp-runtime.ts";
import type { VrrpRuntime, VrrpRuntimeOptions } from "../../../src/runtime/vrrp-types.ts";
import { ModelHost } from "../../helpers/model-host.ts";
import { virtualRouter } from "../../helpers/virtual-router.ts";

const VIP = "192.168.1.100/32";
const OWN = "192.168.1.5/24";
const PEER = "192.168.1.6";

/** A host with eth0 and a runtime on it. */
class Bench {
  readonly host = new ModelHost();
  readonly lines: string[] = [];
  readonly changes: string[] = [];
  readonly adverts: { readonly priority: number; readonly atUs: number }[] = [];
  readonly runtime: VrrpRuntime;

  constructor(instances: readonly VrrpInstance[], options: Partial<VrrpRuntimeOptions> = {}) {
    this.host.addLink("eth0", 2);
    this.host.addAddress(this.host.address("eth0", "192.168.1.5", 24));
    this.host.onAdvert = (_transport, priority, atUs) => void this.adverts.push({ priority, atUs });
    const leaseUs = options.leaseUs ?? 0;
    this.runtime = createVrrpRuntime(
      {
        instances,
        startupDelayUs: 0,
        keepsAddresses: false,
        allowsMissingInterfaces: false,
        onAddressRemoved: "repair",
        ...options,
        leaseUs,
      },
      {
        createLoop: (onEvents) => this.host.createLoop(leaseUs, onEvents),
        rtnetlink: this.host.rtnetlink,
        clock: this.host.clock,
        isDetailed: true,
        log: (record) => void this.lines.push(record.text),
        onStateChange: ({ instance, to, priority }) => void this.changes.push(`${instance} ${to} ${priority}`),
      },
    );
  }

  async start(): Promise<void> {
    assert.deepEqual(await this.finish(this.runtime.start()), []);
    await this.host.settle();
  }

  /** Lets the loop work while something waits for it. */
  async finish<Result>(work: Promise<Result>): Promise<Result> {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    while (!isDone) await this.host.settle();
    return done;
  }

  hear(priority: number, source: string = PEER): Promise<void> {
    this.host.loop.receive(1, { source, priority, intervalUs: 1_000_000 });
    return this.host.settle();
  }

  state(): string | undefined {
    return this.runtime.snapshot()[0]?.state;
  }
}

async function activeBench(instance: VrrpInstance, options: Partial<VrrpRuntimeOptions> = {}): Promise<Bench> {
  const bench = new Bench([instance], options);
  await bench.start();
  await bench.host.advanceTo(4_000_000);
  assert.equal(bench.state(), "active");
  return bench;
}

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

  it("refuses authentication that it cannot do", async () => {
    const bench = new Bench([virtualRouter({ authentication: { kind: "ah", password: "secret" } })]);
    const complaints = await bench.runtime.start();
    assert.deepEqual(
      complaints.map(({ code }) => code),
      ["unsupported-authentication"],
    );
    assert.equal(bench.host.hasLoop, false);
  });

  it("waits for an interface that may be missing", async () => {
    const bench = new Bench([virtualRouter({ interfaceName: "eth1" })], { allowsMissingInterfaces: true });
    await bench.start();
    assert.equal(bench.state(), "fault");
    assert.equal(bench.lines.at(-1), "(VI_1) Entering FAULT STATE (init)");
    bench.host.addLink("eth1", 3);
    bench.host.addAddress(bench.host.address("eth1", "10.0.0.1", 24));
    await bench.host.settle();
    assert.equal(bench.state(), "backup");
    await bench.host.advanceTo(4_000_000);
    assert.deepEqual(bench.host.addresses(), [OWN, "10.0.0.1/24", VIP]);
  });

  it("removes left-over addresses before it starts and never uses them as source", async () => {
    const bench = new Bench([virtualRouter()]);
    bench.host.deleteAddress(bench.host.address("eth0", "192.168.1.5", 24));
    bench.host.addAddress(bench.host.address("eth0", "192.168.1.100", 32));
    bench.host.addAddress(bench.host.address("eth0", "192.168.1.5", 24));
    await bench.start();
    assert.deepEqual(bench.host.addresses(), [OWN]);
    assert.equal(bench.runtime.snapshot()[0]?.sourceAddress, "192.168.1.5");
    assert.equal(bench.lines[0], "(VI_1) removing VIPs.");
  });

  it("goes to fault with the link and comes back with it", async () => {
    const bench = await activeBench(virtualRouter());
    bench.host.setCarrier("eth0", false);
    await bench.host.settle();
    assert.equal(bench.state(), "fault");
    assert.deepEqual(bench.host.addresses(), [OWN]);
    assert.deepEqual(
      bench.adverts.slice(-2).map(({ priority }) => priority),
      [0, 0],
    );
    assert.ok(bench.lines.includes("Netlink reports eth0 down"));
    bench.host.setCarrier("eth0", true);
    await bench.host.settle();
    assert.equal(bench.state(), "backup");
    await bench.host.advanceTo(8_000_000);
    assert.deepEqual(bench.changes.slice(2), ["VI_1 fault 100", "VI_1 backup 100", "VI_1 active 100"]);
  });

  it("does not flap when the link came back while the main thread was blocked", async () => {
    const bench = await activeBench(virtualRouter());
    bench.host.isBlocked = true;
    bench.host.setCarrier("eth0", false);
    bench.host.setCarrier("eth0", true);
    bench.host.isBlocked = false;
    await bench.host.settle();
    assert.equal(bench.state(), "backup");
    assert.deepEqual(bench.changes.slice(2), ["VI_1 fault 100", "VI_1 backup 100"]);
  });

  it("survives the removal of its interface", async () => {
    const bench = await activeBench(virtualRouter());
    bench.host.deleteLink("eth0");
    await bench.host.settle();
    assert.equal(bench.state(), "fault");
    assert.ok(bench.lines.includes("Interface eth0 deleted"));
    bench.host.addLink("eth0", 7);
    bench.host.addAddress(bench.host.address("eth0", "192.168.1.5", 24));
    await bench.host.settle();
    assert.equal(bench.state(), "backup");
    assert.equal(bench.host.loop.transportOf(1)?.ifindex, 7);
  });

  it("follows the source address of its interface", async () => {
    const bench = await activeBench(virtualRouter());
    bench.host.addAddress(bench.host.address("eth0", "192.168.1.9", 24));
    bench.host.deleteAddress(bench.host.address("eth0", "192.168.1.5", 24));
    await bench.host.settle();
    assert.equal(bench.state(), "active");
    assert.equal(bench.host.loop.transportOf(1)?.sourceAddress, "192.168.1.9");
    bench.host.deleteAddress(bench.host.address("eth0", "192.168.1.9", 24));
    await bench.host.settle();
    assert.equal(bench.state(), "fault");
    assert.deepEqual(bench.runtime.snapshot()[0]?.faultReasons, ["no IPv4 address for interface"]);
    assert.ok(bench.lines.includes("Assigned address 192.168.1.9 for interface eth0"));
    assert.ok(bench.lines.includes("Deassigned address 192.168.1.9 from interface eth0"));
  });

  it("puts back a VIP that somebody else removed, without leaving active", async () => {
    const bench = await activeBench(virtualRouter());
    const vip = bench.host.address("eth0", "192.168.1.100", 32);
    bench.host.deleteAddress(vip);
    await bench.host.settle();
    assert.deepEqual(bench.host.addresses(), [OWN, VIP]);
    assert.equal(bench.state(), "active");
    bench.host.deleteAddress(vip);
    await bench.host.settle();
    assert.deepEqual(bench.host.addresses(), [OWN], "the second repair waits a little");
    await bench.host.advanceTo(bench.host.clock.nowUs() + 50_000);
    assert.deepEqual(bench.host.addresses(), [OWN, VIP]);
    assert.deepEqual(bench.changes, ["VI_1 backup 100", "VI_1 active 100"]);
  });

  it("yields over a removed VIP where keepalived's reaction is wanted", async () => {
    const bench = await activeBench(virtualRouter(), { onAddressRemoved: "yield" });
    bench.host.deleteAddress(bench.host.address("eth0", "192.168.1.100", 32));
    await bench.host.settle();
    assert.equal(bench.state(), "backup");
    assert.equal(bench.adverts.at(-1)?.priority, 0);
    await bench.host.advanceTo(bench.host.clock.nowUs() + 609_375);
    assert.equal(bench.state(), "active");
    assert.deepEqual(bench.host.addresses(), [OWN, VIP]);
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

  it("keeps matched instances over a reload and withdraws what is gone", async () => {
    const bench = await activeBench(virtualRouter());
    const [vip] = virtualRouter().virtualAddresses;
    assert.ok(vip !== undefined);
    const renamed = virtualRouter({ name: "VI_X", virtualAddresses: [{ ...vip, address: "192.168.1.101" }] });
    assert.deepEqual(await bench.finish(bench.runtime.reload([renamed])), []);
    await bench.host.settle();
    assert.equal(bench.state(), "active");
    assert.deepEqual(bench.host.addresses(), [OWN, "192.168.1.101/32"]);
    assert.deepEqual(bench.changes, ["VI_1 backup 100", "VI_1 active 100"]);
    await bench.finish(bench.runtime.reload([]));
    assert.deepEqual(bench.host.addresses(), [OWN]);
    assert.equal(bench.adverts.at(-1)?.priority, 0);
    assert.equal(bench.changes.at(-1), "VI_X deleted 100");
    assert.deepEqual(bench.runtime.snapshot(), []);
    assert.deepEqual(bench.host.loop.instanceNumbers(), []);
  });

  it("changes nothing on a reload of the same settings from other lines", async () => {
    const bench = await activeBench(virtualRouter());
    const sent = bench.adverts.length;
    const place = { file: "other.conf", line: 9, column: 9 };
    const same = virtualRouter({
      place,
      virtualAddresses: virtualRouter().virtualAddresses.map((a) => ({ ...a, place })),
    });
    await bench.finish(bench.runtime.reload([same]));
    assert.equal(bench.adverts.length, sent);
  });

  it("refuses a reload that names an unknown interface and changes nothing", async () => {
    const bench = await activeBench(virtualRouter());
    const complaints = await bench.finish(bench.runtime.reload([virtualRouter({ interfaceName: "eth9" })]));
    assert.equal(complaints.length, 1);
    assert.equal(bench.state(), "active");
    assert.deepEqual(bench.host.addresses(), [OWN, VIP]);
  });

  it("starts added instances as backups", async () => {
    const bench = await activeBench(virtualRouter());
    await bench.finish(bench.runtime.reload([virtualRouter(), virtualRouter({ name: "VI_2", vrid: 52 })]));
    await bench.host.settle();
    assert.deepEqual(
      bench.runtime.snapshot().map(({ name, state }) => [name, state]),
      [
        ["VI_1", "active"],
        ["VI_2", "backup"],
      ],
    );
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

  it("follows tracked interfaces", async () => {
    const tracked = { name: "eth1", weight: -30, isReversed: false };
    const bench = new Bench([virtualRouter({ trackedInterfaces: [tracked] })]);
    bench.host.addLink("eth1", 3);
    await bench.start();
    bench.host.setCarrier("eth1", false);
    await bench.host.settle();
    assert.equal(bench.runtime.snapshot()[0]?.effectivePriority, 70);
    assert.ok(bench.lines.includes("(VI_1) Changing effective priority from 100 to 70"));
    await bench.host.advanceTo(4_000_000);
    // 3 s and a skew of 186/256 s instead of 156/256 s.
    assert.deepEqual(bench.adverts[0], { priority: 70, atUs: 3_726_562 });
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

  it("stays at fault until its sockets open", async () => {
    const bench = await activeBench(virtualRouter());
    const failure = { syscall: "bind", errno: 99, code: "EADDRNOTAVAIL", message: "Cannot assign requested address" };
    bench.host.loop.emit({ kind: "failed", instance: 1, action: "open", failure, address: null, atUs: 0 });
    await bench.host.settle();
    assert.deepEqual(bench.runtime.snapshot()[0]?.faultReasons, ["sockets not open"]);
    assert.deepEqual(bench.host.addresses(), [OWN]);
    await bench.host.advanceTo(bench.host.clock.nowUs() + 1_000_000);
    assert.equal(bench.state(), "backup");
  });

  it("tells failures of the loop itself", async () => {
    const bench = await activeBench(virtualRouter());
    const failure = { syscall: "sched_setscheduler", errno: 1, code: "EPERM", message: "Operation not permitted" };
    bench.host.loop.emit({ kind: "failed", instance: 0, action: "open", failure, address: null, atUs: 0 });
    await bench.host.settle();
    assert.equal(bench.lines.at(-1), "vrrp loop: sched_setscheduler: Operation not permitted");
    assert.equal(bench.state(), "active");
  });

  it("speaks from the address that an owner's VIP is", async () => {
    const [vip] = virtualRouter().virtualAddresses;
    assert.ok(vip !== undefined);
    const owner = virtualRouter({
      priority: 255,
      wantsActive: true,
      virtualAddresses: [{ ...vip, address: "192.168.1.5" }],
    });
    const bench = new Bench([owner]);
    await bench.start();
    assert.equal(bench.state(), "active");
    assert.equal(bench.host.loop.transportOf(1)?.sourceAddress, "192.168.1.5");
    assert.deepEqual(bench.changes, ["VI_1 backup 255", "VI_1 active 255"]);
  });

  it("logs failures but not the priority 0 on a lost link", async () => {
    const bench = await activeBench(virtualRouter());
    const failure = { syscall: "sendmsg", errno: 101, code: "ENETUNREACH", message: "Network is unreachable" };
    const failed = { kind: "failed", instance: 1, action: "send-advert", failure, address: null, atUs: 0 } as const;
    bench.host.loop.emit(failed);
    await bench.host.settle();
    assert.equal(bench.lines.at(-1), "(VI_1) send advert error 101 (Network is unreachable)");
    bench.host.setCarrier("eth0", false);
    await bench.host.settle();
    const said = bench.lines.length;
    bench.host.loop.emit(failed);
    await bench.host.settle();
    assert.equal(bench.lines.length, said);
  });
});
