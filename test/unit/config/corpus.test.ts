import assert from "node:assert/strict";
import { test } from "node:test";
import { loadRow, readComplaints, readVerdicts } from "./corpus.ts";

const rows = readVerdicts();

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} % (${part} of ${whole})`;
}

const shouldShow = process.env["CORPUS_SHOW"] ?? "";

test("the corpus is accepted and refused as keepalived does", (context) => {
  const started = rows.filter(({ start }) => /^(runs|refuses)/.test(start));
  const wrong = started.filter((row) => {
    const { startRefusal } = loadRow(row);
    return (startRefusal === null) !== row.start.startsWith("runs");
  });
  context.diagnostic(`verdict: ${percent(started.length - wrong.length, started.length)}`);
  if (shouldShow.includes("verdict")) {
    for (const row of wrong) {
      const { startRefusal } = loadRow(row);
      console.log(
        row.name,
        row.args,
        row.start,
        startRefusal?.reasons.map(({ code, message }) => `${code}: ${message}`),
      );
    }
  }
  assert.ok(wrong.length <= 2, wrong.map(({ name }) => name).join(", "));
});

test("every complaint of keepalived about the text has a diagnostic on its line", (context) => {
  const complaints = readComplaints();
  let total = 0;
  const missed = new Map<string, string[]>();
  for (const row of rows) {
    const places = loadRow(row).diagnostics.flatMap(({ place }) => (place === null ? [] : [place]));
    for (const { file, line, code } of complaints.get(`${row.name} ${row.args}`) ?? []) {
      if (line === null) continue;
      total++;
      if (!places.some((place) => place.line === line && place.file.endsWith(file)))
        missed.set(code, [...(missed.get(code) ?? []), `${row.name}:${line}`]);
    }
  }
  const count = [...missed.values()].flat().length;
  context.diagnostic(`diagnostics on the same line: ${percent(total - count, total)}`);
  if (shouldShow.includes("lines")) {
    for (const [code, places] of [...missed].sort((a, b) => b[1].length - a[1].length)) {
      console.log(code, places.length, places.slice(0, 6).join(" "));
    }
  }
  assert.ok(count / total < 0.5);
});
