import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressAddMessage, addressDeleteMessage } from "../../../src/addressing/address-message.ts";
import { addressOctets, NetlinkWriter } from "../../../src/addressing/netlink-writer.ts";
import { namesRoute, type RemovedObject } from "../../../src/addressing/removed-object.ts";
import { routeMessages } from "../../../src/addressing/route-message.ts";
import type { ConfiguredRoute } from "../../../src/model/addressing.ts";
import type { VirtualAddress } from "../../../src/model/vrrp.ts";

const PLACE = { file: "keepalived.conf", line: 1, column: 1 };

const ADDRESS: VirtualAddress = {
  family: "inet",
  address: "192.0.2.1",
  prefixLength: 24,
  interfaceName: null,
  scope: 0,
  label: null,
  broadcast: null,
  peer: null,
  place: PLACE,
};

const ROUTE: ConfiguredRoute = {
  family: "inet",
  type: "unicast",
  destination: { family: "inet", address: "10.0.0.0", prefixLength: 8 },
  sourcePrefix: null,
  preferredSource: null,
  gateway: { family: "inet", address: "192.0.2.254" },
  interfaceName: "eth0",
  table: 1000,
  protocol: 18,
  scope: null,
  tos: 0,
  metric: null,
  isOnLink: false,
  realms: null,
  metrics: [{ name: "mtu", value: 1300, isLocked: true }],
  expiresSec: null,
  preference: null,
  propagatesTtl: null,
  encapsulation: null,
  insertion: "prepend",
  nextHops: [],
  isTracked: true,
  trackGroup: null,
  vrf: null,
  place: PLACE,
};

const REMOVED: RemovedObject = {
  kind: "object-removed",
  object: "route",
  family: "inet",
  table: 1000,
  priority: 0,
  destination: "10.0.0.0",
  prefixLength: 8,
  atUs: 0,
};

describe("netlink messages", () => {
  it("pads attributes to four octets, without counting the padding", () => {
    const octets = new NetlinkWriter().attributeText(3, "eth0").attributeU8(11, 18).octets;
    assert.deepEqual([...octets], [9, 0, 3, 0, 101, 116, 104, 48, 0, 0, 0, 0, 5, 0, 11, 0, 18, 0, 0, 0]);
  });

  it("outgrows its first buffer", () => {
    const writer = new NetlinkWriter();
    for (let index = 0; index < 1_000; index += 1) writer.u32(index);
    assert.equal(writer.octets.length, 4_000);
    assert.equal(new DataView(writer.octets.buffer).getUint16(3_996, true), 999);
  });

  it("spells IPv6 addresses out", () => {
    assert.deepEqual(addressOctets("inet6", "::"), new Array(16).fill(0));
    assert.deepEqual(addressOctets("inet6", "2001:db8::1"), [0x20, 1, 0xd, 0xb8, ...new Array(11).fill(0), 1]);
    assert.deepEqual(addressOctets("inet6", "::ffff:192.0.2.1").slice(10), [255, 255, 192, 0, 2, 1]);
  });

  it("adds an IPv6 host address deprecated and without duplicate detection, unless it says otherwise", () => {
    const host: VirtualAddress = { ...ADDRESS, family: "inet6", address: "2001:db8::1", prefixLength: 128 };
    const plain = [...addressAddMessage(host, 7).payload];
    assert.deepEqual(plain.slice(0, 8), [10, 128, 2, 0, 7, 0, 0, 0]);
    const cacheInfo = [20, 0, 6, 0, 0, 0, 0, 0, 255, 255, 255, 255];
    assert.deepEqual(plain.slice(48, 60), cacheInfo);
    const lasting = [...addressAddMessage({ ...host, preferredLifetime: "forever" }, 7).payload];
    assert.deepEqual(lasting.slice(52, 56), [255, 255, 255, 255]);
    assert.equal(addressDeleteMessage(host, 7).payload.length, 48);
  });

  it("makes no message of a route whose interface does not exist", () => {
    assert.equal(
      routeMessages(ROUTE, () => null),
      null,
    );
  });

  it("writes a table beyond 255 as an attribute, and deletes by any scope", () => {
    const messages = routeMessages({ ...ROUTE, scope: 253 }, () => 2);
    const add = [...(messages?.add.payload ?? [])];
    assert.deepEqual(add.slice(0, 12), [2, 8, 0, 0, 0, 18, 253, 1, 0, 0, 0, 0]);
    assert.deepEqual(add.slice(12, 20), [8, 0, 15, 0, 0xe8, 3, 0, 0]);
    assert.deepEqual([...(messages?.remove.payload ?? [])].slice(4, 8), [0, 18, 255, 1]);
    const metrics = [20, 0, 8, 0x80, 8, 0, 2, 0, 0x14, 5, 0, 0, 8, 0, 1, 0, 4, 0, 0, 0];
    assert.deepEqual(add.slice(-20), metrics);
  });

  it("knows a removed route by family, table, destination and metric", () => {
    assert.equal(namesRoute(ROUTE, REMOVED), true);
    assert.equal(namesRoute({ ...ROUTE, metric: 7 }, REMOVED), false);
    assert.equal(namesRoute(ROUTE, { ...REMOVED, prefixLength: 9 }), false);
    assert.equal(
      namesRoute({ ...ROUTE, destination: null }, { ...REMOVED, destination: "0.0.0.0", prefixLength: 0 }),
      true,
    );
    assert.equal(namesRoute(ROUTE, { ...REMOVED, object: "rule" }), false);
  });
});
