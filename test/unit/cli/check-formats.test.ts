import assert from "node:assert/strict";
import { test } from "node:test";
import { renderCheck } from "../../../src/cli/check-formats.ts";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";

const TEXT = "global_defs {\n    router_idd x\n}\n";

function load(text: string): ReturnType<typeof loadConfiguration> {
  return loadConfiguration(
    { path: "/etc/a b.conf", workingDirectory: "/", configId: null, enforcesIncludes: false },
    createMemoryHost({ files: { "/etc/a b.conf": text } }),
  );
}

test("json holds the place of each complaint and the verdict", () => {
  const report = JSON.parse(renderCheck(load(TEXT), "json", "1.0.0"));
  assert.equal(report.exitCode, 5);
  assert.equal(report.wouldStart, true);
  assert.equal(report.diagnostics.length, 1);
  assert.deepEqual(report.diagnostics[0].place, { file: "/etc/a b.conf", line: 2, column: 5 });
  assert.equal(report.diagnostics[0].code, "unknown-keyword");
});

test("sarif names the rule, the level and an encoded location", () => {
  const log = JSON.parse(renderCheck(load(TEXT), "sarif", "1.0.0"));
  assert.equal(log.version, "2.1.0");
  const [run] = log.runs;
  assert.equal(run.tool.driver.version, "1.0.0");
  assert.deepEqual(run.tool.driver.rules, [{ id: "unknown-keyword" }]);
  const [result] = run.results;
  assert.equal(result.ruleId, "unknown-keyword");
  assert.deepEqual(result.locations[0].physicalLocation, {
    artifactLocation: { uri: "/etc/a%20b.conf" },
    region: { startLine: 2, startColumn: 5 },
  });
});

test("text has a caret under the word", () => {
  const lines = renderCheck(load(TEXT), "text", "1.0.0").split("\n");
  assert.match(lines[0] ?? "", /^\/etc\/a b\.conf:2:5: \w+: .*router_id.*\[unknown-keyword\]$/);
  assert.equal((lines[2] ?? "").indexOf("^"), (lines[1] ?? "").indexOf("router_idd"));
});
