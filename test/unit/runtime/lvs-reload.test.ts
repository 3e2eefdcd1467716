import assert from "node:assert/strict";
import { test } from "node:test";
import type { RealServer, VirtualServer } from "../../../src/model/lvs.ts";
import { realServer, tcpChecker, virtualServer } from "../checker/samples.ts";
import { type Bench, configuration, createBench, tableLines } from "./lvs-fakes.ts";

const SECOND_US = 1_000_000;

function server(host: number, fields: Partial<RealServer> = {}, delayLoopUs = 2 * SECOND_US): RealServer {
  const address = `192.168.1.${host}`;
  return realServer(address, { checkers: [tcpChecker(address, 80, { delayLoopUs })], ...fields });
}

function service(port: number, servers: readonly RealServer[], fields: Partial<VirtualServer> = {}): VirtualServer {
  const key: VirtualServer["key"] = {
    kind: "address",
    family: "inet",
    address: "192.168.1.100",
    port,
    protocol: "tcp",
  };
  return virtualServer(servers, { key, ...fields });
}

/** Starts, waits for the first results and forgets what was said and done. */
async function run(answering: readonly number[], services: readonly VirtualServer[]): Promise<Bench> {
  const bench = createBench(answering.map((host) => `192.168.1.${host}:80`));
  await bench.runtime.start(configuration(services));
  await bench.clock.advance(1.5 * SECOND_US);
  bench.lines.length = 0;
  bench.table.batches.length = 0;
  return bench;
}

function withoutActivations(bench: Bench): string[] {
  return bench.lines.splice(0).filter((line) => !line.startsWith("Activating"));
}

test("an equal configuration changes nothing in the kernel and starts no probe anew", async () => {
  const services = [service(80, [server(7), server(8)]), service(81, [server(9)])];
  const bench = await run([7, 9], services);
  const targets = [...bench.probes().targets.keys()];
  await bench.runtime.reload(configuration(services));
  assert.deepEqual(bench.table.commands, []);
  assert.deepEqual([...bench.probes().targets.keys()], targets);
  assert.deepEqual(withoutActivations(bench), ["Reinitializing ipvs"]);
});

test("what a reload takes away and changes is told in keepalived's words and order", async () => {
  const sorryServer = realServer("192.168.1.10", { checkers: [] });
  const inhibited = { isInhibitedOnFailure: true };
  const bench = await run(
    [7, 9],
    [
      service(80, [server(7, inhibited), server(8, inhibited), server(9)], { quorum: 2, sorryServer }),
      service(81, [server(6), server(7), server(8)]),
      service(82, [server(6), server(7)]),
    ],
  );
  await bench.runtime.reload(
    configuration([
      service(80, [server(7, inhibited), server(8, inhibited)], { quorum: 2, sorryServer }),
      service(81, [server(7, { weight: 2 }), server(8, { weight: 3 }), server(10)], { quorum: 2 }),
    ]),
  );
  assert.deepEqual(withoutActivations(bench), [
    "Reinitializing ipvs",
    "service [192.168.1.9]:tcp:80 no longer exist",
    "Removing service [192.168.1.9]:tcp:80 from VS [192.168.1.100]:tcp:80",
    "service [192.168.1.6]:tcp:80 no longer exist",
    "Removing Virtual Server [192.168.1.100]:tcp:82",
    "Removing service [192.168.1.7]:tcp:80 from VS [192.168.1.100]:tcp:82",
    "Starting with quorum down 2-0=2 > 1 for VS [192.168.1.100]:tcp:80",
    "Adding sorry server [192.168.1.10]:tcp:80 to VS [192.168.1.100]:tcp:80",
    "Removing alive servers from the pool for VS [192.168.1.100]:tcp:80",
    "Changing weight from 1 to 2 for active service [192.168.1.7]:tcp:80 of VS [192.168.1.100]:tcp:81",
    "Changing weight from 1 to 3 for inactive service [192.168.1.8]:tcp:80 of VS [192.168.1.100]:tcp:81",
  ]);
  assert.deepEqual(await tableLines(bench.table), [
    "tcp 192.168.1.100:80 rr > 192.168.1.10:80 droute w1",
    "tcp 192.168.1.100:80 rr > 192.168.1.7:80 droute w0",
    "tcp 192.168.1.100:80 rr > 192.168.1.8:80 droute w0",
    "tcp 192.168.1.100:81 rr > 192.168.1.10:80 droute w1",
    "tcp 192.168.1.100:81 rr > 192.168.1.7:80 droute w2",
  ]);
});

test("a changed scheduler or weight is an edit in place", async () => {
  const bench = await run([7], [service(80, [server(7)])]);
  await bench.runtime.reload(configuration([service(80, [server(7, { weight: 4 })], { scheduler: "wrr" })]));
  assert.deepEqual(bench.table.commands, ["service-edit", "destination-edit"]);
});

test("a dead server stays out when only the times of its check change", async () => {
  const bench = await run([7], [service(80, [server(7), server(8)])]);
  await bench.runtime.reload(
    configuration([service(80, [server(7, {}, 9 * SECOND_US), server(8, {}, 9 * SECOND_US)])]),
  );
  assert.deepEqual(bench.table.commands, []);
  bench.probes().answering.add("192.168.1.8:80");
  await bench.clock.advance(SECOND_US);
  assert.deepEqual(bench.table.commands, ["destination-add"]);
});

test("a virtual server that joins takes over what is known of a shared target", async () => {
  const bench = await run([7], [service(80, [server(7), server(8)])]);
  await bench.runtime.reload(configuration([service(80, [server(7), server(8)]), service(81, [server(7), server(8)])]));
  assert.deepEqual(
    (await tableLines(bench.table)).filter((line) => line.includes(":81")),
    ["tcp 192.168.1.100:81 rr > 192.168.1.7:80 droute w1"],
  );
});

test("servers that a reload brings are retried before their first verdict", async () => {
  const bench = await run([7], [service(80, [server(7)])]);
  const checkers = [tcpChecker("192.168.1.8", 80, { retries: 2 })];
  await bench.runtime.reload(configuration([service(80, [server(7), server(8, { checkers })])]));
  bench.lines.length = 0;
  await bench.clock.advance(2.5 * SECOND_US);
  assert.deepEqual(bench.lines, []);
  await bench.clock.advance(SECOND_US);
  assert.deepEqual(bench.lines, [
    "TCP_CHECK on service [192.168.1.8]:tcp:80 failed after 2 retries.",
    "Removing service [192.168.1.8]:tcp:80 from VS [192.168.1.100]:tcp:80",
  ]);
});

test("removing all virtual servers empties the table", async () => {
  const bench = await run([7], [service(80, [server(7)])]);
  await bench.runtime.reload(configuration([]));
  assert.deepEqual(await tableLines(bench.table), []);
  assert.equal(bench.probes().targets.size, 0);
});

test("virtual servers that stay the same objects keep health and place, move to other positions and are not announced", async () => {
  const [first, second] = [service(80, [server(7), server(8)]), service(81, [server(9), server(10)])];
  const bench = await run([7, 9, 10], [first, second]);
  await bench.clock.advance(20 * SECOND_US);
  const before = await tableLines(bench.table);
  bench.lines.length = 0;
  bench.table.batches.length = 0;
  const changed = service(80, [server(7, { weight: 5 }), server(8)]);
  await bench.runtime.reload(configuration([second, changed]));
  assert.deepEqual(
    (await tableLines(bench.table)).filter((line) => !line.includes("192.168.1.7")),
    before.filter((line) => !line.includes("192.168.1.7")),
  );
  assert.deepEqual(
    bench.table.batches.flat().map(({ kind }) => kind),
    ["destination-edit"],
  );
  assert.equal(
    bench.lines.some((line) => line.startsWith("Activating") && line.includes("192.168.1.9")),
    false,
  );
  // Its probes report to where it is now.
  bench.probes().answering.delete("192.168.1.9:80");
  await bench.clock.advance(20 * SECOND_US);
  assert.equal(
    (await tableLines(bench.table)).some((line) => line.includes("192.168.1.9")),
    false,
  );
});
