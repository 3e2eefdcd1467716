import assert from "node:assert/strict";
import { test } from "node:test";
import { type KernelCounts, realServerCounts, virtualServerCounts } from "../../../src/api/mib-statistics.ts";
import { overrideKey } from "../../../src/checker/override.ts";
import { counter32, counter64, gauge } from "../../../src/snmp/values.ts";

const TRAFFIC = { connections: 2 ** 32 + 5, inPackets: 2 ** 32 + 7, outPackets: 3, inBytes: 2 ** 40, outBytes: 9 };
const NAMES = { virtualServer: "v", realServer: "r" };
const COUNTS: KernelCounts = {
  virtualServers: new Map([["v", TRAFFIC]]),
  realServers: new Map([
    [
      overrideKey(NAMES),
      { traffic: TRAFFIC, activeConnections: 11, inactiveConnections: 12, persistentConnections: 13 },
    ],
  ]),
};

const MOST = gauge(2 ** 32 - 1);
const PACKETS_AND_OCTETS = [counter32(7), counter32(3), counter64(2 ** 40), counter64(9)];
const WIDE = [counter64(2 ** 32 + 5), counter64(2 ** 32 + 7), counter64(3)];

// Columns and types as KEEPALIVED-MIB has them.
test("virtual servers: columns 27 to 31 and 38 to 40; counters wrap, gauges stop", () => {
  const columns = virtualServerCounts<string>(COUNTS, (name) => name);
  assert.deepEqual(Object.keys(columns).map(Number), [27, 28, 29, 30, 31, 38, 39, 40]);
  const values = Object.values(columns).map((column) => column("v"));
  assert.deepEqual(values, [MOST, ...PACKETS_AND_OCTETS, ...WIDE]);
});

test("real servers: columns 14 to 21 and 27 to 29", () => {
  const columns = realServerCounts<typeof NAMES>(COUNTS, (names) => names);
  assert.deepEqual(Object.keys(columns).map(Number), [14, 15, 16, 17, 18, 19, 20, 21, 27, 28, 29]);
  const values = Object.values(columns).map((column) => column(NAMES));
  assert.deepEqual(values, [MOST, gauge(11), gauge(12), gauge(13), ...PACKETS_AND_OCTETS, ...WIDE]);
});

test("what the kernel does not have is not there", () => {
  const virtual = virtualServerCounts<string>(COUNTS, () => null);
  const real = realServerCounts<string>(null, () => NAMES);
  for (const columns of [virtual, real]) for (const column of Object.values(columns)) assert.equal(column("x"), null);
});
