import assert from "node:assert/strict";
import { test } from "node:test";
import { encapsulationColumns } from "../../../src/api/mib-encapsulation.ts";
import type { RouteEncapsulation } from "../../../src/model/addressing.ts";

/** Every column that has a value, by number. */
function columnsOf(encapsulation: RouteEncapsulation | null): Record<string, unknown> {
  const columns = encapsulationColumns<RouteEncapsulation | null>(46, (row) => row);
  return Object.fromEntries(
    Object.entries(columns).flatMap(([number, read]) => {
      const value = read(encapsulation);
      return value === null
        ? []
        : [[number, value.kind === "octets" ? Buffer.from(value.value).toString() : value.value]];
    }),
  );
}

test("each kind of encapsulation has its own columns", () => {
  assert.deepEqual(columnsOf(null), {});
  assert.deepEqual(columnsOf({ kind: "mpls", words: ["100/200"] }), { 46: 1, 47: "100/200" });
  assert.deepEqual(columnsOf({ kind: "ila", words: ["1:2:3:4"] }), { 46: 3, 54: 0x0001000200030004n });
  const tunnel = "id 7 dst 10.1.1.1 src 10.1.1.2 tos 4 ttl 9 flags 1".split(" ");
  const address = (last: number): string => Buffer.from([10, 1, 1, last]).toString();
  assert.deepEqual(columnsOf({ kind: "ip", words: tunnel }), {
    46: 2,
    48: 7n,
    49: address(1),
    50: address(2),
    51: 4,
    52: 9,
    53: 1,
  });
  assert.deepEqual(columnsOf({ kind: "ip6", words: "id 1 tc 5 hoplimit 6".split(" ") }), {
    46: 4,
    48: 1n,
    51: 5,
    52: 6,
  });
});
