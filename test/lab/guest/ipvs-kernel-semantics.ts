/** Runs in a kernel with IPVS: what src/ipvs takes for granted is what the kernel does. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { diffTables } from "../../../src/ipvs/diff.ts";
import { type ServiceId, serviceId } from "../../../src/ipvs/keys.ts";
import { createMemoryIpvsTable, KERNEL_SCHEDULERS } from "../../../src/ipvs/memory-table.ts";
import { indexDump, type TableService } from "../../../src/ipvs/table.ts";
import type { IpvsCommand, IpvsDestination, IpvsServiceEntry, IpvsTable } from "../../../src/native/contract.ts";
import { loadNative } from "../../../src/native/load.ts";
import { dumps, tables } from "../../unit/ipvs/table-arbitrary.ts";

/** Not in the guest's kernel: `twos` came later, and `sip` needs a module that may be missing. */
const SCHEDULERS = KERNEL_SCHEDULERS.filter((name) => name !== "twos");
const FLUSH: IpvsCommand = { kind: "flush" };
const RUNS = { numRuns: 60, seed: 1 };

let kernel: IpvsTable;

before(() => {
  kernel = loadNative().openIpvs();
});

after(async () => {
  await kernel.apply([FLUSH]);
  kernel.close();
});

function withoutModules(entries: readonly IpvsServiceEntry[]): IpvsServiceEntry[] {
  return entries.map(({ service, destinations }) => ({
    service: { ...service, scheduler: known(service.scheduler), persistenceEngine: null },
    destinations,
  }));
}

function known(scheduler: string): string {
  return SCHEDULERS.includes(scheduler) ? scheduler : "rr";
}

/** A dump as text: sorted, counters left out. */
function picture(entries: readonly IpvsServiceEntry[]): string[] {
  return entries
    .flatMap(({ service, destinations }) => {
      const { scheduler, persistenceTimeoutSec, persistenceGranularity, flags } = service;
      const settings = [scheduler, persistenceTimeoutSec, persistenceGranularity, ...[...flags].sort()];
      const head = `${serviceId(service)} ${settings.join(" ")}`;
      return [head, ...destinations.map((one) => `${serviceId(service)} > ${describe(one)}`)];
    })
    .sort();
}

function describe(one: IpvsDestination): string {
  const { address, port, fwdMethod, weight, upperThreshold, lowerThreshold } = one;
  const tunnel = [one.tunnelType, one.tunnelPort, one.tunnelFlags];
  return [address, port, fwdMethod, weight, upperThreshold, lowerThreshold, ...tunnel].join(" ");
}

const commands: fc.Arbitrary<IpvsCommand[]> = fc
  .array(
    fc.tuple(
      dumps.map(withoutModules),
      fc.constantFrom("service-add", "service-edit", "service-delete"),
      fc.constantFrom("destination-add", "destination-edit", "destination-delete"),
      fc.constantFrom(false, false, false, true),
    ),
    { maxLength: 6 },
  )
  .map((parts) =>
    parts.flatMap(([entries, onService, onDestination, isOdd]) =>
      entries.flatMap(({ service, destinations }): IpvsCommand[] => [
        { kind: onService, service: isOdd ? { ...service, scheduler: "none-such" } : service },
        ...destinations.map((destination): IpvsCommand => {
          const lowerThreshold = isOdd ? 9 : destination.lowerThreshold;
          return { kind: onDestination, service, destination: { ...destination, lowerThreshold } };
        }),
      ]),
    ),
  );

test("the memory table accepts, refuses and holds what the kernel does", async () => {
  let refusals = 0;
  await fc.assert(
    fc.asyncProperty(commands, async (list) => {
      const memory = createMemoryIpvsTable({ schedulers: SCHEDULERS, persistenceEngines: [] });
      await kernel.apply([FLUSH]);
      const brief = async (table: IpvsTable): Promise<(string | null)[]> =>
        (await table.apply(list)).map((one) => (one === null ? null : `${one.syscall} ${one.code} ${one.errno}`));
      const expected = await brief(kernel);
      assert.deepEqual(await brief(memory), expected);
      assert.deepEqual(picture(await memory.dump()), picture(await kernel.dump()));
      refusals += expected.filter((one) => one !== null).length;
    }),
    RUNS,
  );
  assert.ok(refusals > 100, `${refusals} refusals`);
});

test("differences applied to the kernel give what is desired and leave strangers alone", async () => {
  const strangers = fc.infiniteStream(fc.boolean());
  await fc.assert(
    fc.asyncProperty(tables, dumps.map(withoutModules), strangers, async (wanted, found, coins) => {
      const desired = indexDump(withoutModules([...wanted.values()].map(toEntry)));
      await kernel.apply([FLUSH, ...diffTables(indexDump(found), new Map(), new Set())]);
      const actual = indexDump(await kernel.dump());
      const owned = new Set<ServiceId>([...actual.keys()].filter(() => coins.next().value));
      const results = await kernel.apply(diffTables(desired, actual, owned));
      assert.deepEqual(
        results.filter((one) => one !== null),
        [],
      );
      const now = indexDump(await kernel.dump());
      assert.deepEqual(diffTables(desired, now, owned), []);
      for (const [id, stranger] of actual) {
        if (!owned.has(id) && !desired.has(id)) assert.deepEqual(now.get(id), stranger);
      }
    }),
    RUNS,
  );
});

function toEntry(one: TableService): IpvsServiceEntry {
  const counters = { activeConnections: 0, inactiveConnections: 0, persistentConnections: 0 };
  const destinations = [...one.destinations.values()].map((destination) => ({ ...destination, ...counters }));
  return { service: one.service, destinations };
}
