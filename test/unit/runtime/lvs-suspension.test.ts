import assert from "node:assert/strict";
import { test } from "node:test";
import type { VirtualServer } from "../../../src/model/lvs.ts";
import { realServer, virtualServer } from "../checker/samples.ts";
import { type Bench, configuration, createBench, flush, tableLines } from "./lvs-fakes.ts";

const VIP = "192.168.1.100";
const SERVER = "192.168.1.7";
const POOL = [`tcp ${VIP}:80 rr > ${SERVER}:80 droute w1`];
const EMPTY = [`tcp ${VIP}:80 rr`];

function suspending(fields: Partial<VirtualServer> = {}): VirtualServer {
  return { ...virtualServer([realServer(SERVER)], fields), isSuspendedWithoutAddress: true } as VirtualServer;
}

function checkerLines(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => line.includes("healthchecker")).map((line) => line.split(" ")[0] ?? "");
}

async function start(bench: Bench, ...virtualServers: readonly VirtualServer[]): Promise<void> {
  await bench.runtime.start(configuration(virtualServers));
}

async function probesIn(bench: Bench, us: number): Promise<number> {
  const before = bench.probes().probes.length;
  await bench.clock.advance(us);
  return bench.probes().probes.length - before;
}

test("checkers rest while the address is elsewhere, and the pool stays as it is", async () => {
  const bench = createBench();
  await start(bench, suspending());
  assert.deepEqual(checkerLines(bench.lines), ["Deactivating"]);
  assert.equal(await probesIn(bench, 60_000_000), 0);
  assert.deepEqual(await tableLines(bench.table), POOL);
  bench.addresses.add(VIP);
  assert.deepEqual(bench.lines.slice(-2), [
    `Netlink reflector reports IP ${VIP} added`,
    `Activating healthchecker for service [${SERVER}]:tcp:80 for VS [${VIP}]:tcp:80`,
  ]);
  assert.ok((await probesIn(bench, 4_000_000)) > 0);
  assert.deepEqual(await tableLines(bench.table), EMPTY);
});

test("what is down when the address goes stays down, and is asked soon when it comes back", async () => {
  const bench = createBench();
  bench.addresses.add(VIP);
  await start(bench, suspending());
  assert.deepEqual(checkerLines(bench.lines), ["Activating"]);
  await bench.clock.advance(2_000_000);
  assert.deepEqual(await tableLines(bench.table), EMPTY);
  bench.addresses.remove(VIP);
  assert.equal(bench.lines.at(-1)?.split(" ")[0], "Suspending");
  bench.probes().answering.add(`${SERVER}:80`);
  assert.equal(await probesIn(bench, 60_000_000), 0);
  assert.deepEqual(await tableLines(bench.table), EMPTY);
  bench.addresses.add(VIP);
  await bench.clock.advance(2_000_000);
  assert.deepEqual(await tableLines(bench.table), POOL);
});

test("an address on two interfaces is there until both have lost it; others do not matter", async () => {
  const bench = createBench();
  bench.addresses.add(VIP, 2);
  bench.addresses.add(VIP, 3);
  await start(bench, suspending());
  const count = bench.lines.length;
  bench.addresses.add("192.168.1.200");
  bench.addresses.remove(VIP, 2);
  assert.equal(bench.lines.length, count);
  bench.addresses.remove(VIP, 3);
  assert.deepEqual(checkerLines(bench.lines).slice(1), ["Suspending"]);
});

test("lost events are made up for", async () => {
  const bench = createBench();
  bench.addresses.add(VIP);
  await start(bench, suspending());
  bench.addresses.remove(VIP, 2, false);
  bench.addresses.loseEvents();
  await flush();
  assert.deepEqual(checkerLines(bench.lines), ["Activating", "Suspending"]);
});

test("a target that another virtual server asks for too goes on", async () => {
  const bench = createBench([`${SERVER}:80`]);
  const other = virtualServer([realServer(SERVER)], {
    key: { kind: "address", family: "inet", address: "192.168.1.101", port: 80, protocol: "tcp" },
  });
  await start(bench, suspending(), other);
  assert.ok((await probesIn(bench, 60_000_000)) > 0);
});

test("without ha_suspend nobody watches addresses; a reload may bring it, and take it away", async () => {
  const bench = createBench();
  await start(bench, virtualServer([realServer(SERVER)]));
  assert.equal(bench.addresses.isWatched, false);
  await bench.runtime.reload(configuration([suspending()]));
  assert.equal(bench.addresses.isWatched, true);
  assert.equal(await probesIn(bench, 30_000_000), 0);
  await bench.runtime.reload(configuration([virtualServer([realServer(SERVER)])]));
  assert.ok((await probesIn(bench, 30_000_000)) > 0);
  await bench.runtime.stop();
  assert.equal(bench.addresses.isWatched, false);
});

test("of a group any address will do; a firewall mark is never waited for", async () => {
  const bench = createBench();
  const group = suspending({ key: { kind: "group", group: "web", protocol: "tcp" } });
  const members = [
    { kind: "range", family: "inet", from: "192.168.1.100", to: "192.168.1.103", port: 80 },
    { kind: "fwmark", fwmark: 9, family: null },
  ] as const;
  const place = { file: "c", line: 1, column: 1 };
  const groups = [{ name: "web", members, place }];
  await bench.runtime.start({ ...configuration([group]), virtualServerGroups: groups });
  assert.deepEqual(checkerLines(bench.lines), ["Deactivating"]);
  bench.addresses.add("192.168.1.102");
  assert.deepEqual(checkerLines(bench.lines), ["Deactivating", "Activating"]);
  const marks = createBench();
  await start(marks, suspending({ key: { kind: "fwmark", fwmark: 5, family: "inet", protocol: "tcp" } }));
  assert.deepEqual(checkerLines(marks.lines), ["Activating"]);
});
