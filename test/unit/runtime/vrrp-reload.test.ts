import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { VrrpInstance } from "../../../src/model/vrrp.ts";
import { virtualRouter } from "../../helpers/virtual-router.ts";
import { activeBench, Bench, NO_GROUPS, OWN, VIP } from "../../helpers/vrrp-bench.ts";

describe("VrrpRuntime at reload", () => {
  it("keeps matched instances over a reload and withdraws what is gone", async () => {
    const bench = await activeBench(virtualRouter());
    const [vip] = virtualRouter().virtualAddresses;
    assert.ok(vip !== undefined);
    const renamed = virtualRouter({ name: "VI_X", virtualAddresses: [{ ...vip, address: "192.168.1.101" }] });
    assert.deepEqual(await bench.finish(bench.runtime.reload([renamed], NO_GROUPS)), []);
    await bench.host.settle();
    assert.equal(bench.state(), "active");
    assert.deepEqual(bench.host.addresses(), [OWN, "192.168.1.101/32"]);
    assert.deepEqual(bench.changes, ["VI_1 backup 100", "VI_1 active 100"]);
    await bench.finish(bench.runtime.reload([], NO_GROUPS));
    assert.deepEqual(bench.host.addresses(), [OWN]);
    assert.equal(bench.adverts.at(-1)?.priority, 0);
    assert.equal(bench.changes.at(-1), "VI_X deleted 100");
    assert.deepEqual(bench.runtime.snapshot(), []);
    assert.deepEqual(bench.host.loop.instanceNumbers(), []);
  });

  it("speaks at once with the priority that holds from now on", async () => {
    const bench = await activeBench(virtualRouter());
    bench.tracking = { weight: -20, faults: [], isPending: false };
    bench.runtime.refreshTracking();
    bench.adverts.length = 0;
    bench.tracking = { weight: 7, faults: [], isPending: false };
    await bench.finish(bench.runtime.reload([virtualRouter({ priority: 150 })], NO_GROUPS));
    await bench.host.settle();
    assert.deepEqual(
      bench.adverts.map(({ priority }) => priority),
      [157],
    );
  });

  it("puts an address that gets another label in the place of the old one, and loses none of them at the end", async () => {
    const bench = await activeBench(virtualRouter());
    const [vip] = virtualRouter().virtualAddresses;
    assert.ok(vip !== undefined);
    const labelled = virtualRouter({ virtualAddresses: [{ ...vip, label: "eth0:vip" }] });
    await bench.finish(bench.runtime.reload([labelled], NO_GROUPS));
    await bench.host.settle();
    const { addresses } = bench.host.rtnetlink;
    const labels = (await addresses()).map(({ address, label }) => [address, label]);
    assert.deepEqual(labels, [
      ["192.168.1.5", null],
      ["192.168.1.100", "eth0:vip"],
    ]);
    assert.equal(
      bench.lines.some((line) => line.includes("restoring")),
      false,
    );
    await bench.finish(bench.runtime.stop());
    assert.deepEqual(bench.host.addresses(), [OWN]);
  });

  it("adds the new form of an address although the old one could not be taken away", async () => {
    const bench = await activeBench(virtualRouter());
    const [vip] = virtualRouter().virtualAddresses;
    assert.ok(vip !== undefined);
    const { apply } = bench.host.rtnetlink;
    let failures = 0;
    bench.host.rtnetlink.apply = (requests) => {
      bench.host.rtnetlink.apply = apply;
      failures += 1;
      return apply.call(bench.host.rtnetlink, requests).then(() => Promise.reject(new Error("ENOBUFS")));
    };
    const labelled = virtualRouter({ virtualAddresses: [{ ...vip, label: "eth0:vip" }] });
    assert.deepEqual(await bench.finish(bench.runtime.reload([labelled], NO_GROUPS)), []);
    await bench.host.settle();
    assert.equal(failures, 1);
    assert.deepEqual(bench.host.addresses(), [OWN, VIP]);
    assert.equal(bench.state(), "active");
  });

  it("keeps unicast instances that only their peers tell apart, each its own, and withdraws both at the stop", async () => {
    const twin = (name: string, peer: string, address: string): VrrpInstance => {
      const unicastPeers = [{ address: peer, minTtl: null, maxTtl: null }];
      const virtualAddresses = virtualRouter().virtualAddresses.map((vip) => ({ ...vip, address }));
      return virtualRouter({ name, sourceAddress: "192.168.1.5", unicastPeers, virtualAddresses });
    };
    const twins = [twin("A", "192.168.1.6", "192.168.1.100"), twin("B", "192.168.1.7", "192.168.1.101")];
    const bench = new Bench(twins);
    await bench.start();
    await bench.host.advanceTo(4_000_000);
    const both = [OWN, "192.168.1.100/32", "192.168.1.101/32"];
    assert.deepEqual(bench.host.addresses(), both);
    await bench.finish(bench.runtime.reload([...twins].reverse(), NO_GROUPS));
    await bench.host.settle();
    assert.deepEqual(bench.host.addresses(), both);
    assert.equal(bench.host.loop.instanceNumbers().length, 2);
    assert.equal(bench.changes.length, 4);
    await bench.finish(bench.runtime.stop());
    assert.deepEqual(bench.host.addresses(), [OWN]);
  });

  it("tells when an interface has got another name", async () => {
    const bench = await activeBench(virtualRouter());
    bench.host.renameLink("eth0", "eth7");
    await bench.host.settle();
    assert.ok(bench.lines.includes("Interface name has changed from eth0 to eth7"));
    assert.equal(bench.state(), "fault");
  });

  it("changes nothing on a reload of the same settings from other lines", async () => {
    const bench = await activeBench(virtualRouter());
    const sent = bench.adverts.length;
    const place = { file: "other.conf", line: 9, column: 9 };
    const same = virtualRouter({
      place,
      virtualAddresses: virtualRouter().virtualAddresses.map((a) => ({ ...a, place })),
    });
    await bench.finish(bench.runtime.reload([same], NO_GROUPS));
    assert.equal(bench.adverts.length, sent);
  });

  it("waits for an interface that a reload names along with dynamic_interfaces", async () => {
    const bench = await activeBench(virtualRouter());
    const surroundings = { ...NO_GROUPS, allowsMissingInterfaces: true };
    const added = virtualRouter({ name: "VI_9", vrid: 9, interfaceName: "eth9", virtualAddresses: [] });
    assert.deepEqual(await bench.finish(bench.runtime.reload([virtualRouter(), added], surroundings)), []);
    assert.equal(bench.runtime.snapshot().length, 2);
  });

  it("refuses a reload that names an unknown interface and changes nothing", async () => {
    const bench = await activeBench(virtualRouter());
    const complaints = await bench.finish(bench.runtime.reload([virtualRouter({ interfaceName: "eth9" })], NO_GROUPS));
    assert.equal(complaints.length, 1);
    assert.equal(bench.state(), "active");
    assert.deepEqual(bench.host.addresses(), [OWN, VIP]);
  });

  it("starts added instances as backups", async () => {
    const bench = await activeBench(virtualRouter());
    await bench.finish(bench.runtime.reload([virtualRouter(), virtualRouter({ name: "VI_2", vrid: 52 })], NO_GROUPS));
    await bench.host.settle();
    assert.deepEqual(
      bench.runtime.snapshot().map(({ name, state }) => [name, state]),
      [
        ["VI_1", "active"],
        ["VI_2", "backup"],
      ],
    );
  });
});
