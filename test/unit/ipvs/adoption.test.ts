import assert from "node:assert/strict";
import { test } from "node:test";
import { findTakenOut } from "../../../src/ipvs/adoption.ts";
import { expandVirtualServer, mergeServices } from "../../../src/ipvs/expand.ts";
import { type GroupMembers, NO_GROUPS } from "../../../src/ipvs/groups.ts";
import { realServer, virtualServer } from "../checker/samples.ts";

const SERVERS = [
  realServer("192.168.1.7"),
  realServer("192.168.1.8"),
  realServer("192.168.1.9", { isInhibitedOnFailure: true }),
  realServer("192.168.1.10", { weight: 0 }),
];
const HEALTH = {
  hasQuorum: true,
  servers: [true, false, false, true].map((isAlive, index) => ({ isAlive, weight: SERVERS[index]?.weight ?? 0 })),
};

test("servers that are missing or inhibited in a left-over service had been taken out", () => {
  const service = virtualServer(SERVERS);
  const table = mergeServices(expandVirtualServer(service, HEALTH, NO_GROUPS));
  assert.deepEqual(findTakenOut(service, NO_GROUPS, table), [false, true, true, false]);
});

test("without a left-over service nobody had been taken out", () => {
  assert.deepEqual(findTakenOut(virtualServer(SERVERS), NO_GROUPS, new Map()), [false, false, false, false]);
});

test("servers of a group are looked for at the member's port", () => {
  const groups: GroupMembers = new Map([
    ["G", [{ kind: "address", family: "inet", address: "192.0.2.1", port: 1000 }]],
  ]);
  const service = virtualServer(SERVERS, { key: { kind: "group", group: "G", protocol: "tcp" } });
  const table = mergeServices(expandVirtualServer(service, HEALTH, groups));
  assert.deepEqual(findTakenOut(service, groups, table), [false, true, true, false]);
});

test("a server that an operator drains had not been taken out", () => {
  const service = virtualServer(SERVERS);
  const servers = HEALTH.servers.map((server, index) => (index === 0 ? { isAlive: true, weight: 0 } : server));
  const table = mergeServices(expandVirtualServer(service, { hasQuorum: true, servers }, NO_GROUPS));
  assert.deepEqual(findTakenOut(service, NO_GROUPS, table), [true, true, true, false]);
  assert.deepEqual(findTakenOut(service, NO_GROUPS, table, [0, 1, 1, 0]), [false, true, true, false]);
});
