import assert from "node:assert/strict";
import { test } from "node:test";
import { expandVirtualServer, mergeServices, type PoolHealth } from "../../../src/ipvs/expand.ts";
import { type GroupMembers, NO_GROUPS } from "../../../src/ipvs/groups.ts";
import type { TableService } from "../../../src/ipvs/table.ts";
import type { VirtualServer, VirtualServerKey } from "../../../src/model/lvs.ts";
import { realServer, virtualServer } from "../checker/samples.ts";

const GUE = { type: "gue", port: 6080, checksum: "remcsum" } as const;
const SORRY = realServer("192.168.1.9", { checkers: [] });

function health(hasQuorum: boolean, ...alive: boolean[]): PoolHealth {
  return { hasQuorum, servers: alive.map((isAlive) => ({ isAlive, weight: 3 })) };
}

function weights(service: VirtualServer, state: PoolHealth): Record<string, number> {
  const [only] = expandVirtualServer(service, state, NO_GROUPS);
  assert.ok(only !== undefined);
  return Object.fromEntries([...only.destinations].map(([id, destination]) => [id, destination.weight]));
}

test("a service carries the model's settings", () => {
  const service = virtualServer([realServer("192.168.1.7", { fwdMethod: "masq", port: 8080, upperThreshold: 9 })], {
    scheduler: "mh",
    flags: ["sched-2"],
    persistenceTimeoutSec: 50,
    persistenceEngine: "sip",
  });
  const [only] = expandVirtualServer(service, health(true, true), NO_GROUPS);
  assert.deepEqual(only?.service, {
    family: "inet",
    fwmark: 0,
    protocol: "tcp",
    address: "192.168.1.100",
    port: 80,
    scheduler: "mh",
    flags: ["sched-2"],
    persistenceTimeoutSec: 50,
    persistenceGranularity: 0xffffffff,
    persistenceEngine: "sip",
  });
  assert.deepEqual(only?.destinations.get("192.168.1.7 8080"), {
    family: "inet",
    address: "192.168.1.7",
    port: 8080,
    fwdMethod: "masq",
    weight: 3,
    upperThreshold: 9,
    lowerThreshold: 0,
    tunnelType: "ipip",
    tunnelPort: 0,
    tunnelFlags: 0,
  });
});

test("dead servers leave, inhibited ones stay with weight 0", () => {
  const service = virtualServer([
    realServer("192.168.1.7"),
    realServer("192.168.1.8", { isInhibitedOnFailure: true }),
    realServer("192.168.1.6"),
  ]);
  assert.deepEqual(weights(service, health(true, false, false, true)), {
    "192.168.1.8 80": 0,
    "192.168.1.6 80": 3,
  });
});

test("without a sorry server the remaining servers stay when the quorum is lost", () => {
  const service = virtualServer([realServer("192.168.1.7"), realServer("192.168.1.8")], { quorum: 2 });
  assert.deepEqual(weights(service, health(false, true, false)), { "192.168.1.7 80": 3 });
});

test("the sorry server replaces alive servers, inhibited ones go to weight 0", () => {
  const servers = [realServer("192.168.1.7"), realServer("192.168.1.8", { isInhibitedOnFailure: true })];
  const service = virtualServer(servers, { sorryServer: SORRY });
  assert.deepEqual(weights(service, health(false, true, true)), { "192.168.1.8 80": 0, "192.168.1.9 80": 1 });
  assert.deepEqual(weights(service, health(true, true, true)), { "192.168.1.7 80": 3, "192.168.1.8 80": 3 });
});

test("an inhibited sorry server stays in the table with weight 0", () => {
  const service = virtualServer([realServer("192.168.1.7")], { sorryServer: SORRY, isSorryServerInhibited: true });
  assert.deepEqual(weights(service, health(true, true)), { "192.168.1.7 80": 3, "192.168.1.9 80": 0 });
  assert.deepEqual(weights(service, health(false, false)), { "192.168.1.9 80": 1 });
});

test("a real server that is the sorry server as well serves as whichever is on", () => {
  const servers = [realServer("192.168.1.9", { isInhibitedOnFailure: true })];
  const service = virtualServer(servers, { sorryServer: SORRY, isSorryServerInhibited: true });
  assert.deepEqual(weights(service, health(true, true)), { "192.168.1.9 80": 3 });
  assert.deepEqual(weights(service, health(false, false)), { "192.168.1.9 80": 1 });
});

test("of servers that come to be one destination one that serves counts, the first of several", () => {
  const servers = [
    realServer("192.168.1.7", { isInhibitedOnFailure: true, upperThreshold: 1 }),
    realServer("192.168.1.7", { upperThreshold: 2 }),
    realServer("192.168.1.7", { upperThreshold: 3 }),
  ];
  const service = virtualServer(servers);
  const which = (...alive: boolean[]): readonly (readonly number[])[] => {
    const [only] = expandVirtualServer(service, health(true, ...alive), NO_GROUPS);
    return [...(only?.destinations.values() ?? [])].map(({ upperThreshold, weight }) => [upperThreshold, weight]);
  };
  assert.deepEqual(which(true, true, true), [[1, 3]]);
  assert.deepEqual(which(false, true, true), [[2, 3]]);
  assert.deepEqual(which(false, false, true), [[3, 3]]);
  assert.deepEqual(which(false, false, false), [[1, 0]]);
});

test("so it is in a group, where the port of its members makes them one", () => {
  const groups: GroupMembers = new Map([["G", [{ kind: "address", family: "inet", address: "192.0.2.1", port: 99 }]]]);
  const servers = [80, 8080].map((port) => realServer("192.168.1.7", { port, upperThreshold: port }));
  const service = virtualServer(servers, { key: { kind: "group", group: "G", protocol: "tcp" } });
  const thresholds = (...alive: boolean[]): readonly (readonly (string | number)[])[] =>
    expandVirtualServer(service, health(true, ...alive), groups).flatMap(({ destinations }) =>
      [...destinations].map(([id, { upperThreshold }]) => [id, upperThreshold]),
    );
  assert.deepEqual(thresholds(true, true), [["192.168.1.7 99", 80]]);
  assert.deepEqual(thresholds(false, true), [["192.168.1.7 99", 8080]]);
});

test("an engine of persistence without a timeout is left out, as by keepalived", () => {
  const [only] = expandVirtualServer(virtualServer([], { persistenceEngine: "sip" }), health(true), NO_GROUPS);
  assert.equal(only?.service.persistenceEngine, null);
});

test("a fwmark service has no address", () => {
  const key: VirtualServerKey = { kind: "fwmark", fwmark: 5, family: "inet6", protocol: "tcp" };
  const [only] = expandVirtualServer(virtualServer([], { key }), health(false), NO_GROUPS);
  assert.equal(only?.service.fwmark, 5);
  assert.equal(only?.service.family, "inet6");
  assert.equal(only?.service.protocol, null);
  assert.equal(only?.service.address, null);
});

test("a group gives one service per member; without NAT destinations take the member's port", () => {
  const groups: GroupMembers = new Map([
    [
      "G",
      [
        { kind: "address", family: "inet", address: "192.168.1.100", port: 1000 },
        { kind: "fwmark", fwmark: 77, family: null },
      ],
    ],
  ]);
  const servers = [
    realServer("192.168.1.7", { fwdMethod: "tunnel" }),
    realServer("192.168.1.8", { fwdMethod: "masq" }),
  ];
  const service = virtualServer(servers, { key: { kind: "group", group: "G", protocol: "tcp" } });
  const ids = expandVirtualServer(service, health(true, true, true), groups).map((one) => [...one.destinations.keys()]);
  assert.deepEqual(ids, [
    ["192.168.1.7 1000", "192.168.1.8 80"],
    ["192.168.1.7 0", "192.168.1.8 80"],
  ]);
  assert.deepEqual(expandVirtualServer(service, health(true, true, true), NO_GROUPS), []);
});

test("services asked for twice are put together, the first one's settings hold", () => {
  const first = virtualServer([realServer("192.168.1.7"), realServer("192.168.1.8", { weight: 9 })]);
  const second = virtualServer([realServer("192.168.1.6"), realServer("192.168.1.7", { fwdMethod: "masq" })], {
    scheduler: "wrr",
  });
  const services: TableService[] = [first, second].flatMap((one) =>
    expandVirtualServer(one, health(true, true, true), NO_GROUPS),
  );
  const merged = [...mergeServices(services).values()];
  assert.equal(merged.length, 1);
  assert.equal(merged[0]?.service.scheduler, "rr");
  assert.deepEqual([...(merged[0]?.destinations.keys() ?? [])].sort(), [
    "192.168.1.6 80",
    "192.168.1.7 80",
    "192.168.1.8 80",
  ]);
  assert.equal(merged[0]?.destinations.get("192.168.1.7 80")?.fwdMethod, "droute");
});

test("a tunnel carries its type, port and checksum flag", () => {
  const gue = { ...realServer("192.168.1.7", { fwdMethod: "tunnel" }), tunnel: GUE };
  const [only] = expandVirtualServer(virtualServer([gue]), health(true, true), NO_GROUPS);
  const destination = only?.destinations.get("192.168.1.7 80");
  assert.equal(destination?.tunnelType, "gue");
  assert.equal(destination?.tunnelPort, 6080);
  assert.equal(destination?.tunnelFlags, 2);
});

test("members of the other family get the finest granularity", () => {
  const groups: GroupMembers = new Map([
    [
      "G",
      [
        { kind: "address", family: "inet", address: "192.0.2.1", port: 80 },
        { kind: "address", family: "inet6", address: "2001:db8::1", port: 80 },
      ],
    ],
  ]);
  const granularities = (persistenceGranularity: number): number[] => {
    const key: VirtualServerKey = { kind: "group", group: "G", protocol: "tcp" };
    const service = virtualServer([realServer("192.168.1.7")], { key, persistenceGranularity });
    return expandVirtualServer(service, health(true, true), groups).map((one) => one.service.persistenceGranularity);
  };
  assert.deepEqual(granularities(0xffffff00), [0xffffff00, 128]);
  assert.deepEqual(granularities(64), [0xffffffff, 64]);
});

test("the sorry server is tunnelled to as it says itself", () => {
  const sorryServer = realServer("192.168.1.9", { fwdMethod: "tunnel", checkers: [] });
  const sorryTunnel = { type: "gue", port: 99, checksum: "csum" } as const;
  const service = { ...virtualServer([realServer("192.168.1.7")], { sorryServer }), sorryTunnel };
  const health = { hasQuorum: false, servers: [{ isAlive: false, weight: 1 }] };
  const [expanded] = expandVirtualServer(service, health, NO_GROUPS);
  const [destination] = [...(expanded?.destinations.values() ?? [])];
  assert.deepEqual(
    [destination?.address, destination?.tunnelType, destination?.tunnelPort, destination?.tunnelFlags],
    ["192.168.1.9", "gue", 99, 1],
  );
});

test("a mark of a group is of the virtual server's family, be the first server behind a tunnel of the other one", () => {
  const key: VirtualServerKey = { kind: "group", group: "g", protocol: "tcp" };
  const groups: GroupMembers = new Map([["g", [{ kind: "fwmark", fwmark: 77, family: null }]]]);
  const servers = [realServer("10.0.0.1", { fwdMethod: "tunnel" })];
  const families = (own: Partial<VirtualServer> & { readonly family?: "inet6" | null }): readonly string[] =>
    expandVirtualServer({ ...virtualServer(servers, { key }), ...own }, health(true, true), groups).map(
      ({ service }) => service.family,
    );
  assert.deepEqual([families({ family: "inet6" }), families({})], [["inet6"], ["inet"]]);
  const six = [realServer("2001:db8::1", { family: "inet6", fwdMethod: "tunnel" })];
  assert.deepEqual(families({ family: null, realServers: six }), ["inet"]);
});
