import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { statusOf, unknownStatusNames } from "../../../src/config/keywords/status.ts";
import { TABLES } from "../../../src/config/keywords/tables.ts";

const REFERENCE = join(import.meta.dirname, "../../../../test/fixtures/config/keywords.tsv");

/** Ours, in no reference. */
const OWN = new Set([
  "global_defs ipvs_reconcile_interval",
  "global_defs checker_max_in_flight",
  "global_defs checker_start_spread",
  ...[
    "virtual_server",
    "virtual_server/real_server",
    ...["MISC", "SMTP", "TCP", "PING", "UDP", "DNS"].map((kind) => `virtual_server/real_server/${kind}_CHECK`),
    "virtual_server/real_server/SMTP_CHECK/host",
    "virtual_server/real_server/HTTP_GET",
    "virtual_server/real_server/SSL_GET",
  ].map((block) => `${block} delay_loop_down`),
  "virtual_server correlated_failure_guard",
  "virtual_server panic_threshold",
  "virtual_server/real_server/TCP_CHECK half_open",
  "vrrp_instance vmac_protodown",
  "global_defs vrrp_track_removed_addresses",
  "global_defs vrrp_lease_time",
  "global_defs control_socket",
  "global_defs control_listen",
]);

const rows = readFileSync(REFERENCE, "utf8")
  .trimEnd()
  .split("\n")
  .slice(1)
  .map((line) => line.split("\t"));

test("every row of the keyword reference is in the tables as it stands there", () => {
  for (const [block = "", keyword = "", syntax, defaultText, note, in227, , meaning, area] of rows) {
    const row = TABLES.get(block)?.byName.get(keyword);
    assert.ok(row, `${block} ${keyword} is missing`);
    const mine = [row.syntax, row.defaultText, row.note, row.since, row.meaning, row.area];
    assert.deepEqual(mine, [syntax, defaultText, note, in227 === "yes" ? "2.2.7" : "2.4", meaning, area], keyword);
  }
});

test("the tables have no row that the reference has not", () => {
  const known = new Set(rows.map(([block, keyword]) => `${block} ${keyword}`));
  const mine = [...TABLES.values()].flatMap((table) => table.rows.map((row) => `${row.block} ${row.name}`));
  assert.equal(rows.length, 730);
  assert.deepEqual(
    mine.filter((name) => !known.has(name) && !OWN.has(name)),
    [],
  );
  assert.equal(mine.length, rows.length + OWN.size);
  const ours = [...TABLES.values()].flatMap((table) => table.rows.filter(({ since }) => since === "holdfast"));
  assert.deepEqual(new Set(ours.map((row) => `${row.block} ${row.name}`)), OWN);
});

test("numbers, flags and blocks are read from the syntax column", () => {
  const value = (block: string, name: string): unknown => TABLES.get(block)?.byName.get(name)?.value;
  assert.deepEqual(value("vrrp_instance", "priority"), {
    kind: "integer",
    minimum: 1,
    maximum: 255,
    isOptional: false,
  });
  assert.deepEqual(value("vrrp_instance", "preempt_delay"), {
    kind: "decimal",
    minimum: 0,
    maximum: 1_000_000_000,
    digits: 6,
  });
  assert.deepEqual(value("vrrp_instance", "nopreempt"), { kind: "flag" });
  assert.deepEqual(value("vrrp_instance", "notify"), { kind: "command", isOptional: false });
  assert.equal(TABLES.get("virtual_server")?.byName.get("real_server")?.body, "keywords");
  assert.equal(TABLES.get("vrrp_instance")?.byName.get("virtual_ipaddress")?.body, "lines");
  assert.deepEqual(TABLES.get("vrrp_instance")?.byName.get("priority")?.reaction, {
    kind: "set",
    value: 100,
    from: null,
  });
  assert.deepEqual(TABLES.get("global_defs")?.byName.get("vrrp_rt_priority")?.reaction, { kind: "clamp" });
});

test("the list of keywords in effect names only keywords that exist", () => {
  assert.deepEqual(unknownStatusNames(TABLES), []);
  const priority = TABLES.get("vrrp_instance")?.byName.get("priority");
  assert.ok(priority);
  assert.equal(statusOf(priority), "in-effect");
});
