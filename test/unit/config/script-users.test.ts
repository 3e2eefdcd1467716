import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import type { ScriptCommand } from "../../../src/model/command.ts";
import { groupsIn } from "../../../src/runtime/config-host.ts";

/** The command of a script under these global lines. */
function commandOf(globals: string, owner = ""): Pick<ScriptCommand, "user" | "isRunByLink"> {
  const text = `global_defs {\n${globals}\n}\nvrrp_script s {\n script "/bin/true"\n${owner}\n}\n`;
  const { configuration } = loadConfiguration(
    { path: "/a.conf", workingDirectory: "/", configId: null, enforcesIncludes: false },
    createMemoryHost({
      files: { "/a.conf": text },
      users: { ann: { uid: 1000, gid: 100 }, web: { uid: 33, gid: 33 } },
      groups: { ann: [7, 8] },
    }),
  );
  const command = configuration.scripts[0]?.command;
  assert.ok(command !== undefined && command !== null);
  return command;
}

test("set_supplementary_groups counts for users that are named after it", () => {
  const all = { uid: 1000, gid: 100, groups: [100, 7, 8] };
  const alone = { uid: 1000, gid: 100 };
  assert.deepEqual(commandOf("set_supplementary_groups\nscript_user ann").user, all);
  assert.deepEqual(commandOf("script_user ann\nset_supplementary_groups").user, alone);
  assert.deepEqual(commandOf("script_user ann\nset_supplementary_groups", "user ann").user, all);
  assert.deepEqual(commandOf("set_supplementary_groups off\nscript_user ann").user, alone);
});

test("a colon before the group asks for them too", () => {
  assert.deepEqual(commandOf("", "user ann :").user, { uid: 1000, gid: 100, groups: [100, 7, 8] });
  assert.deepEqual(commandOf("", "user ann :web").user, { uid: 1000, gid: 33, groups: [33, 7, 8] });
  assert.deepEqual(commandOf("", "user ann web").user, { uid: 1000, gid: 33 });
});

test("use_symlink_paths marks the commands", () => {
  assert.equal(commandOf("use_symlink_paths").isRunByLink, true);
  assert.equal(commandOf("use_symlink_paths off").isRunByLink, undefined);
  assert.equal(commandOf("").isRunByLink, undefined);
});

test("groups are those that list the user, the first one first", () => {
  const text = "root:x:0:\nadm:x:4:syslog,ann\nann:x:100:\nbroken:x:abc:ann\nanna:x:9:anna\nlast:x:12:ann\n";
  assert.deepEqual(groupsIn(text, "ann", 100), [100, 4, 12]);
  assert.deepEqual(groupsIn(text, "bob", 5), [5]);
});
