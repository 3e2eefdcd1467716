import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { realServerTraffic, virtualServerTraffic } from "../../../src/api/mib-traffic.ts";
import { NO_TRAFFIC } from "../../../src/ipvs/traffic.ts";
import type { IpvsTraffic } from "../../../src/native/contract.ts";
import type { SnmpValue } from "../../../src/snmp/values.ts";

const TRAFFIC: IpvsTraffic = {
  ...NO_TRAFFIC,
  connections: 7,
  inPackets: 2 ** 32 + 5,
  outPackets: 6,
  inBytes: 2 ** 40,
  outBytes: 3,
  connectionsPerSec: 11,
  inPacketsPerSec: 12,
  outPacketsPerSec: 13,
  inBytesPerSec: 2 ** 33 + 14,
  outBytesPerSec: 15,
};

const COLUMNS = virtualServerTraffic((traffic: IpvsTraffic | null) => traffic);

function at(column: number, traffic: IpvsTraffic | null = TRAFFIC): SnmpValue | null {
  return COLUMNS[column]?.(traffic) ?? null;
}

describe("traffic in KEEPALIVED-MIB", () => {
  test("has its columns where the MIB has them", () => {
    assert.deepEqual(at(27), { kind: "gauge", value: 7 });
    assert.deepEqual(at(29), { kind: "counter32", value: 6 });
    assert.deepEqual(at(30), { kind: "counter64", value: 2n ** 40n });
    assert.deepEqual(at(31), { kind: "counter64", value: 3n });
    assert.deepEqual(at(32), { kind: "gauge", value: 11 });
    assert.deepEqual(at(36), { kind: "gauge", value: 15 });
    assert.equal(at(37), null);
    assert.deepEqual(at(40), { kind: "counter64", value: 6n });
    assert.equal(at(51), null);
  });

  test("a counter of 32 bits wraps, one of 64 bits does not", () => {
    assert.deepEqual(at(28), { kind: "counter32", value: 5 });
    assert.deepEqual(at(39), { kind: "counter64", value: 2n ** 32n + 5n });
  });

  test("a rate above 32 bits stays at the largest, and its halves tell all of it", () => {
    assert.deepEqual(at(35), { kind: "gauge", value: 2 ** 32 - 1 });
    assert.deepEqual(at(47), { kind: "gauge", value: 14 });
    assert.deepEqual(at(48), { kind: "gauge", value: 2 });
  });

  test("what the kernel does not have counts as unused", () => {
    assert.deepEqual(at(27, null), { kind: "gauge", value: 0 });
  });

  test("a real server has its connections besides", () => {
    const usage = { traffic: TRAFFIC, activeConnections: 1, inactiveConnections: 2, persistentConnections: 3 };
    const columns = realServerTraffic(() => usage);
    const numbers = [14, 15, 16, 17, 18, 22, 39].map((column) => columns[column]?.(null));
    assert.deepEqual(
      numbers.map((value) => (value?.kind === "gauge" || value?.kind === "counter32" ? value.value : null)),
      [7, 1, 2, 3, 5, 11, 0],
    );
  });
});
