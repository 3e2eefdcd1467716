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
  assert.deepEqual(usesVmac("use_vmac_addr"), [true, true]);
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
