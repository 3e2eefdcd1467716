import assert from "node:assert/strict";
import { test } from "node:test";
import { formatSummary, renderTable, rowsOf, type Trial } from "../../../bench/report.ts";
import { quantile, summarize } from "../../../bench/statistics.ts";

function trial(subject: Trial["subject"], value: number | null): Trial {
  const sample = value === null ? null : { takenMs: value };
  const error = value === null ? "it broke" : null;
  return { case: "failover", variant: "advert_int=1", subject, sample, error, loadAverage: 0.5 };
}

test("quantiles lie between the closest ranks", () => {
  assert.equal(quantile([4, 1, 3, 2], 0.5), 2.5);
  assert.equal(quantile([1, 2, 3, 4, 5], 0.99), 4.96);
  assert.equal(quantile([7], 0.99), 7);
  assert.ok(Number.isNaN(quantile([], 0.5)));
});

test("a summary has median and spread", () => {
  assert.deepEqual(summarize([5, 1, 9]), { count: 3, median: 5, min: 1, max: 9 });
});

test("rows gather the trials of both subjects and pass over failed ones", () => {
  const rows = rowsOf([trial("keepalived", 3), trial("holdfast", 1), trial("holdfast", null), trial("holdfast", 2)]);
  assert.equal(rows.length, 1);
  assert.deepEqual(rows[0]?.bySubject.get("keepalived"), { count: 1, median: 3, min: 3, max: 3 });
  assert.deepEqual(rows[0]?.bySubject.get("holdfast"), { count: 2, median: 1.5, min: 1, max: 2 });
});

test("the ratio is that of neighbouring trials", () => {
  const values = [trial("keepalived", 4), trial("holdfast", 1), trial("holdfast", 9), trial("keepalived", 3)];
  assert.deepEqual(rowsOf(values)[0]?.ratio, { count: 2, median: 1.625, min: 0.25, max: 3 });
  assert.equal(rowsOf([trial("holdfast", 1)])[0]?.ratio, null);
});

test("numbers get the digits that matter", () => {
  assert.equal(formatSummary({ count: 2, median: 3456.7, min: 0.123, max: 45.67 }), "3457 (0.12 to 45.7, n=2)");
  assert.equal(formatSummary(undefined), "-");
});

test("the table is Markdown with aligned columns", () => {
  const table = renderTable(rowsOf([trial("keepalived", 4), trial("holdfast", 1)]), ["keepalived", "holdfast"]);
  assert.deepEqual(table.split("\n"), [
    "| case     | setting      | metric  | keepalived               | holdfast                 | holdfast / keepalived    |",
    "| -------- | ------------ | ------- | ------------------------ | ------------------------ | ------------------------ |",
    "| failover | advert_int=1 | takenMs | 4.00 (4.00 to 4.00, n=1) | 1.00 (1.00 to 1.00, n=1) | 0.25 (0.25 to 0.25, n=1) |",
  ]);
});
