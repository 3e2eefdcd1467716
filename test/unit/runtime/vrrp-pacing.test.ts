import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { announcementRecords } from "../../../src/runtime/vrrp-wording.ts";
import { virtualRouter } from "../../helpers/virtual-router.ts";
import { activeBench, Bench, NO_GROUPS } from "../../helpers/vrrp-bench.ts";

const { announce } = virtualRouter();
const PACED = virtualRouter({ announce: { ...announce, garpIntervalUs: 2_000, gnaIntervalUs: 1_000 } });

describe("VrrpRuntime and the pace of announcements", () => {
  it("hands the loop the intervals of each interface, and of groups", async () => {
    const bench = new Bench([PACED, virtualRouter({ name: "VI_2", interfaceName: "eth1", vrid: 52 })], {
      garpGroups: [{ interfaces: ["eth1", "eth2"], garpIntervalUs: 5_000, gnaIntervalUs: null }],
    });
    bench.host.addLink("eth1", 3);
    bench.host.addAddress(bench.host.address("eth1", "10.0.0.5", 24));
    await bench.start();
    assert.deepEqual(bench.host.loop.pacing, [
      { interfaces: [3], garpIntervalUs: 5_000, gnaIntervalUs: 0 },
      { interfaces: [2], garpIntervalUs: 2_000, gnaIntervalUs: 1_000 },
    ]);
    bench.host.addLink("eth2", 4);
    await bench.host.settle();
    assert.deepEqual(bench.host.loop.pacing[0]?.interfaces, [3, 4]);
    await bench.finish(bench.runtime.reload([virtualRouter()], NO_GROUPS));
    assert.deepEqual(bench.host.loop.pacing, []);
  });

  it("says each packet of the first burst and of later ones (keepalived -D)", async () => {
    const bench = await activeBench(virtualRouter({ announce: { ...announce, repeat: 2 } }));
    const burst = [
      "(VI_1) Sending/queueing gratuitous ARPs on eth0 for 192.168.1.100",
      "Sending gratuitous ARP on eth0 for 192.168.1.100",
      "Sending gratuitous ARP on eth0 for 192.168.1.100",
    ];
    assert.deepEqual(bench.lines.slice(-3), burst);
    bench.lines.length = 0;
    bench.host.loop.emit({ kind: "announced", instance: 1, rounds: 2, atUs: 9_000_000 });
    await bench.host.settle();
    assert.deepEqual(bench.lines, burst);
  });
});

describe("announcementRecords", () => {
  const [first] = virtualRouter().virtualAddresses;
  assert.ok(first);

  it("names each address with its first packet", () => {
    const second = { ...first, family: "inet6", address: "fd00::1", interfaceName: "eth1" } as const;
    const texts = announcementRecords(virtualRouter({ virtualAddresses: [first, second] }), 2).map(({ text }) => text);
    assert.deepEqual(texts, [
      "(VI_1) Sending/queueing gratuitous ARPs on eth0 for 192.168.1.100",
      "Sending gratuitous ARP on eth0 for 192.168.1.100",
      "(VI_1) Sending/queueing Unsolicited Neighbour Adverts on eth1 for fd00::1",
      "Sending unsolicited Neighbour Advert on eth1 for fd00::1",
      "Sending gratuitous ARP on eth0 for 192.168.1.100",
      "Sending unsolicited Neighbour Advert on eth1 for fd00::1",
    ]);
  });

  it("leaves the packets of thousands of addresses out", () => {
    const virtualAddresses = Array.from({ length: 2_000 }, () => first);
    assert.equal(announcementRecords(virtualRouter({ virtualAddresses }), 5).length, 2_000);
  });
});
