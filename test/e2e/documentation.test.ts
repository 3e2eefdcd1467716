import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { run } from "../helpers/process.ts";
import { ROOT } from "../helpers/repository.ts";

const FOLDER = join(ROOT, "test/fixtures/config");

interface Example {
  readonly command: string;
  readonly output: string;
}

/** Commands after `$ ` in `console` blocks, each with the lines that follow it. */
function examplesOf(page: string): readonly Example[] {
  const blocks = page.matchAll(/^```console\n(.*?)^```$/gms);
  return [...blocks].flatMap(([, block = ""]) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const end = text.indexOf("\n");
        return { command: text.slice(0, end), output: text.slice(end + 1) };
      }),
  );
}

const EXAMPLES = examplesOf(readFileSync(join(ROOT, "docs/configuration.md"), "utf8"));

test("the page has examples", () => assert.ok(EXAMPLES.length >= 8));

for (const { command, output } of EXAMPLES) {
  test(`configuration.md: ${command}`, async () => {
    const env = { ...process.env, PATH: `${join(ROOT, "bin")}${delimiter}${process.env["PATH"]}` };
    const result = await run(["bash", "-c", command], { cwd: FOLDER, env });
    assert.equal(result.stderr, "");
    assert.equal(result.stdout, output);
  });
}
