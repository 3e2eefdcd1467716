import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutVrrpRefusals } from "../../../src/config/load.ts";
import { loadWhole } from "../../helpers/load-text.ts";

const SERVICE =
  "virtual_server 10.0.0.4 80 {\n lb_algo rr\n lb_kind NAT\n protocol TCP\n real_server 10.0.0.9 80 {\n }\n}\n";
const MACHINE = { interfaces: ["lo", "eth0"] };
const VIP = "virtual_ipaddress {\n 10.0.0.1\n }";

function refusals(text: string): readonly string[] {
  return (withoutVrrpRefusals(loadWhole(text + SERVICE, MACHINE)).startRefusal?.reasons ?? []).map(({ code }) => code);
}

// keepalived 2.2.7 with -C starts with these.
for (const [what, text] of [
  [
    "an instance of an interface that is not there",
    `vrrp_instance V {\n interface nosuch0\n virtual_router_id 1\n ${VIP}\n}\n`,
  ],
  ["an instance without VRID", `vrrp_instance V {\n interface eth0\n ${VIP}\n}\n`],
  ["a static address without its interface", "static_ipaddress {\n 10.0.0.1/24 dev nosuch0\n}\n"],
] as const) {
  test(`${what} keeps no checkers from starting`, () => {
    assert.ok((loadWhole(text + SERVICE, MACHINE).startRefusal?.reasons.length ?? 0) > 0);
    assert.deepEqual(refusals(text), []);
  });
}

test("what is not VRRP's alone still does", () => {
  const text = "includem /nothing.conf\nvrrp_instance V {\n interface nosuch0\n}\n";
  assert.deepEqual(refusals(text), ["include-refused"]);
});
