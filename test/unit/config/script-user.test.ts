import assert from "node:assert/strict";
import { test } from "node:test";
import type { LoadedConfiguration } from "../../../src/config/load.ts";
import type { MemoryHostFacts } from "../../../src/config/memory-host.ts";
import { loadWhole } from "../../helpers/load-text.ts";

const ACCOUNT = { keepalived_script: { uid: 990, gid: 991 } };
const NOBODY = { nobody: { uid: 65534, gid: 65534 } };

function load(globals: string, users: MemoryHostFacts["users"]): LoadedConfiguration {
  const text = `global_defs {
  ${globals}
}
vrrp_script plain {
  script /bin/check
}
vrrp_script owned {
  script /bin/check
  user nobody
}
vrrp_instance V {
  interface eth0
  virtual_router_id 1
  virtual_ipaddress {
    10.0.0.1
  }
  notify /bin/notify
  notify_master /bin/notify nobody
}
`;
  return loadWhole(text, { users: { ...NOBODY, ...users } });
}

/** Who runs the scripts, by uid; null is the daemon itself, a script that is not listed is left out. */
function runners({ configuration }: LoadedConfiguration): Record<string, number | null> {
  const { any, active } = configuration.vrrpInstances[0]?.notify ?? {};
  const scripts = configuration.scripts.map(({ name, command }) => [name, command] as const);
  const all = [...scripts, ["any", any] as const, ["active", active] as const];
  return Object.fromEntries(
    all.flatMap(([name, command]) =>
      command === null || command === undefined ? [] : [[name, command.user?.uid ?? null]],
    ),
  );
}

test("with enable_script_security and nobody to run them, scripts that name no user are left out", () => {
  const loaded = load("enable_script_security", {});
  assert.deepEqual(runners(loaded), { owned: 65534, active: 65534 });
  assert.equal(loaded.testExitCode, 5);
  const missing = loaded.diagnostics.filter(({ code }) => code === "missing-user");
  assert.deepEqual(
    missing.map(({ place }) => place?.line),
    [5, 17],
  );
  assert.match(missing[0]?.message ?? "", /no user "keepalived_script".*script_user/);
});

test("they are run by keepalived_script, or as script_user says", () => {
  const byAccount = load("enable_script_security", ACCOUNT);
  assert.deepEqual(runners(byAccount), { plain: 990, owned: 65534, any: 990, active: 65534 });
  assert.deepEqual(byAccount.diagnostics, []);
  const named = load("enable_script_security\n  script_user nobody", ACCOUNT);
  assert.deepEqual(runners(named), { plain: 65534, owned: 65534, any: 65534, active: 65534 });
});

test("without enable_script_security the daemon itself runs them, unless script_user names nobody's account", () => {
  assert.deepEqual(runners(load("router_id x", {})), { plain: null, owned: 65534, any: null, active: 65534 });
  const unknown = load("script_user wwww", ACCOUNT);
  assert.deepEqual(runners(unknown), { owned: 65534, active: 65534 });
  assert.ok(unknown.diagnostics.some(({ code }) => code === "missing-user"));
});
