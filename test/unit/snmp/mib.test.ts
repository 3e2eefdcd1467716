import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseAddress } from "../../../src/snmp/address-octets.ts";
import { answer } from "../../../src/snmp/answer.ts";
import { type Found, joined, type MibNode, scalars, table } from "../../../src/snmp/mib.ts";
import { compareOids, type Oid } from "../../../src/snmp/oid.ts";
import { integer } from "../../../src/snmp/values.ts";

function walk(node: MibNode): readonly string[] {
  const seen: string[] = [];
  let found: Found | null = node.next([], true);
  while (found !== null && seen.length < 1000) {
    seen.push(found.oid.join("."));
    assert.deepEqual(node.get(found.oid), found.value);
    found = node.next(found.oid, false);
  }
  return seen;
}

const TREE = joined([
  scalars([1, 1], { 1: () => integer(1), 2: () => null, 5: () => integer(5) }),
  table([1, 1, 3, 1], { 2: (row: number) => integer(row), 3: (row: number) => (row > 1 ? integer(row) : null) }, [
    { index: [2], row: 2 },
    { index: [1, 9], row: 1 },
  ]),
]);

describe("a tree of objects", () => {
  test("is walked in the order of identifiers, without what rows lack", () => {
    assert.deepEqual(walk(TREE), ["1.1.1.0", "1.1.3.1.2.1.9", "1.1.3.1.2.2", "1.1.3.1.3.2", "1.1.5.0"]);
  });

  test("§7.2.3.1: tells missing objects from missing instances", () => {
    assert.equal(TREE.get([1, 1, 9, 0]).kind, "no-such-object");
    assert.equal(TREE.get([1, 1, 1, 1]).kind, "no-such-instance");
    assert.equal(TREE.get([1, 1, 3, 1, 3, 1, 9]).kind, "no-such-instance");
  });

  test("any step lands on the first object after it", () => {
    const all = walk(TREE).map((oid) => oid.split(".").map(Number));
    fc.assert(
      fc.property(fc.array(fc.nat(10), { maxLength: 8 }), fc.boolean(), (oid: Oid, isInclusive) => {
        const expected = all.find((one) => compareOids(one, oid) > (isInclusive ? -1 : 0)) ?? null;
        assert.deepEqual(TREE.next(oid, isInclusive)?.oid ?? null, expected);
      }),
    );
  });
});

describe("answers to a master", () => {
  const ids = { sessionId: 7, transactionId: 1, packetId: 1, hasContext: false };
  const range = { start: [1, 1], isInclusive: false, end: [] };

  test("a bulk request is bounded", () => {
    const ranges = [range, { ...range, start: [1, 1, 5] }];
    const response = answer({ ...ids, type: "get-bulk", nonRepeaters: 0, maxRepetitions: 65_535, ranges }, 7, TREE);
    assert.ok(response?.type === "response" && response.varBinds.length <= 512);
  });

  test("§7.1: a session that is not ours gets an error", () => {
    const response = answer({ ...ids, type: "get-next", ranges: [range] }, 8, TREE);
    assert.ok(response?.type === "response");
    assert.equal(response.error, 257);
  });
});

test("addresses become octets", () => {
  const hex = (address: string): string | null => {
    const octets = parseAddress(address);
    return octets === null ? null : Buffer.from(octets).toString("hex");
  };
  assert.equal(hex("192.0.2.1"), "c0000201");
  assert.equal(hex("::"), "0".repeat(32));
  assert.equal(hex("fe80::100"), "fe800000000000000000000000000100");
  assert.equal(hex("2001:db8:1:2:3:4:5:6"), "20010db8000100020003000400050006");
  assert.equal(hex("::ffff:192.0.2.1"), "00000000000000000000ffffc0000201");
  assert.equal(hex("fe80::1%eth0"), "fe800000000000000000000000000001");
  assert.equal(hex("name"), null);
});
