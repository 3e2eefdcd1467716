import assert from "node:assert/strict";
import { test } from "node:test";
import { TABLES } from "../../../src/config/keywords/tables.ts";
import { isOfCase, NOT_IN_THE_TABLE, TABLE_CASES, wordsSeen } from "../../lab/table-words.ts";

const BLOCKS = ["virtual_server", "virtual_server/real_server", "virtual_server/lb_kind", "virtual_server_group"];

test("every word of a virtual server is seen in the kernel's table, or known not to be", () => {
  for (const block of BLOCKS) {
    const words = TABLES.get(block)?.rows.map(({ name }) => name) ?? [];
    const listed = [...wordsSeen(block), ...(NOT_IN_THE_TABLE[block] ?? [])];
    assert.deepEqual(listed.toSorted(), words.toSorted(), block);
  }
});

test("a line of the table is of one case", () => {
  const [first, second] = TABLE_CASES.map(({ number }) => number);
  assert.ok(first !== undefined && second !== undefined);
  for (const line of [
    `-A -t 192.168.${first}.1:80 -s rr`,
    `-a -t [2001:db8:${first}::1]:80 -r [2001:db8:${first}::7]:80 -m -w 1`,
    `-a --sctp-service 192.168.${first}.1:80 -r 10.0.${first}.1:80 -m -w 1`,
    `-A -f ${first}01 -s rr`,
  ]) {
    assert.ok(isOfCase(line, first), line);
    assert.ok(!isOfCase(line, second), line);
  }
});
