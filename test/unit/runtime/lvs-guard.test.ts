import assert from "node:assert/strict";
import { test } from "node:test";
import type { VirtualServer } from "../../../src/model/lvs.ts";
import { realServer, virtualServer } from "../checker/samples.ts";
import { type Bench, configuration, createBench, tableLines } from "./lvs-fakes.ts";

const SECOND_US = 1_000_000;
const ADDRESSES = [1, 2, 3, 4].flatMap((last) => [`10.0.1.${last}`, `10.0.2.${last}`]);

function pool(net: number, fields: Partial<VirtualServer> = {}): VirtualServer {
  const servers = [1, 2, 3, 4].map((last) => realServer(`10.0.${net}.${last}`));
  const key = { kind: "address", family: "inet", address: `192.168.1.${net}`, port: 80, protocol: "tcp" } as const;
  return virtualServer(servers, { key, isGuarded: true, ...fields });
}

const TWO = configuration([pool(1), pool(2)]);

/** All servers are up, then none answers any more. */
async function outage(problem: string | null, config = TWO): Promise<Bench> {
  const bench = createBench(ADDRESSES.map((address) => `${address}:80`));
  await bench.runtime.start(config);
  await bench.clock.advance(2 * SECOND_US);
  bench.lines.splice(0);
  bench.network.problem = problem;
  bench.probes().answering.clear();
  await bench.clock.advance(5 * SECOND_US);
  return bench;
}

const HELD = "but eth0 has no carrier: the servers stay in their pools";

test("a director without its link does not empty its pools", async () => {
  const bench = await outage("eth0 has no carrier");
  assert.equal(bench.lines.filter((line) => line.endsWith(HELD)).length, 1);
  assert.equal((await tableLines(bench.table)).length, 8);
  bench.network.problem = null;
  for (const address of ADDRESSES) bench.probes().answering.add(`${address}:80`);
  await bench.clock.advance(30 * SECOND_US);
  assert.equal((await tableLines(bench.table)).length, 8);
  assert.match(bench.lines.at(-1) ?? "", /own network is in order: all servers answer$/);
});

test("what is still down when the network is in order leaves then, and not at a reload meanwhile", async () => {
  const bench = await outage("eth0 has no carrier");
  await bench.runtime.reload(configuration([pool(2), pool(1)]));
  assert.equal((await tableLines(bench.table)).length, 8);
  bench.network.problem = null;
  bench.probes().answering.add("10.0.1.1:80");
  await bench.clock.advance(30 * SECOND_US);
  assert.deepEqual(await tableLines(bench.table), [
    "tcp 192.168.1.1:80 rr > 10.0.1.1:80 droute w1",
    "tcp 192.168.1.2:80 rr",
  ]);
});

test("with a sound network the pools are emptied as ever", async () => {
  const bench = await outage(null);
  assert.deepEqual(await tableLines(bench.table), ["tcp 192.168.1.1:80 rr", "tcp 192.168.1.2:80 rr"]);
});

test("switched off, nothing is held", async () => {
  const bench = await outage(
    "eth0 has no carrier",
    configuration([pool(1, { isGuarded: false }), pool(2, { isGuarded: false })]),
  );
  assert.deepEqual(await tableLines(bench.table), ["tcp 192.168.1.1:80 rr", "tcp 192.168.1.2:80 rr"]);
});

test("below the panic threshold all servers serve, above it only those that are up", async () => {
  const bench = createBench(ADDRESSES.map((address) => `${address}:80`));
  await bench.runtime.start(configuration([pool(1, { panicThresholdPercent: 50 })]));
  await bench.clock.advance(2 * SECOND_US);
  bench.probes().answering.delete("10.0.1.1:80");
  bench.probes().answering.delete("10.0.1.2:80");
  await bench.clock.advance(5 * SECOND_US);
  assert.equal((await tableLines(bench.table)).length, 2);
  bench.lines.splice(0);
  bench.probes().answering.delete("10.0.1.3:80");
  await bench.clock.advance(5 * SECOND_US);
  assert.equal((await tableLines(bench.table)).length, 4);
  const panic = "Panic threshold of VS [192.168.1.1]:tcp:80:";
  assert.equal(bench.lines.at(-1), `${panic} only 1 of 4 servers are up, so all of them serve`);
  bench.probes().answering.add("10.0.1.2:80");
  await bench.clock.advance(5 * SECOND_US);
  assert.equal((await tableLines(bench.table)).length, 2);
  assert.equal(bench.lines.at(-1), `${panic} 2 of 4 servers are up, only those serve again`);
});
