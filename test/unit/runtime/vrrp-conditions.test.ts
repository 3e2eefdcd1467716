import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { virtualRouter } from "../../helpers/virtual-router.ts";
import { activeBench, Bench, OWN, VIP } from "../../helpers/vrrp-bench.ts";

describe("VrrpRuntime and the network around it", () => {
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

  it("takes over keepalived's reaction to removed addresses with a reload", async () => {
    const bench = await activeBench(virtualRouter());
    await bench.runtime.reload([virtualRouter()], { syncGroups: [], garpGroups: [], onAddressRemoved: "yield" });
    bench.host.deleteAddress(bench.host.address("eth0", "192.168.1.100", 32));
    await bench.host.settle();
    assert.equal(bench.state(), "backup");
  });

  it("does not start with a unicast source that is nobody's, and does not miss it once it was there", async () => {
    const unicastPeers = [{ address: "192.168.1.78", minTtl: null, maxTtl: null }];
    const bench = new Bench([virtualRouter({ sourceAddress: "192.168.1.77", unicastPeers })]);
    await bench.start();
    assert.equal(bench.state(), "fault");
    assert.ok(bench.lines.includes("(VI_1) entering FAULT state (src address not configured)"));
    bench.host.addAddress(bench.host.address("eth0", "192.168.1.77", 24));
    await bench.host.settle();
    assert.equal(bench.state(), "backup");
    bench.host.deleteAddress(bench.host.address("eth0", "192.168.1.77", 24));
    await bench.host.settle();
    await bench.host.advanceTo(8_000_000);
    assert.equal(bench.state(), "active");
    bench.host.isBlocked = true;
    bench.host.setCarrier("eth0", false);
    bench.host.setCarrier("eth0", true);
    bench.host.isBlocked = false;
    await bench.host.settle();
    assert.deepEqual(bench.runtime.snapshot()[0]?.faultReasons, ["src address not configured"]);
  });

  it("stays at fault while its configured source address is missing", async () => {
    const bench = new Bench([virtualRouter({ sourceAddress: "192.168.1.77", tracksSourceAddress: true })]);
    await bench.start();
    assert.equal(bench.state(), "fault");
    assert.deepEqual(bench.runtime.snapshot()[0]?.faultReasons, ["src address not configured"]);
    bench.host.addAddress(bench.host.address("eth0", "192.168.1.77", 24));
    await bench.host.settle();
    assert.equal(bench.state(), "backup");
    assert.equal(bench.host.loop.transportOf(1)?.sourceAddress, "192.168.1.77");
    bench.host.deleteAddress(bench.host.address("eth0", "192.168.1.77", 24));
    await bench.host.settle();
    assert.equal(bench.state(), "fault");
  });

  it("is at fault where unicast has no peer and that is not to be overlooked", async () => {
    const bench = new Bench([virtualRouter({ faultsWithoutPeer: true, fallsBackToMulticast: true })]);
    await bench.start();
    assert.deepEqual(bench.runtime.snapshot()[0]?.faultReasons, ["no unicast peer"]);
  });

  it("acts on a lost link only after its delay", async () => {
    const interfaceDelays = [{ name: "eth0", downDelayUs: 1_000_000, upDelayUs: 500_000 }];
    const bench = await activeBench(virtualRouter(), { interfaceDelays });
    bench.host.setCarrier("eth0", false);
    await bench.host.settle();
    await bench.host.advanceTo(bench.host.clock.nowUs() + 900_000);
    assert.equal(bench.state(), "active");
    bench.host.setCarrier("eth0", true);
    await bench.host.settle();
    assert.ok(bench.lines.includes("Delay timer for eth0 cancelled"));
    await bench.host.advanceTo(bench.host.clock.nowUs() + 2_000_000);
    assert.equal(bench.state(), "active");
    bench.host.setCarrier("eth0", false);
    await bench.host.settle();
    await bench.host.advanceTo(bench.host.clock.nowUs() + 1_000_000);
    assert.equal(bench.state(), "fault");
    bench.host.setCarrier("eth0", true);
    await bench.host.settle();
    assert.equal(bench.state(), "fault");
    await bench.host.advanceTo(bench.host.clock.nowUs() + 500_000);
    assert.equal(bench.state(), "backup");
  });

  it("cuts a delay to what a backup would wait", async () => {
    const interfaceDelays = [{ name: "eth0", downDelayUs: 9_000_000, upDelayUs: 0 }];
    const bench = await activeBench(virtualRouter(), { interfaceDelays });
    bench.host.setCarrier("eth0", false);
    await bench.host.settle();
    await bench.host.advanceTo(bench.host.clock.nowUs() + 2_000_000);
    assert.equal(bench.state(), "fault");
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
    assert.deepEqual(bench.changes, ["VI_1 active 255"]);
  });

  it("logs failures but not the priority 0 on a lost link", async () => {
    const bench = await activeBench(virtualRouter());
    const failure = { syscall: "sendmsg", errno: 101, code: "ENETUNREACH", message: "Network is unreachable" };
    const failed = { kind: "failed", instance: 1, action: "send-advert", failure, address: null, atUs: 0 } as const;
    bench.host.loop.emit(failed);
    await bench.host.settle();
    assert.equal(bench.lines.at(-1), "(VI_1): send advert error 101 (Network is unreachable)");
    bench.host.setCarrier("eth0", false);
    await bench.host.settle();
    const said = bench.lines.length;
    bench.host.loop.emit(failed);
    await bench.host.settle();
    assert.equal(bench.lines.length, said);
  });
});
