import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { ScriptCommand } from "../../../src/model/command.ts";
import { scriptName } from "../../../src/runtime/script-command.ts";

describe("the path by which the log names a script", () => {
  let folder = "";
  before(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "script-name-")));
    mkdirSync(join(folder, "real"));
    symlinkSync("real", join(folder, "linked"));
    writeFileSync(join(folder, "real/check.sh"), "#!/bin/sh\n");
    chmodSync(join(folder, "real/check.sh"), 0o755);
    symlinkSync("check.sh", join(folder, "real/link.sh"));
  });
  after(() => rmSync(folder, { recursive: true }));

  function nameOf(name: string, how: Partial<ScriptCommand> = {}): string {
    const place = { file: "a.conf", line: 1, column: 1 };
    return scriptName({ argv: [name, "word"], user: null, place, ...how }, `${folder}/none:${folder}/linked`);
  }

  test("links of the folder are followed, a link to the script is not", () => {
    assert.equal(nameOf(`${folder}/linked/check.sh`), `${folder}/real/check.sh`);
    assert.equal(nameOf(`${folder}/real/../linked/link.sh`), `${folder}/real/link.sh`);
  });

  test("a bare name is told as it was found", () => {
    assert.equal(nameOf("check.sh"), `${folder}/real/check.sh`);
    assert.equal(nameOf("nowhere.sh"), "nowhere.sh");
  });

  test("with use_symlink_paths it is told as written", () => {
    assert.equal(nameOf(`${folder}/linked/check.sh`, { isRunByLink: true }), `${folder}/linked/check.sh`);
  });
});
