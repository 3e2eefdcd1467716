import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { diffService, diffTables, isSameDestination, isSameService } from "../../../src/ipvs/diff.ts";
import { type ServiceId, serviceId } from "../../../src/ipvs/keys.ts";
import { createMemoryIpvsTable } from "../../../src/ipvs/memory-table.ts";
import { indexDump, type Table, type TableService } from "../../../src/ipvs/table.ts";
import type { IpvsCommand, IpvsDestination, IpvsService, IpvsServiceEntry } from "../../../src/native/contract.ts";
import { dumps, tables } from "./table-arbitrary.ts";

const SERVICE: IpvsService = {
  family: "inet",
  fwmark: 0,
  protocol: "tcp",
  address: "192.168.1.100",
  port: 80,
  scheduler: "rr",
  persistenceTimeoutSec: 0,
  persistenceGranularity: 0xffffffff,
  persistenceEngine: null,
  flags: [],
};

function destination(host: number, fields: Partial<IpvsDestination> = {}): IpvsDestination {
  return {
    family: "inet",
    address: `192.168.1.${host}`,
    port: 80,
    fwdMethod: "droute",
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    tunnelType: "ipip",
    tunnelPort: 0,
    tunnelFlags: 0,
    ...fields,
  };
}

function withDestinations(service: IpvsService, destinations: readonly IpvsDestination[]): TableService {
  return { service, destinations: new Map(destinations.map((one) => [`${one.address} ${one.port}`, one])) };
}

function tableOf(...services: TableService[]): Table {
  return new Map(services.map((one) => [serviceId(one.service), one]));
}

function brief(commands: readonly IpvsCommand[]): string[] {
  return commands.map((command) => {
    const where = "destination" in command ? ` ${command.destination.address}` : "";
    return `${command.kind}${where}`;
  });
}

/** A table that holds `entries`, made with the table's own commands. */
async function fill(entries: readonly IpvsServiceEntry[]): Promise<ReturnType<typeof createMemoryIpvsTable>> {
  const table = createMemoryIpvsTable();
  assert.ok((await table.apply(diffTables(indexDump(entries), new Map(), new Set()))).every((one) => one === null));
  return table;
}

function assertSameTable(actual: Table, desired: Table): void {
  assert.deepEqual([...actual.keys()].sort(), [...desired.keys()].sort());
  for (const [id, wanted] of desired) {
    const found = actual.get(id);
    assert.ok(found !== undefined && isSameService(wanted.service, found.service));
    assert.deepEqual([...found.destinations.keys()].sort(), [...wanted.destinations.keys()].sort());
    for (const [key, one] of wanted.destinations) {
      const there = found.destinations.get(key);
      assert.ok(there !== undefined && isSameDestination(one, there));
    }
  }
}

test("a new service comes before its destinations", () => {
  const desired = tableOf(withDestinations(SERVICE, [destination(7), destination(8)]));
  assert.deepEqual(brief(diffTables(desired, new Map(), new Set())), [
    "service-add",
    "destination-add 192.168.1.7",
    "destination-add 192.168.1.8",
  ]);
});

test("an owned service that is no longer wanted goes after its destinations", () => {
  const actual = tableOf(withDestinations(SERVICE, [destination(7), destination(8)]));
  assert.deepEqual(brief(diffTables(new Map(), actual, new Set([serviceId(SERVICE)]))), [
    "destination-delete 192.168.1.7",
    "destination-delete 192.168.1.8",
    "service-delete",
  ]);
});

test("a stranger's service stays", () => {
  const actual = tableOf(withDestinations(SERVICE, [destination(7)]));
  assert.deepEqual(diffTables(new Map(), actual, new Set()), []);
});

test("changes are edits in place, and replacements are added before the replaced ones leave", () => {
  const actual = tableOf(withDestinations(SERVICE, [destination(7), destination(8), destination(9)]));
  const wanted = withDestinations({ ...SERVICE, scheduler: "wrr" }, [
    destination(7, { weight: 5 }),
    destination(8),
    destination(10, { fwdMethod: "masq" }),
  ]);
  assert.deepEqual(brief(diffTables(tableOf(wanted), actual, new Set())), [
    "service-edit",
    "destination-edit 192.168.1.7",
    "destination-add 192.168.1.10",
    "destination-delete 192.168.1.9",
  ]);
});

test("a destination that the kernel calls localnode is not edited for ever", () => {
  assert.equal(isSameDestination(destination(7), destination(7, { fwdMethod: "localnode" })), true);
});

test("tunnel settings count only for tunnels", () => {
  const gre = { tunnelType: "gre" as const };
  assert.equal(isSameDestination(destination(7), destination(7, gre)), true);
  const tunnel = { fwdMethod: "tunnel" as const };
  assert.equal(isSameDestination(destination(7, tunnel), destination(7, { ...tunnel, ...gre })), false);
});

test("the order of flags does not matter", () => {
  const flags: IpvsService["flags"] = ["sched-1", "sched-2"];
  assert.equal(isSameService({ ...SERVICE, flags }, { ...SERVICE, flags: flags.toReversed() }), true);
  assert.equal(isSameService({ ...SERVICE, flags }, { ...SERVICE, flags: ["sched-1", "one-packet"] }), false);
});

test("one service compares as in a whole table", () => {
  const one = withDestinations(SERVICE, [destination(7)]);
  assert.deepEqual(brief(diffService(one, null)), ["service-add", "destination-add 192.168.1.7"]);
  assert.deepEqual(brief(diffService(null, one)), ["destination-delete 192.168.1.7", "service-delete"]);
  assert.deepEqual(diffService(null, null), []);
  assert.deepEqual(diffService(one, one), []);
});

test("applying the difference to any table gives what is desired, and nothing is left to do", async () => {
  await fc.assert(
    fc.asyncProperty(tables, dumps, async (desired, before) => {
      const table = await fill(before);
      const owned = new Set(before.map((entry) => serviceId(entry.service)));
      const results = await table.apply(diffTables(desired, indexDump(await table.dump()), owned));
      assert.ok(results.every((result) => result === null));
      const after = indexDump(await table.dump());
      assertSameTable(after, desired);
      assert.deepEqual(diffTables(desired, after, owned), []);
    }),
    { numRuns: 300 },
  );
});

test("strangers' services are the same afterwards", async () => {
  await fc.assert(
    fc.asyncProperty(tables, dumps, fc.infiniteStream(fc.boolean()), async (desired, before, coins) => {
      const table = await fill(before);
      const owned = new Set<ServiceId>();
      for (const entry of before) if (coins.next().value) owned.add(serviceId(entry.service));
      const found = indexDump(await table.dump());
      await table.apply(diffTables(desired, found, owned));
      const after = indexDump(await table.dump());
      for (const [id, stranger] of found) {
        if (!owned.has(id) && !desired.has(id)) assert.deepEqual(after.get(id), stranger);
      }
    }),
    { numRuns: 300 },
  );
});

test("30,000 destinations are compared in tens of milliseconds", () => {
  const entries = Array.from({ length: 300 }, (_, index) => ({
    service: { ...SERVICE, port: index + 1 },
    destinations: Array.from({ length: 100 }, (_, host) => ({
      ...destination(host),
      activeConnections: 0,
      inactiveConnections: 0,
      persistentConnections: 0,
    })),
  }));
  const desired = indexDump(entries);
  diffTables(desired, indexDump(entries), new Set());
  const startMs = performance.now();
  const commands = diffTables(desired, indexDump(entries), new Set());
  const tookMs = performance.now() - startMs;
  assert.deepEqual(commands, []);
  assert.ok(tookMs < 1000, `${tookMs} ms`);
});
