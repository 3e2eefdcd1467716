import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

interface ImportRules {
  readonly importsOf: (
    text: string,
  ) => readonly { readonly target: string; readonly line: number; readonly isType: boolean }[];
  readonly violation: (file: string, target: string, isType?: boolean) => string | null;
}

// The module is plain JavaScript, so that lint runs before anything is compiled.
const rules: ImportRules = await import(pathToFileURL(join(process.cwd(), "scripts/import-rules.mjs")).href);

const FORBIDDEN: readonly (readonly [string, string])[] = [
  ["model/vrrp.ts", "../config/load.ts"],
  ["model/vrrp.ts", "node:fs"],
  ["config/lexer.ts", "node:fs"],
  ["config/lexer.ts", "../runtime/daemon.ts"],
  ["config/keywords/vrrp.ts", "../../native/contract.ts"],
  ["vrrp/machine.ts", "../checker/policy.ts"],
  ["bfd/session.ts", "pino"],
  ["checker/policy.ts", "node:timers/promises"],
  ["ipvs/diff.ts", "../api/server.ts"],
  ["addressing/diff.ts", "../main.ts"],
  ["runtime/daemon.ts", "../cli/arguments.ts"],
  ["runtime/daemon.ts", "../main.ts"],
  ["api/server.ts", "../runtime/daemon.ts"],
  ["cli/run.ts", "../main.ts"],
  ["native/load.ts", "../model/units.ts"],
  ["invented/x.ts", "./y.ts"],
];

const ALLOWED: readonly (readonly [string, string])[] = [
  ["model/vrrp.ts", "./units.ts"],
  ["config/keywords/vrrp.ts", "../lexer.ts"],
  ["config/keywords/vrrp.ts", "../../model/units.ts"],
  ["config/lexer.ts", "node:net"],
  ["runtime/daemon.ts", "node:fs"],
  ["runtime/daemon.ts", "../native/contract.ts"],
  ["cli/run.ts", "../runtime/daemon.ts"],
  ["main.ts", "./cli/run.ts"],
];

for (const [file, target] of FORBIDDEN) {
  test(`src/${file} must not import ${target}`, () => assert.notEqual(rules.violation(file, target), null));
}

for (const [file, target] of ALLOWED) {
  test(`src/${file} may import ${target}`, () => assert.equal(rules.violation(file, target), null));
}

test("pure folders may import types of the contract with the addon, model may not", () => {
  assert.equal(rules.violation("ipvs/diff.ts", "../native/contract.ts", true), null);
  assert.notEqual(rules.violation("ipvs/diff.ts", "../native/contract.ts", false), null);
  assert.notEqual(rules.violation("ipvs/diff.ts", "../native/load.ts", true), null);
  assert.notEqual(rules.violation("model/lvs.ts", "../native/contract.ts", true), null);
});

test("imports of every form are found with their lines", () => {
  const text =
    'import type { a } from "./a.ts";\nexport {\n  b,\n} from "./b.ts";\nconst c = await import("./c.ts");\nimport "./d.ts";\n';
  assert.deepEqual(
    rules.importsOf(text),
    [
      { target: "./a.ts", line: 1, isType: true },
      { target: "./b.ts", line: 4, isType: false },
      { target: "./d.ts", line: 6, isType: false },
      { target: "./c.ts", line: 5, isType: false },
    ].sort((left, right) => left.line - right.line),
  );
});

test("api may import types of the runtime's snapshots, and nothing that runs", () => {
  assert.equal(rules.violation("api/statistics.ts", "../runtime/vrrp-types.ts", true), null);
  assert.notEqual(rules.violation("api/statistics.ts", "../runtime/vrrp-types.ts", false), null);
  assert.notEqual(rules.violation("config/load.ts", "../runtime/vrrp-types.ts", true), null);
});
