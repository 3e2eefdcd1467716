import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TrackedObject } from "../../../src/model/tracking.ts";
import type { VrrpInstance } from "../../../src/model/vrrp.ts";
import { withRoles } from "../../../src/runtime/vrrp-group.ts";
import { virtualRouter } from "../../helpers/virtual-router.ts";
import { Bench, NO_GROUPS, OWN, VIP } from "../../helpers/vrrp-bench.ts";

const GROUPS = [{ name: "G", members: ["VI_1", "VI_2"], trackedInterfaces: [] }];
const OWN_2 = "10.0.0.5/24";
const VIP_2 = "10.0.0.100/32";

function pair(overrides: Partial<VrrpInstance> = {}): readonly VrrpInstance[] {
  const first = virtualRouter(overrides);
  const virtualAddresses = first.virtualAddresses.map((address) => ({ ...address, address: "10.0.0.100" }));
  return [first, { ...first, name: "VI_2", vrid: 52, interfaceName: "eth1", virtualAddresses }];
}

async function groupBench(instances: readonly VrrpInstance[] = pair(), syncGroups = GROUPS): Promise<Bench> {
  const bench = new Bench(instances, { syncGroups });
  bench.host.addLink("eth1", 3);
  bench.host.addAddress(bench.host.address("eth1", "10.0.0.5", 24));
  await bench.start();
  return bench;
}

async function activeGroup(): Promise<Bench> {
  const bench = await groupBench();
  await bench.host.advanceTo(4_000_000);
  assert.deepEqual(states(bench), ["active", "active"]);
  bench.changes.length = 0;
  bench.lines.length = 0;
  return bench;
}

function states(bench: Bench): readonly string[] {
  return bench.runtime.snapshot().map(({ state }) => state);
}

/** Lines about states, in keepalived's words. */
function stateLines(bench: Bench): readonly string[] {
  return bench.lines.filter((line) => line.includes("Entering") || line.includes("Syncing"));
}

describe("VrrpRuntime and sync groups", () => {
  it("tells the group's first state before its members', and later ones after them", async () => {
    const bench = await groupBench();
    await bench.host.advanceTo(4_000_000);
    assert.deepEqual(bench.changes, [
      "G backup",
      "VI_1 backup 100",
      "VI_2 backup 100",
      "VI_2 active 100",
      "VI_1 active 100",
      "G active",
    ]);
    assert.deepEqual(stateLines(bench), [
      "(VI_1) Entering BACKUP STATE (init)",
      "(VI_2) Entering BACKUP STATE (init)",
      "(VI_2) Entering MASTER STATE",
      "VRRP_Group(G) Syncing instances to MASTER state",
      "(VI_1) Entering MASTER STATE",
    ]);
    assert.deepEqual(bench.host.addresses(), [OWN, OWN_2, VIP_2, VIP]);
  });

  for (const [what, faults, state] of [
    ["succeeds", [], "BACKUP"],
    ["fails", ["tracked script check"], "FAULT"],
  ] as const) {
    it(`has a line for its first state when the script ${what} that it waited for`, async () => {
      const bench = new Bench(pair(), { syncGroups: GROUPS });
      bench.host.addLink("eth1", 3);
      bench.host.addAddress(bench.host.address("eth1", "10.0.0.5", 24));
      bench.tracking = { weight: 0, faults: [], isPending: true };
      await bench.start();
      assert.deepEqual(stateLines(bench), []);
      bench.tracking = { weight: 0, faults, isPending: false };
      bench.runtime.refreshTracking();
      await bench.host.settle();
      assert.deepEqual(stateLines(bench), [
        `(VI_1) Entering ${state} STATE`,
        `VRRP_Group(G) Syncing instances to ${state} state`,
        `(VI_2) Entering ${state} STATE`,
      ]);
    });
  }

  it("stays backup as long as one member hears a better router", async () => {
    const bench = await groupBench();
    for (let second = 1; second < 20; second += 1) {
      await bench.hear(200);
      await bench.host.advanceTo(second * 1_000_000);
    }
    assert.deepEqual(states(bench), ["backup", "backup"]);
  });

  it("shares a fault and leaves it when the last one is gone", async () => {
    const bench = await activeGroup();
    bench.host.setCarrier("eth1", false);
    await bench.host.settle();
    assert.deepEqual(states(bench), ["fault", "fault"]);
    assert.deepEqual(bench.host.addresses(), [OWN, OWN_2]);
    bench.host.setCarrier("eth0", false);
    bench.host.setCarrier("eth1", true);
    await bench.host.settle();
    assert.deepEqual(states(bench), ["fault", "fault"]);
    bench.host.setCarrier("eth0", true);
    await bench.host.settle();
    assert.deepEqual(states(bench), ["backup", "backup"]);
    assert.deepEqual(bench.changes, [
      "VI_2 fault 100",
      "VI_1 fault 100",
      "G fault",
      "VI_1 backup 100",
      "VI_2 backup 100",
      "G backup",
    ]);
    assert.deepEqual(stateLines(bench).slice(0, 3), [
      "(VI_2) Entering FAULT STATE",
      "VRRP_Group(G) Syncing instances to FAULT state",
      "(VI_1) Entering FAULT STATE",
    ]);
  });

  it("starts as a whole in fault when one member has one", async () => {
    const bench = new Bench(pair(), { syncGroups: GROUPS, allowsMissingInterfaces: true });
    await bench.start();
    assert.deepEqual(states(bench), ["fault", "fault"]);
    await bench.host.advanceTo(20_000_000);
    assert.deepEqual(bench.host.addresses(), [OWN]);
    bench.host.addLink("eth1", 3);
    bench.host.addAddress(bench.host.address("eth1", "10.0.0.5", 24));
    await bench.host.settle();
    await bench.host.advanceTo(24_000_000);
    assert.deepEqual(states(bench), ["active", "active"]);
  });

  it("tracks an interface of the group for every member", async () => {
    const place = { file: "keepalived.conf", line: 1, column: 1 };
    const trackedInterfaces = [{ name: "eth2", weight: 0, isReversed: false, place }];
    const bench = new Bench(pair(), {
      syncGroups: [{ name: "G", members: ["VI_1", "VI_2"], trackedInterfaces }],
      allowsMissingInterfaces: true,
    });
    bench.host.addLink("eth1", 3);
    bench.host.addAddress(bench.host.address("eth1", "10.0.0.5", 24));
    await bench.start();
    assert.deepEqual(states(bench), ["fault", "fault"]);
    bench.host.addLink("eth2", 4);
    await bench.host.settle();
    assert.deepEqual(states(bench), ["backup", "backup"]);
  });

  // As seen with keepalived 2.2.7.
  it("has the group's weight count and not the instance's, unless the loss is a fault", () => {
    const place = { file: "keepalived.conf", line: 1, column: 1 };
    const tracked = (weight: number): TrackedObject => {
      return { name: "eth2", weight, isReversed: false, place };
    };
    const group = { name: "G", members: ["VI_1"], trackedInterfaces: [tracked(2)] };
    const weights = (own: Partial<VrrpInstance>): readonly number[] =>
      withRoles([virtualRouter(own)], [group]).flatMap(({ trackedInterfaces }) =>
        trackedInterfaces.map(({ weight }) => weight),
      );
    const [address] = virtualRouter().virtualAddresses;
    assert.ok(address !== undefined);
    assert.deepEqual(weights({}), [2]);
    assert.deepEqual(weights({ trackedInterfaces: [tracked(4)] }), [2]);
    assert.deepEqual(weights({ trackedInterfaces: [tracked(0)] }), [0]);
    assert.deepEqual(weights({ virtualAddresses: [{ ...address, interfaceName: "eth2" }] }), []);
  });

  it("moves without the main thread, which tells it later", async () => {
    const bench = await groupBench();
    bench.host.isBlocked = true;
    await bench.host.advanceTo(4_000_000);
    assert.deepEqual(bench.host.addresses(), [OWN, OWN_2, VIP_2, VIP]);
    bench.host.loop.receive(1, { source: "192.168.1.6", priority: 200, intervalUs: 1_000_000 });
    assert.deepEqual(bench.host.addresses(), [OWN, OWN_2]);
    assert.deepEqual(states(bench), ["backup", "backup"]);
    bench.host.isBlocked = false;
    await bench.host.settle();
    assert.deepEqual(bench.changes.slice(3), [
      "VI_2 active 100",
      "VI_1 active 100",
      "G active",
      "VI_1 backup 100",
      "VI_2 backup 100",
      "G backup",
    ]);
  });

  it("stops member by member and then as a group", async () => {
    const bench = await activeGroup();
    await bench.finish(bench.runtime.stop());
    assert.deepEqual(bench.changes, ["VI_1 stop 100", "VI_2 stop 100", "G stop"]);
    assert.deepEqual(bench.host.addresses(), [OWN, OWN_2]);
  });

  it("dissolves by a reload, and a member that only shared a fault is free", async () => {
    const bench = await groupBench();
    bench.host.setCarrier("eth1", false);
    await bench.host.settle();
    assert.deepEqual(states(bench), ["fault", "fault"]);
    await bench.finish(bench.runtime.reload(pair(), NO_GROUPS));
    await bench.host.advanceTo(8_000_000);
    assert.deepEqual(states(bench), ["active", "fault"]);
  });

  it("forms by a reload", async () => {
    const bench = await groupBench(pair(), []);
    await bench.finish(bench.runtime.reload(pair(), { syncGroups: GROUPS, garpGroups: [] }));
    bench.host.loop.receive(1, { source: "192.168.1.6", priority: 200, intervalUs: 1_000_000 });
    await bench.host.advanceTo(3_609_000);
    assert.deepEqual(states(bench), ["backup", "backup"]);
    await bench.host.advanceTo(8_000_000);
    assert.deepEqual(states(bench), ["active", "active"]);
  });
});
