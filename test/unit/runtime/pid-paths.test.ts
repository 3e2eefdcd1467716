import assert from "node:assert/strict";
import { test } from "node:test";
import { type PidPathRules, pidPaths } from "../../../src/runtime/pid-paths.ts";

const RULES: PidPathRules = {
  runDirectory: "/run",
  instanceName: null,
  networkNamespace: null,
  usesPidDirectory: false,
  given: { parent: null, vrrp: null, checkers: null, bfd: null },
};

test("keepalived's default paths, for the parts that run", () => {
  assert.deepEqual(pidPaths(RULES, ["parent", "vrrp", "checkers"]), {
    directories: [],
    files: ["/run/keepalived.pid", "/run/vrrp.pid", "/run/checkers.pid"],
  });
  assert.deepEqual(pidPaths(RULES, ["parent"]).files, ["/run/keepalived.pid"]);
});

test("use_pid_dir, instance and net_namespace", () => {
  assert.deepEqual(pidPaths({ ...RULES, usesPidDirectory: true }, ["parent"]), {
    directories: ["/run/keepalived"],
    files: ["/run/keepalived/keepalived.pid"],
  });
  assert.deepEqual(pidPaths({ ...RULES, instanceName: "blue" }, ["parent", "vrrp"]), {
    directories: ["/run/keepalived"],
    files: ["/run/keepalived/keepalived_blue.pid", "/run/keepalived/vrrp_blue.pid"],
  });
  assert.deepEqual(pidPaths({ ...RULES, networkNamespace: "ns1" }, ["vrrp"]), {
    directories: ["/run/keepalived", "/run/keepalived/ns1"],
    files: ["/run/keepalived/ns1/vrrp.pid"],
  });
});

test("the command line beats every rule, and then no folder is needed", () => {
  const given = { parent: "/a.pid", vrrp: "/b.pid", checkers: null, bfd: null };
  assert.deepEqual(pidPaths({ ...RULES, instanceName: "blue", given }, ["parent", "vrrp"]), {
    directories: [],
    files: ["/a.pid", "/b.pid"],
  });
});
