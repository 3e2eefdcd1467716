import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { examplesOf } from "../helpers/examples.ts";
import { run } from "../helpers/process.ts";
import { ROOT } from "../helpers/repository.ts";

const FOLDER = join(ROOT, "test/fixtures/config");
const PAGES = readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"));
/** Its commands take hours; each case has a test that runs it small. */
const MEASURED = "benchmarks.md";
const EXAMPLES = PAGES.flatMap((page) => examplesOf(page, "console"));

test("the pages have examples", () => {
  assert.ok(EXAMPLES.length >= 14);
  for (const page of ["configuration.md", "getting-started.md", "migration.md", "security.md"])
    assert.ok(
      EXAMPLES.some((example) => example.page === page),
      page,
    );
});

/** Blocks of commands that no test runs would have another word, or none, behind their fence. */
const FENCES = ["", " lab", " systemd", " package", " arm64", " download"];

test("there is no block of commands that is run nowhere", () => {
  for (const page of PAGES.filter((name) => name !== MEASURED)) {
    const text = readFileSync(join(ROOT, "docs", page), "utf8");
    const fences = [...text.matchAll(/^```console(.*)$/gm)].map(([, word]) => word ?? "");
    assert.deepEqual(
      fences.filter((word) => !FENCES.includes(word)),
      [],
      page,
    );
    const isCommand = /^ {4}(\$ |npm |apt|systemctl |holdfast |busctl |gdbus |snmp\w+ |node )/m;
    assert.doesNotMatch(text, isCommand, page);
  }
});

for (const { page, command, output } of EXAMPLES) {
  test(`${page}: ${command}`, async () => {
    const env = { ...process.env, PATH: `${join(ROOT, "bin")}${delimiter}${process.env["PATH"]}` };
    const result = await run(["bash", "-c", command], { cwd: FOLDER, env });
    assert.equal(result.stderr, "");
    assert.equal(result.stdout, output);
  });
}
