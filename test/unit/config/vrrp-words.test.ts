import assert from "node:assert/strict";
import { test } from "node:test";
import { loadWhole } from "../../helpers/load-text.ts";

const INTERFACES = { interfaces: ["eth0", "eth1"] };

function instance(words: string): string {
  return `vrrp_instance V {
  interface eth0
  virtual_router_id 1
  ${words}
  virtual_ipaddress {
    10.0.0.1
    10.0.1.1 dev eth1
  }
}
`;
}

test("use_vmac_addr alone gives the addresses on other interfaces a VMAC, as with use_vmac", () => {
  const usesVmac = (words: string): readonly boolean[] => {
    const { configuration } = loadWhole(instance(words), INTERFACES);
    return configuration.vrrpInstances.flatMap(({ virtualAddresses }) =>
      virtualAddresses.map((address) => address.usesVmac),
    );
  };
  assert.deepEqual(usesVmac("priority 100"), [false, false]);
  assert.deepEqual(usesVmac("use_vmac_addr"), [false, true]);
  assert.deepEqual(usesVmac("use_vmac\n  use_vmac_addr"), [false, false]);
});

test("a garp_group of an interface that does not exist refuses the start, unless it may come", () => {
  const refusal = (globals: string): string | undefined => {
    const group = "garp_group {\n  interface eth9\n  garp_interval 0.1\n}\n";
    const text = `global_defs {\n  ${globals}\n}\n${group}${instance("priority 100")}`;
    return loadWhole(text, INTERFACES).startRefusal?.reasons[0]?.message;
  };
  assert.equal(refusal(""), "there is no interface eth9");
  assert.equal(refusal("dynamic_interfaces"), undefined);
});

test("a default route has the family of its gateways", () => {
  const routes = [
    "default via 2001:db8::9 dev eth0",
    "default via inet6 2001:db8::9 dev eth0",
    "default nexthop via 2001:db8::9 dev eth0 nexthop via 2001:db8::8 dev eth1",
    "default via 10.0.0.9 dev eth0",
    "10.9.0.0/16 via inet6 2001:db8::9 dev eth0",
    "default dev eth0",
  ];
  const text = `static_routes {\n  ${routes.join("\n  ")}\n}\n${instance("priority 100")}`;
  const { staticRoutes } = loadWhole(text, INTERFACES).configuration;
  assert.deepEqual(
    staticRoutes.map(({ family }) => family),
    ["inet6", "inet6", "inet6", "inet", "inet", "inet"],
  );
});

test("rules without a preference count down from 16384, those of each family for themselves", () => {
  const rules = ["from 10.1.0.0/16", "from 2001:db8:1::/48", "to 10.2.0.0/16", "to 2001:db8:2::/48"];
  const text = `static_rules {\n  ${rules.map((rule) => `${rule} table 5`).join("\n  ")}\n}\n${instance("priority 100")}`;
  const { staticRules } = loadWhole(text, INTERFACES).configuration;
  assert.deepEqual(
    staticRules.map(({ family, priority }) => `${family} ${priority}`),
    ["inet 16384", "inet6 16384", "inet 16383", "inet6 16383"],
  );
});

test("a static address, route or rule of an interface that does not exist refuses the start", () => {
  const blocks = [
    "static_ipaddress {\n 10.9.0.1/16 dev eth9\n}",
    "static_routes {\n 10.9.0.0/16 dev eth9\n}",
    "static_rules {\n from 10.9.0.0/16 iif eth9 table 5\n}",
  ];
  for (const block of blocks) {
    const refusal = (globals: string): number | undefined =>
      loadWhole(`global_defs {\n ${globals}\n}\n${block}\n${instance("priority 100")}`, INTERFACES).startRefusal
        ?.exitCode;
    assert.equal(refusal(""), 2);
    assert.equal(refusal("dynamic_interfaces"), undefined);
  }
});
