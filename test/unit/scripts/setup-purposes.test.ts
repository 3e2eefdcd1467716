import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { ROOT } from "../../helpers/repository.ts";

test("every npm script asks setup for something that it knows", async () => {
  const { isPurpose } = (await import(pathToFileURL(join(ROOT, "scripts/packages.mjs")).href)) as {
    readonly isPurpose: (name: string) => boolean;
  };
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const purposes = Object.values(scripts).flatMap((line) => /setup\.mjs --for (\S+)/.exec(line)?.[1] ?? []);
  assert.ok(purposes.includes("arm64") && purposes.includes("test"));
  assert.deepEqual(
    purposes.filter((purpose) => !isPurpose(purpose)),
    [],
  );
  assert.equal(isPurpose("constructor"), false);
});
