import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planVmacs } from "../../../src/addressing/vmac.ts";
import { extraAddresses } from "../../../src/runtime/vrrp-network.ts";
import { loadText } from "../../helpers/load-text.ts";

/** @returns the addresses that are announced again and again, with their interfaces */
function extras(words: string, globalWords = ""): readonly string[] {
  const { vrrpInstances } = loadText(`global_defs {
 dynamic_interfaces
 ${globalWords}
}
vrrp_instance VI_1 {
 interface eth0
 virtual_router_id 51
 ${words}
 virtual_ipaddress {
  10.0.0.100
  10.0.0.101
  10.1.0.100 dev eth1 use_vmac
  10.2.0.100 dev eth2
 }
 virtual_ipaddress_excluded {
  10.3.0.100 dev eth3 use_vmac
 }
}
`);
  const names = { prefix: "vrrp", addressPrefix: "vrrp1" };
  return planVmacs(vrrpInstances, names, []).instances.flatMap((instance) =>
    extraAddresses(instance).map(
      ({ address, interfaceName }) => `${address} ${interfaceName ?? instance.interfaceName}`,
    ),
  );
}

/** As keepalived 2.2.7 does on the wire. */
describe("garp_extra_if", () => {
  it("is for the first address of each VMAC that the adverts do not go out of", () => {
    assert.deepEqual(extras("use_vmac\n garp_extra_if 2"), ["10.1.0.100 vrrp1.51"]);
    assert.deepEqual(extras("garp_extra_if 2"), ["10.1.0.100 vrrp1.51"]);
    assert.deepEqual(extras("use_vmac\n vmac_xmit_base\n garp_extra_if 2"), [
      "10.0.0.100 vrrp.51",
      "10.1.0.100 vrrp1.51",
    ]);
    assert.deepEqual(extras("use_vmac"), []);
  });

  it("takes plain interfaces along with the word all", () => {
    assert.deepEqual(extras("use_vmac\n garp_extra_if all 2"), ["10.1.0.100 vrrp1.51", "10.2.0.100 eth2"]);
    assert.deepEqual(extras("vmac_garp_intvl all 2"), ["10.1.0.100 vrrp1.51", "10.2.0.100 eth2"]);
  });

  it("has a default in global_defs, which an instance can turn off", () => {
    assert.deepEqual(extras("", "vrrp_garp_extra_if 2"), ["10.1.0.100 vrrp1.51"]);
    assert.deepEqual(extras("", "vrrp_vmac_garp_intvl all 2"), ["10.1.0.100 vrrp1.51", "10.2.0.100 eth2"]);
    assert.deepEqual(extras("garp_extra_if 0", "vrrp_garp_extra_if all 2"), []);
  });
});
