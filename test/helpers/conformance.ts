import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readScenarios, runScenario } from "./scenario.ts";

/** One line of `test/conformance/*-clauses.jsonl`: exactly one of scenario, unit, native or note. */
interface Clause {
  readonly clause: string;
  readonly says: string;
  readonly scenario?: string;
  /** Test file below test/, with `title`: a unit test, or one of the lab. */
  readonly unit?: string;
  readonly title?: string;
  /** C++ test: suite and name. */
  readonly native?: string;
  /** Why there is no test. */
  readonly note?: string;
}

const SCENARIOS = join("test", "scenarios");
const NATIVE_TESTS = join("native", "test");

const CLAUSES = join("test", "conformance");

const HEADER = `# VRRP, clause by clause

Generated from \`test/conformance/*-clauses.jsonl\`; \`HOLDFAST_WRITE=1\` with the test of the same name
rewrites it. "pass" is the result of the scenario at that moment; unit and C++ tests are named and
run with the others.
`;

const TABLE_HEAD = `
| clause | what it asks for | test | result |
| --- | --- | --- | --- |
`;

/** The whole of `docs/conformance.md`. */
export function renderConformance(): string {
  const results = scenarioResults();
  const nativeTests = readdirSync(NATIVE_TESTS)
    .filter((name) => name.startsWith("vrrp_") || name.startsWith("bfd_"))
    .map((name) => readFileSync(join(NATIVE_TESTS, name), "utf8"))
    .join("\n");
  const tableOf = (name: string): string =>
    TABLE_HEAD +
    readClauses(name)
      .map((clause) => renderRow(clause, results, nativeTests))
      .join("");
  return `${HEADER}${tableOf("vrrp")}\n# BFD, clause by clause\n${tableOf("bfd")}`;
}

function readClauses(name: string): readonly Clause[] {
  return readFileSync(join(CLAUSES, `${name}-clauses.jsonl`), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Clause => JSON.parse(line));
}

function renderRow(clause: Clause, results: ReadonlyMap<string, boolean>, nativeTests: string): string {
  const { test, result } = judge(clause, results, nativeTests);
  return `| ${clause.clause} | ${clause.says} | ${test} | ${result} |\n`;
}

function judge(
  { clause, scenario, unit, title, native, note }: Clause,
  results: ReadonlyMap<string, boolean>,
  nativeTests: string,
): { readonly test: string; readonly result: string } {
  if (scenario !== undefined) {
    const hasPassed = results.get(scenario);
    assert.ok(hasPassed !== undefined, `${clause}: no scenario "${scenario}"`);
    return { test: `scenario: ${scenario}`, result: hasPassed ? "pass" : "FAIL" };
  }
  if (unit !== undefined) {
    assert.ok(readFileSync(unit, "utf8").includes(`"${title}"`), `${clause}: no test "${title}" in ${unit}`);
    return { test: `${unit.split("/")[1]}: ${title}`, result: "with `npm test`" };
  }
  if (native !== undefined) {
    assert.ok(
      [`TEST(${native})`, `TEST_F(${native})`].some((head) => nativeTests.includes(head)),
      `${clause}: no C++ test ${native}`,
    );
    return { test: `C++: ${native.replace(", ", ".")}`, result: "with `npm test`" };
  }
  assert.ok(note !== undefined, `${clause}: neither a test nor a note`);
  return { test: "-", result: note };
}

function scenarioResults(): ReadonlyMap<string, boolean> {
  const files = readdirSync(SCENARIOS).filter((name) => name.endsWith(".jsonl"));
  const scenarios = files.flatMap((file) => readScenarios(join(SCENARIOS, file)));
  return new Map(
    scenarios.map((scenario) => [
      scenario.header.scenario,
      JSON.stringify(runScenario(scenario)) === JSON.stringify(scenario.lines),
    ]),
  );
}
