// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is the syntax under test
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CODES } from "../../../src/config/codes.ts";
import { TABLES, type TABLES as Tables } from "../../../src/config/keywords/tables.ts";
import { LIMITS } from "../../../src/config/limits.ts";
import { type LoadedConfiguration, loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import { renderDiagnostic } from "../../../src/config/render-diagnostic.ts";

const TIMEOUT_MS = 120_000;

function load(text: string, files: Readonly<Record<string, string>> = {}): LoadedConfiguration {
  const host = createMemoryHost({ files: { "/main": text, ...files }, interfaces: ["lo", "eth0"] });
  return loadConfiguration({ path: "/main", workingDirectory: "/", configId: null, enforcesIncludes: false }, host);
}

/** What holds for every result, whatever the text was. */
function checkResult(loaded: LoadedConfiguration): void {
  assert.ok(Object.isFrozen(loaded.configuration));
  assert.ok(loaded.diagnostics.length <= LIMITS.diagnostics + 1);
  assert.ok([0, 2, 4, 5, 6].includes(loaded.testExitCode));
  for (const diagnostic of loaded.diagnostics) {
    assert.ok(diagnostic.code in CODES, diagnostic.code);
    if (diagnostic.place !== null) assert.ok(diagnostic.place.line >= 1 && diagnostic.place.column >= 1);
  }
  for (const diagnostic of loaded.diagnostics.slice(0, 20)) renderDiagnostic(diagnostic, loaded.sources);
}

test("any octets give a result", { timeout: TIMEOUT_MS }, () => {
  const decoder = new TextDecoder();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (octets) => checkResult(load(decoder.decode(octets)))),
    { numRuns: 200 },
  );
});

function wordsOf(tables: typeof Tables): readonly string[] {
  return [...tables.values()].flatMap((table) => table.rows.map((row) => row.name));
}

const VALUES = [
  "1",
  "0",
  "-1",
  "254",
  "99999999999999999999",
  "0.5",
  "1e9",
  "on",
  "off",
  "eth0",
  "10.0.0.1",
  "10.0.0.1/24",
];
const ODD_VALUES = [
  "::1",
  "fe80::1/64",
  "MASTER",
  "group",
  "fwmark",
  "weight",
  "reverse",
  "default",
  "via",
  '"a b"',
  "'c d",
  '"',
  "x",
];
const SYNTAX = [
  "{",
  "}",
  "\n",
  "\n",
  "\n",
  " ",
  "#",
  "!",
  "\\",
  "\\\n",
  "$A",
  "${A}",
  "$A=",
  "~SEQ(A,3)",
  "~LST(A,x,y)",
  "@h ",
  "@^h ",
];

const token = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...wordsOf(TABLES)) },
  { weight: 3, arbitrary: fc.constantFrom(...VALUES, ...ODD_VALUES) },
  { weight: 4, arbitrary: fc.constantFrom(...SYNTAX) },
  { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
);

test("any order of keywords, values and syntax gives a result", { timeout: TIMEOUT_MS }, () => {
  fc.assert(
    fc.property(fc.array(token, { maxLength: 120 }), (tokens) => checkResult(load(tokens.join(" ")))),
    { numRuns: 200 },
  );
});

/** Blocks that are nested as the tables want it, with odd values inside. */
function blockText(path: string, depth: number): fc.Arbitrary<string> {
  const rows = TABLES.get(path)?.rows ?? [];
  const lines = rows.map((row) => {
    const child = path === "(root)" ? row.name : `${path}/${row.name}`;
    const header = fc.array(fc.constantFrom(...VALUES, ...ODD_VALUES), { maxLength: 3 });
    const isBlock = row.body === "keywords" && depth > 0 && TABLES.has(child);
    const inner = isBlock ? blockText(child, depth - 1) : fc.constant(row.body === "none" ? "" : "10.0.0.1 dev eth0\n");
    return fc.tuple(header, inner).map(([words, body]) => {
      const start = `${row.name} ${words.join(" ")}`;
      return row.body === "none" ? `${start}\n` : `${start} {\n${body}}\n`;
    });
  });
  return fc.array(fc.oneof(...lines), { maxLength: 8 }).map((texts) => texts.join(""));
}

for (const path of ["(root)", "vrrp_instance", "virtual_server", "virtual_server/real_server", "global_defs"]) {
  test(`odd values in ${path} give a result`, { timeout: TIMEOUT_MS }, () => {
    const wrap = (text: string): string => {
      switch (path) {
        case "vrrp_instance":
          return `vrrp_instance A {\n${text}}\n`;
        case "virtual_server":
          return `virtual_server 10.0.0.1 80 {\n${text}}\n`;
        case "virtual_server/real_server":
          return `virtual_server 10.0.0.1 80 {\nreal_server 10.0.0.2 80 {\n${text}}\n}\n`;
        case "global_defs":
          return `global_defs {\n${text}}\n`;
        default:
          return text;
      }
    };
    fc.assert(
      fc.property(blockText(path, 2), (text) => checkResult(load(wrap(text)))),
      { numRuns: 60 },
    );
  });
}

test("loading is repeatable", () => {
  const text =
    "vrrp_instance A {\n interface eth0\n virtual_router_id 300\n}\n~SEQ(I,3) virtual_server 10.0.0.$I 80 {\n}\n";
  assert.deepEqual(load(text), load(text));
});

const BOMBS: readonly (readonly [string, string])[] = [
  ["a list of a billion", "~SEQ(I,1000000000) vrrp_$I\n"],
  ["nested lists", `${"~SEQ(A,100) ".repeat(12)} x\n`],
  [
    "a parameter that doubles",
    `$A0=aaaaaaaaaa\n${Array.from({ length: 60 }, (_, i) => `$A${i + 1}=\${A${i}}\${A${i}}`).join("\n")}\nx \${A60}\n`,
  ],
  ["a parameter that names itself", "$A=x ${A}\n${A}\n"],
  ["two parameters that name each other", "$A=${B}\n$B=${A}\nx ${A}\n"],
  ["a multi-line parameter that ends with itself", "$A=a \\\nb $A\n$A\n"],
  ["a list that repeats itself", "$A=~SEQ(I,2) $A\n$A\n"],
];

for (const [title, text] of BOMBS) {
  test(`${title} stays within the limits`, { timeout: TIMEOUT_MS }, () => {
    const loaded = load(text);
    checkResult(loaded);
    assert.notEqual(loaded.testExitCode, 0);
  });
}

test("files that include each other end", () => {
  const loaded = load("include /b\n", { "/b": "include /c\n", "/c": "include /b\ninclude /c\n" });
  checkResult(loaded);
  assert.ok(loaded.diagnostics.some(({ code }) => code === "limit-exceeded"));
});

test("a hundred thousand open braces end", { timeout: TIMEOUT_MS }, () => {
  checkResult(load("{".repeat(100_000)));
  checkResult(load("global_defs {\n".repeat(20_000)));
  checkResult(load("virtual_server 10.0.0.1 80 {\nreal_server 10.0.0.2 80 {\nHTTP_GET {\nurl {\n".repeat(5_000)));
});

test("a line of 100 MB is refused", { timeout: TIMEOUT_MS }, () => {
  const loaded = load(`${"x".repeat(100 << 20)}\nrouter_id\n`);
  checkResult(loaded);
  assert.deepEqual(
    loaded.diagnostics.map(({ code }) => code),
    ["line-too-long", "unknown-keyword"],
  );
});

test("a glob of many stars is matched in bounded time", { timeout: TIMEOUT_MS }, () => {
  checkResult(load(`include /${"*a".repeat(50)}b\n`, { [`/${"a".repeat(200)}`]: "x\n" }));
  checkResult(load(`include /${"{a,b}".repeat(30)}\n`));
});
