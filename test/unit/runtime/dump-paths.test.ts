import assert from "node:assert/strict";
import { test } from "node:test";
import type { DumpSettings } from "../../../src/model/global-complete.ts";
import { type DumpPathRules, dumpPath } from "../../../src/runtime/dump-paths.ts";

function rules(settings: Partial<DumpSettings>, names: Partial<DumpPathRules> = {}): DumpPathRules {
  return {
    directory: "/var/tmp",
    networkNamespace: null,
    instanceName: null,
    ...names,
    settings: {
      usesInstanceNames: false,
      jsonVersion: 1,
      stateFile: null,
      statisticsFile: null,
      jsonFile: null,
      ...settings,
    },
  };
}

test("without a word dumps have keepalived's names", () => {
  assert.equal(dumpPath("state", rules({})), "/var/tmp/keepalived.data");
  assert.equal(dumpPath("state", rules({}), "_check"), "/var/tmp/keepalived_check.data");
  assert.equal(dumpPath("statistics", rules({})), "/var/tmp/keepalived.stats");
  assert.equal(dumpPath("json", rules({})), "/var/tmp/keepalived.json");
});

test("a path may be absolute, below the directory, or a folder alone", () => {
  assert.equal(dumpPath("state", rules({ stateFile: "/srv/ha.state.txt" }), "_check"), "/srv/ha.state_check.txt");
  assert.equal(dumpPath("state", rules({ stateFile: "/srv/state" }), "_check"), "/srv/state_check");
  assert.equal(dumpPath("state", rules({ stateFile: "ha.txt" })), "/var/tmp/ha.txt");
  assert.equal(dumpPath("statistics", rules({ statisticsFile: "/srv/" })), "/srv/keepalived.stats");
  assert.equal(dumpPath("json", rules({ jsonFile: "sub/" })), "/var/tmp/sub/keepalived.json");
  assert.equal(dumpPath("json", rules({ stateFile: "/srv/x" })), "/var/tmp/keepalived.json");
});

// Seen with keepalived 2.2.7.
test("data_use_instance names namespace and instance in the state files alone", () => {
  const named = { instanceName: "foo", networkNamespace: "blue" };
  const settings = { usesInstanceNames: true };
  assert.equal(dumpPath("state", rules(settings)), "/var/tmp/keepalived.data");
  assert.equal(dumpPath("state", rules(settings, named)), "/var/tmp/keepalived.blue_foo.data");
  assert.equal(dumpPath("state", rules(settings, { instanceName: "foo" })), "/var/tmp/keepalived.foo.data");
  assert.equal(dumpPath("state", rules(settings, named), "_check"), "/var/tmp/keepalived_check.blue_foo.data");
  assert.equal(dumpPath("statistics", rules(settings, named)), "/var/tmp/keepalived.stats");
});
