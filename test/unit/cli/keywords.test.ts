import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { renderKeywords } from "../../../src/cli/keywords.ts";
import { TABLES } from "../../../src/config/keywords/tables.ts";

const REFERENCE = join(import.meta.dirname, "../../../../docs/keywords.md");
const ALL = [...TABLES.values()];
const TCP = ALL.filter(({ path }) => path.endsWith("/TCP_CHECK"));

test("json has one entry for each row of each table, with its status", () => {
  const rows: { block: string; status: string }[] = JSON.parse(renderKeywords(ALL, "json"));
  assert.equal(rows.length, ALL.flatMap((table) => table.rows).length);
  assert.ok(rows.some(({ status }) => status === "in-effect"));
  assert.ok(rows.every(({ status }) => ["in-effect", "pending", "without-effect"].includes(status)));
});

test("text says what a keyword takes, means, defaults to, and whether it is in effect", () => {
  const text = renderKeywords(TCP, "text");
  assert.match(text, /^virtual_server\/real_server\/TCP_CHECK$/m);
  assert.match(
    text,
    /^ {2}connect_port <INT 1\.\.65535>\n {6}Port to test\. Default: real server port\. \[in effect\]$/m,
  );
});

test("markdown escapes what would break a table", () => {
  const lines = renderKeywords(ALL, "markdown").split("\n");
  for (const line of lines.filter((candidate) => candidate.startsWith("| "))) {
    assert.equal(line.replaceAll("\\|", "").split("|").length, 8, line);
  }
});

test("docs/keywords.md is what the tables say", () => {
  const remedy = "run: bin/holdfast keywords --format markdown > docs/keywords.md";
  assert.equal(readFileSync(REFERENCE, "utf8"), renderKeywords(ALL, "markdown"), remedy);
});
