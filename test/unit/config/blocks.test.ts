import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockParser } from "../../../src/config/block-parser.ts";
import { HeaderGate } from "../../../src/config/gate.ts";
import { NO_CHECKS } from "../../../src/config/include.ts";
import { ROOT_TABLE } from "../../../src/config/keywords/tables.ts";
import { LineReader } from "../../../src/config/line-reader.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import { Reporter } from "../../../src/config/reporter.ts";
import type { Entry } from "../../../src/config/tree.ts";

/** The tree as text, and the problems as `line code`. */
function parse(text: string): { readonly tree: string; readonly problems: readonly string[] } {
  const reporter = new Reporter();
  const lines = new LineReader({
    configId: "x",
    checks: NO_CHECKS,
    host: createMemoryHost({ files: {} }),
    reporter,
    outside: { touches: 0 },
  });
  lines.openFile("main", "/main", text);
  const parser = new BlockParser({ lines, reporter, gate: new HeaderGate(), used: new Map(), memory: null });
  const entries: Entry[] = [];
  parser.parse(ROOT_TABLE, entries);
  const tree = entries.map(show).join(" ");
  const problems = reporter.sorted(["main"]).map(({ place, code }) => `${place?.line ?? "-"} ${code}`);
  return { tree, problems };
}

function show(entry: Entry): string {
  const words = entry.statement.words.join(" ");
  if (entry.keyword.body === "none") return words;
  const inner = [...entry.entries.map(show), ...entry.lines.map((line) => line.words.join(" "))];
  return `${words}{${inner.join("; ")}}`;
}

function check(title: string, text: string, tree: string, problems: readonly string[]): void {
  test(title, () => assert.deepEqual(parse(text), { tree, problems }));
}

const SHAPES = [
  "track_file f {\nweight 2\n}",
  "track_file f\n{\nweight 2\n}",
  "track_file f { weight 2\n}",
  "track_file f { weight 2 }",
];
for (const text of SHAPES) check(`brace style ${JSON.stringify(text)}`, text, "track_file f{weight 2}", []);

check(
  "several blocks on one line",
  "track_file f { weight 1 } track_file g { weight 2 }",
  "track_file f{weight 1} track_file g{weight 2}",
  [],
);
check(
  "an unknown keyword costs its line, not its block",
  "track_file f {\nweigth 2\nfile /x\n}",
  "track_file f{file /x}",
  ["2 unknown-keyword"],
);
check(
  "an unknown block is read with the table around it",
  "track_file f {\nmystery {\nweight 3\n}\nfile /x\n}\ntrack_file g {\n}",
  "track_file f{weight 3} track_file g{}",
  ["2 unknown-keyword", "2 unexpected-open-brace", "5 unknown-keyword", "6 extra-close-brace"],
);
check(
  "a missing { is reported, the lines are read all the same",
  "track_file f\nweight 3\n}",
  "track_file f{weight 3}",
  ["2 missing-open-brace", "3 extra-close-brace"],
);
check("a stray { is ignored", "{\ntrack_file f {\n}", "track_file f{}", ["1 unexpected-open-brace"]);
check("a stray } is reported", "}\ntrack_file f {\n}", "track_file f{}", ["1 extra-close-brace"]);
check(
  "the end inside a block is reported, what was read is used",
  "track_file f {\nweight 1",
  "track_file f{weight 1}",
  ["1 missing-close-brace"],
);
check(
  "words before the { of a block of values are left out",
  "static_ipaddress 10.0.0.1 {\n10.0.0.2\n}",
  "static_ipaddress 10.0.0.1{10.0.0.2}",
  ["1 block-extra-parameters"],
);
check("a block without a name is skipped whole", "track_group {\nweigth 2\n}\ninstance a", "instance a", [
  "1 block-rejected",
]);
check("keepalived stops reading at most blocks without a name", "track_file {\nweigth 2\n}\ninstance a", "instance a", [
  "1 missing-parameter",
]);
check(
  "a block with two names is skipped whole",
  "vrrp_instance A B {\ntrack_interface {\neth0\n}\n}\ninstance a",
  "instance a",
  ["1 block-rejected"],
);
check(
  "a second block of the same name is skipped",
  "bfd_instance b {\n}\nbfd_instance b {\nttl 2\n}",
  "bfd_instance b{}",
  ["3 block-rejected"],
);
check(
  "of files, scripts and processes without a complaint, as keepalived finds the first one",
  "track_file f {\n}\ntrack_file f {\nweight 2\n}",
  "track_file f{}",
  ["3 advice"],
);
check("a virtual server with a bad address is skipped whole", "virtual_server host 80 {\nreal_server x {\n}\n}", "", [
  "1 block-rejected",
]);
check("a root keyword inside a block is unknown there", "global_defs {\ninstance a\n}", "global_defs{}", [
  "2 unknown-keyword",
]);
check("surplus words are accepted silently", "instance a b c", "instance a b c", []);
