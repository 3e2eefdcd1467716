import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { VrrpInstance } from "../../../src/model/vrrp.ts";
import { virtualRouter } from "../../helpers/virtual-router.ts";
import { Bench, NO_GROUPS, OWN, VIP } from "../../helpers/vrrp-bench.ts";

const SOURCE = "10.9.0.5";
const PEERS = [{ address: "10.9.0.6", minTtl: null, maxTtl: null }];
const BLUE = 7;

function bareRouter(overrides: Partial<VrrpInstance> = {}): VrrpInstance {
  const { virtualAddresses } = virtualRouter();
  return virtualRouter({
    interfaceName: "",
    sourceAddress: SOURCE,
    unicastPeers: PEERS,
    virtualAddresses: virtualAddresses.map((address) => ({ ...address, interfaceName: "eth0" })),
    ...overrides,
  });
}

/** A machine with the source on eth1, and eth1 in a VRF. */
async function vrfBench(): Promise<Bench> {
  const bench = new Bench([bareRouter({ vrf: "blue" })]);
  bench.host.addLink("blue", BLUE, { kind: "vrf" });
  bench.host.addLink("eth1", 3, { masterIfindex: BLUE });
  bench.host.addAddress(bench.host.address("eth1", SOURCE, 24));
  await bench.start();
  return bench;
}

function faultsOf(bench: Bench): readonly string[] {
  return bench.runtime.snapshot()[0]?.faultReasons ?? [];
}

describe("VrrpRuntime and an instance without interface", () => {
  it("binds to nothing, puts its address where that says, and announces no source", async () => {
    const bench = new Bench([bareRouter()]);
    bench.host.addLink("eth1", 3);
    bench.host.addAddress(bench.host.address("eth1", SOURCE, 24));
    await bench.start();
    assert.equal(bench.state(), "backup");
    const transport = bench.host.loop.transportOf(1);
    assert.deepEqual([transport?.ifindex, transport?.interfaceName, transport?.addresses[0]?.ifindex], [0, "", 2]);
    await bench.host.advanceTo(4_000_000);
    assert.deepEqual(bench.host.addresses(), [OWN, `${SOURCE}/24`, VIP]);
    bench.host.setCarrier("eth0", false);
    await bench.host.settle();
    assert.deepEqual(faultsOf(bench), ["interface eth0 down"]);
    bench.host.setCarrier("eth0", true);
    await bench.host.settle();
    assert.equal(bench.state(), "backup");
    assert.equal(
      bench.lines.some((line) => line.startsWith("VI_1: sending gratuitous ARP")),
      false,
    );
  });

  it("follows its source address, since no interface tells of it", async () => {
    const bench = new Bench([bareRouter()]);
    await bench.start();
    assert.ok(bench.lines.includes("(VI_1) entering FAULT state (src address not configured)"));
    const source = bench.host.address("eth0", SOURCE, 24);
    bench.host.addAddress(source);
    await bench.host.settle();
    assert.equal(bench.state(), "backup");
    assert.ok(bench.lines.includes(`Assigned address ${SOURCE}`));
    await bench.host.advanceTo(8_000_000);
    assert.equal(bench.state(), "active");
    bench.host.deleteAddress(source);
    await bench.host.settle();
    assert.deepEqual(faultsOf(bench), ["src address not configured"]);
    assert.ok(bench.lines.includes(`Deassigned address ${SOURCE}`));
  });

  it("hears nothing outside of its VRF, and nothing in one that it is not in", async () => {
    const bench = await vrfBench();
    assert.equal(bench.state(), "backup");
    assert.equal(bench.host.loop.transportOf(1)?.ifindex, BLUE);
    await bench.finish(bench.runtime.reload([bareRouter()], NO_GROUPS));
    await bench.host.settle();
    assert.deepEqual(faultsOf(bench), ["src address not configured"]);
  });

  it("is at fault without its VRF, and until its source is in the new one", async () => {
    const bench = await vrfBench();
    await bench.host.advanceTo(4_000_000);
    assert.equal(bench.state(), "active");
    bench.host.deleteLink("blue");
    bench.host.addLink("eth1", 3, { masterIfindex: 0 });
    await bench.host.settle();
    assert.equal(bench.state(), "fault");
    assert.ok(bench.lines.includes("Interface blue deleted"));
    bench.host.addLink("blue", 9, { kind: "vrf" });
    await bench.host.settle();
    assert.deepEqual(faultsOf(bench), ["src address not configured"]);
    bench.host.addLink("eth1", 3, { masterIfindex: 9 });
    await bench.host.settle();
    assert.equal(bench.state(), "backup");
    assert.equal(bench.host.loop.transportOf(1)?.ifindex, 9);
  });

  it("refuses a VRF that is not there, unless it may wait for it", async () => {
    const refused = new Bench([bareRouter({ vrf: "blue" })]);
    assert.deepEqual(
      (await refused.runtime.start()).map(({ code }) => code),
      ["unknown-interface"],
    );
    const waiting = new Bench([bareRouter({ vrf: "blue" })], { allowsMissingInterfaces: true });
    await waiting.start();
    assert.equal(waiting.state(), "fault");
  });
});
