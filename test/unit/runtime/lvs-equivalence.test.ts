import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { destinationId, serviceId } from "../../../src/ipvs/keys.ts";
import type { VirtualServer } from "../../../src/model/lvs.ts";
import type { IpvsCommand, IpvsServiceEntry } from "../../../src/native/contract.ts";
import { realServer, virtualServer } from "../checker/samples.ts";
import { type Bench, configuration, createBench } from "./lvs-fakes.ts";

const SECOND_US = 1_000_000;
const HOSTS = [1, 2, 3, 4, 5];

const server = fc.record({
  host: fc.constantFrom(...HOSTS),
  weight: fc.integer({ min: 0, max: 3 }),
  isInhibitedOnFailure: fc.boolean(),
  fwdMethod: fc.constantFrom("masq" as const, "droute" as const, "tunnel" as const),
  isChecked: fc.boolean(),
});

/** Without hysteresis: with it a quorum depends on what was before, by its very purpose. */
const pool: fc.Arbitrary<VirtualServer> = fc
  .record({
    port: fc.integer({ min: 80, max: 83 }),
    scheduler: fc.constantFrom("rr", "wlc", "sh"),
    persistenceTimeoutSec: fc.constantFrom(0, 50),
    quorum: fc.integer({ min: 1, max: 4 }),
    hasSorryServer: fc.boolean(),
    isSorryServerInhibited: fc.boolean(),
    servers: fc.uniqueArray(server, { selector: ({ host }) => host, maxLength: HOSTS.length }),
  })
  .map(({ port, servers, hasSorryServer, isSorryServerInhibited, ...rest }) => {
    const key = { kind: "address", family: "inet", address: "192.168.1.100", port, protocol: "tcp" } as const;
    const realServers = servers.map(({ host, isChecked, ...fields }) =>
      realServer(`10.0.0.${host}`, isChecked ? fields : { ...fields, checkers: [] }),
    );
    const sorryServer = hasSorryServer ? realServer("10.0.0.9", { checkers: [] }) : null;
    return virtualServer(realServers, {
      ...rest,
      key,
      sorryServer,
      isSorryServerInhibited: hasSorryServer && isSorryServerInhibited,
    });
  });

const pools = fc.uniqueArray(pool, {
  selector: ({ key }) => (key.kind === "address" ? key.port : 0),
  minLength: 1,
  maxLength: 4,
});
const answering = fc.subarray(HOSTS.map((host) => `10.0.0.${host}:80`));

/** Every entry by a name of its own, as text. */
function entriesOf(dump: readonly IpvsServiceEntry[]): Map<string, string> {
  const entries = new Map<string, string>();
  for (const { service, destinations } of dump) {
    entries.set(serviceId(service), JSON.stringify(service));
    for (const one of destinations) entries.set(`${serviceId(service)} > ${destinationId(one)}`, JSON.stringify(one));
  }
  return entries;
}

function nameOf(command: IpvsCommand): string {
  if (!("service" in command)) return command.kind;
  const id = serviceId(command.service);
  return "destination" in command ? `${id} > ${destinationId(command.destination)}` : id;
}

async function settled(bench: Bench): Promise<Map<string, string>> {
  await bench.clock.advance(10 * SECOND_US);
  return entriesOf(await bench.table.dump());
}

function sorted(entries: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
}

test("a reload from A to B ends in the table of a cold start of B, and touches no entry that stays", async () => {
  await fc.assert(
    fc.asyncProperty(pools, pools, answering, async (first, second, up) => {
      const bench = createBench(up);
      await bench.runtime.start(configuration(first));
      const before = await settled(bench);
      bench.table.batches.length = 0;
      await bench.runtime.reload(configuration(second));
      const after = entriesOf(await bench.table.dump());
      for (const command of bench.table.batches.flat()) {
        const name = nameOf(command);
        assert.notEqual(after.get(name), before.get(name), `${command.kind} ${name} was not needed`);
      }
      const cold = createBench(up);
      await cold.runtime.start(configuration(second));
      assert.deepEqual(sorted(await settled(bench)), sorted(await settled(cold)));
      await bench.runtime.stop();
      await cold.runtime.stop();
    }),
    { numRuns: 150 },
  );
});

test("whatever others do to the table is undone within one interval, and what is theirs is left alone", async () => {
  await fc.assert(
    fc.asyncProperty(pools, answering, fc.array(fc.nat()), async (services, up, picks) => {
      const bench = createBench(up);
      await bench.runtime.start(configuration(services));
      const wanted = await settled(bench);
      const dump = await bench.table.dump();
      for (const pick of picks) await bench.table.apply([damage(dump, pick)]);
      assert.deepEqual(sorted(await settled(bench)), sorted(wanted));
      await bench.runtime.stop();
      assert.deepEqual(await bench.table.dump().catch(() => []), []);
    }),
    { numRuns: 100 },
  );
});

/** One of the things that another program may do to our services. */
function damage(dump: readonly IpvsServiceEntry[], pick: number): IpvsCommand {
  const entry = dump[pick % Math.max(1, dump.length)];
  if (entry === undefined || pick % 7 === 0) return { kind: "flush" };
  const { service, destinations } = entry;
  const destination = destinations[pick % Math.max(1, destinations.length)];
  if (destination === undefined || pick % 5 === 0) return { kind: "service-delete", service };
  if (pick % 3 === 0) return { kind: "destination-delete", service, destination };
  if (pick % 2 === 0) return { kind: "destination-edit", service, destination: { ...destination, weight: 77 } };
  const added = { ...destination, address: "10.0.0.200" };
  return { kind: "destination-add", service, destination: added };
}
