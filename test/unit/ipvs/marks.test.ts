import assert from "node:assert/strict";
import { test } from "node:test";
import { expandVirtualServer, serviceKeys } from "../../../src/ipvs/expand.ts";
import { indexGroups } from "../../../src/ipvs/groups.ts";
import { markScript, planMarks, withMarks } from "../../../src/ipvs/marks.ts";
import type { GroupMember } from "../../../src/model/checks.ts";
import type { VirtualServer } from "../../../src/model/lvs.ts";
import { realServer, virtualServer } from "../checker/samples.ts";

const PLACE = { file: "test.conf", line: 1, column: 1 };

function address(text: string, port: number): GroupMember {
  return { kind: "address", family: text.includes(":") ? "inet6" : "inet", address: text, port };
}

const GROUPS = indexGroups([
  { name: "a", members: [address("10.0.0.1", 80), address("2001:db8::1", 80)], place: PLACE },
  { name: "b", members: [address("10.0.0.2", 53)], place: PLACE },
  { name: "own", members: [address("10.0.0.3", 80), { kind: "fwmark", fwmark: 1_000, family: null }], place: PLACE },
]);

function service(group: string, protocol: "tcp" | "udp"): VirtualServer {
  return virtualServer([realServer("10.1.0.1")], { key: { kind: "group", group, protocol } });
}

const ALL = [service("a", "tcp"), service("own", "tcp"), service("b", "udp"), service("b", "tcp")];

test("groups of addresses get one mark per protocol, past those that are in use", () => {
  assert.deepEqual(
    planMarks(ALL, GROUPS, 1_000).map(({ group, protocol, mark }) => `${group} ${protocol} ${mark}`),
    ["a tcp 1001", "b udp 1002", "b tcp 1003"],
  );
});

test("a reload keeps the marks of groups that stay", () => {
  const before = planMarks(ALL, GROUPS, 1_000);
  const after = planMarks([service("b", "tcp"), service("a", "udp"), service("a", "tcp")], GROUPS, 1_000, before);
  assert.deepEqual(
    after.map(({ group, protocol, mark }) => `${group} ${protocol} ${mark}`),
    ["b tcp 1003", "a udp 1004", "a tcp 1001"],
  );
});

test("a marked group is one service per family, others are as before; direct routing has no port there", () => {
  const groups = withMarks(GROUPS, planMarks(ALL, GROUPS, 1_000));
  const keys = (one: VirtualServer): readonly string[] =>
    serviceKeys(one, groups).map(({ family, fwmark, address: at, port }) => `${family} ${fwmark} ${at} ${port}`);
  assert.deepEqual(keys(service("a", "tcp")), ["inet 1001 null 0", "inet6 1001 null 0"]);
  assert.deepEqual(keys(service("own", "tcp")), ["inet 0 10.0.0.3 80", "inet 1000 null 0"]);
  const health = { hasQuorum: true, servers: [{ isAlive: true, weight: 1 }] };
  const [marked] = expandVirtualServer(service("b", "udp"), health, groups);
  assert.deepEqual([...(marked?.destinations.keys() ?? [])], ["10.1.0.1 0"]);
});

test("the script has a map and a rule for each protocol of each family", () => {
  const script = markScript({ table: "t", priority: -1 }, planMarks(ALL, GROUPS, 1_000));
  assert.equal(
    script,
    `table ip t
delete table ip t
table ip6 t
delete table ip6 t
table ip t {
map tcp_map {
type ipv4_addr . inet_service : mark
flags interval
elements = { 10.0.0.1 . 80 : 1001, 10.0.0.2 . 53 : 1003 }
}
map udp_map {
type ipv4_addr . inet_service : mark
flags interval
elements = { 10.0.0.2 . 53 : 1002 }
}
chain in {
type filter hook input priority -1; policy accept;
meta mark set ip daddr . tcp dport map @tcp_map return
meta mark set ip daddr . udp dport map @udp_map return
}
}
table ip6 t {
map tcp_map {
type ipv6_addr . inet_service : mark
flags interval
elements = { 2001:db8::1 . 80 : 1001 }
}
chain in {
type filter hook input priority -1; policy accept;
meta mark set ip6 daddr . tcp dport map @tcp_map return
}
}
`,
  );
});
