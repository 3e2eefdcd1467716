import assert from "node:assert/strict";
import { test } from "node:test";
import { loadWhole } from "../../helpers/load-text.ts";

function complaints(instance: string, globals = ""): readonly string[] {
  const text = `global_defs {
  ${globals}
}
vrrp_instance V {
  virtual_router_id 1
  ${instance}
  virtual_ipaddress {
    10.0.0.1 dev eth0
  }
}
`;
  const { diagnostics, testExitCode } = loadWhole(text, { interfaces: ["eth0"] });
  return diagnostics.map(({ code, place }) => `${code} ${place?.line} ${testExitCode}`);
}

const UNICAST = "unicast_src_ip 10.0.0.5\n  unicast_peer {\n 10.0.0.6\n }";

test("an instance names its interface, and one that does not is refused with its place", () => {
  assert.deepEqual(complaints("interface eth0"), []);
  assert.deepEqual(complaints("priority 100"), ["no-interface 4 5"]);
  assert.deepEqual(complaints(UNICAST), ["missing-interface 4 5"]);
});

test("with dynamic_interfaces one with a unicast source may wait without", () => {
  assert.deepEqual(complaints(UNICAST, "dynamic_interfaces"), []);
});
