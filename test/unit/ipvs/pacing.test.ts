import assert from "node:assert/strict";
import { test } from "node:test";
import { diffTables } from "../../../src/ipvs/diff.ts";
import { serviceId } from "../../../src/ipvs/keys.ts";
import { fullBudget, paceDeletions } from "../../../src/ipvs/pacing.ts";
import { indexDump, type Table } from "../../../src/ipvs/table.ts";
import type { IpvsCommand, IpvsService } from "../../../src/native/contract.ts";

const SERVICE: IpvsService = {
  family: "inet",
  fwmark: 0,
  protocol: "tcp",
  address: "192.0.2.1",
  port: 80,
  scheduler: "wlc",
  persistenceTimeoutSec: 0,
  persistenceGranularity: 0xffffffff,
  persistenceEngine: null,
  flags: [],
};

function table(count: number, service: Partial<IpvsService> = {}, weight = 1): Table {
  const destinations = Array.from({ length: count }, (_, index) => ({
    family: "inet" as const,
    address: `10.0.${index >> 8}.${index & 255}`,
    port: 80,
    fwdMethod: "masq" as const,
    weight,
    upperThreshold: 0,
    lowerThreshold: 0,
    tunnelType: "ipip" as const,
    tunnelPort: 0,
    tunnelFlags: 0,
    activeConnections: 0,
    inactiveConnections: 0,
    persistentConnections: 0,
  }));
  return indexDump([{ service: { ...SERVICE, ...service }, destinations }]);
}

function kinds(commands: readonly IpvsCommand[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { kind } of commands) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function pace(desired: Table, actual: Table, budget = fullBudget(0), nowUs = 0): ReturnType<typeof paceDeletions> {
  const owned = new Set([serviceId(SERVICE)]);
  return paceDeletions(diffTables(desired, actual, owned), { desired, actual }, budget, nowUs);
}

test("beyond 512 deletions servers get weight 0 and are deleted at 512 in two minutes", () => {
  const first = pace(table(0), table(1_000));
  assert.deepEqual(kinds(first.commands), { "destination-delete": 512, "destination-edit": 488 });
  assert.deepEqual([...first.postponed], [serviceId(SERVICE)]);
  assert.ok(first.commands.every((command) => command.kind !== "destination-edit" || command.destination.weight === 0));
  const idle = table(488, {}, 0);
  assert.deepEqual(kinds(pace(table(0), idle, first.budget, 30_000_000).commands), { "destination-delete": 128 });
  assert.deepEqual(kinds(pace(table(0), idle, first.budget, 500_000_000).commands), { "destination-delete": 488 });
  assert.deepEqual([...pace(table(0), idle, first.budget, 500_000_000).postponed], []);
});

test("where weight 0 is not the same as gone, nothing waits", () => {
  for (const service of [{ scheduler: "sh" }, { scheduler: "dh" }, { persistenceTimeoutSec: 50 }]) {
    assert.deepEqual(kinds(pace(table(0, service), table(1_000, service)).commands), { "destination-delete": 1_000 });
  }
});

test("a service that goes takes its servers along at once", () => {
  const { commands } = pace(new Map(), table(1_000));
  assert.deepEqual(kinds(commands), { "destination-delete": 1_000, "service-delete": 1 });
});
