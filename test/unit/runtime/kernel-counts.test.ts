import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_TRAFFIC } from "../../../src/ipvs/traffic.ts";
import { KernelCountsCache } from "../../../src/runtime/kernel-counts.ts";

const SERVER = {
  activeConnections: 0,
  inactiveConnections: 0,
  persistentConnections: 0,
};

/** A cache over a table whose counters are the number of the reading. */
function createCache(): { cache: KernelCountsCache; pass: (ms: number) => void; reads: () => number } {
  let nowMs = 0;
  let reads = 0;
  const cache = new KernelCountsCache({
    nowMs: () => nowMs,
    usage: async () => {
      reads += 1;
      const traffic = { ...NO_TRAFFIC, connections: reads };
      const realServers = new Map([["r", { ...SERVER, traffic }]]);
      return { virtualServers: new Map([["v", traffic]]), realServers, sorryServers: new Map() };
    },
  });
  return {
    cache,
    pass: (ms) => {
      nowMs += ms;
    },
    reads: () => reads,
  };
}

async function connections(cache: KernelCountsCache, virtualSec: number, realSec: number): Promise<readonly unknown[]> {
  const ages = { virtualServersUs: virtualSec * 1_000_000, realServersUs: realSec * 1_000_000 };
  const usage = await cache.read(ages);
  return [usage?.virtualServers.get("v")?.connections, usage?.realServers.get("r")?.traffic.connections];
}

test("each half is read again when it is too old, and one reading serves both", async () => {
  const { cache, pass, reads } = createCache();
  assert.deepEqual(await connections(cache, 5, 2), [1, 1]);
  pass(1_999);
  assert.deepEqual(await connections(cache, 5, 2), [1, 1]);
  pass(1);
  assert.deepEqual(await connections(cache, 5, 2), [1, 2]);
  pass(3_000);
  assert.deepEqual(await connections(cache, 5, 2), [3, 3]);
  assert.equal(reads(), 3);
});

test("without a table there are no counts", async () => {
  const cache = new KernelCountsCache({ nowMs: () => 0, usage: async () => null });
  assert.equal(await cache.read({ virtualServersUs: 1, realServersUs: 1 }), null);
});
