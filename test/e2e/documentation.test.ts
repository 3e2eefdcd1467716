import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { examplesOf } from "../helpers/examples.ts";
import { run } from "../helpers/process.ts";
import { ROOT } from "../helpers/repository.ts";

const FOLDER = join(ROOT, "test/fixtures/config");
const PAGES = readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"));
const EXAMPLES = PAGES.flatMap((page) => examplesOf(page, "console"));

test("the pages have examples", () => {
  assert.ok(EXAMPLES.length >= 14);
  for (const page of ["configuration.md", "getting-started.md", "migration.md", "security.md"])
    assert.ok(
      EXAMPLES.some((example) => example.page === page),
      page,
    );
});

for (const { page, command, output } of EXAMPLES) {
  test(`${page}: ${command}`, async () => {
    const env = { ...process.env, PATH: `${join(ROOT, "bin")}${delimiter}${process.env["PATH"]}` };
    const result = await run(["bash", "-c", command], { cwd: FOLDER, env });
    assert.equal(result.stderr, "");
    assert.equal(result.stdout, output);
  });
}
