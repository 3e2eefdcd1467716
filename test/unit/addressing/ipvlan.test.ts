import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeLinkFacts, ipvlanMessage, type LinkFacts } from "../../../src/addressing/link-message.ts";
import { planVmacs } from "../../../src/addressing/vmac.ts";
import type { ConfiguredVrrpInstance, IpvlanSettings } from "../../../src/model/vrrp-complete.ts";
import { loadText } from "../../helpers/load-text.ts";

const NAMES = { prefix: "vrrp", addressPrefix: "vrrp" };
const ETH0: LinkFacts = {
  ifindex: 2,
  name: "eth0",
  isRunning: true,
  mac: "02:00:00:00:00:01",
  kind: "veth",
  baseIfindex: 0,
  isPrivate: false,
  ipvlanMode: null,
  group: 0,
  vrfTable: null,
  masterIfindex: 0,
};
const IPVLAN: LinkFacts = { ...ETH0, ifindex: 9, kind: "ipvlan", baseIfindex: 2, ipvlanMode: "private", name: "ipv0" };

function instances(words: string, address = "192.0.2.100"): readonly ConfiguredVrrpInstance[] {
  const text = `vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n version 3\n ${words}
 virtual_ipaddress {\n ${address}\n }\n}\n`;
  return loadText(text).vrrpInstances;
}

function settingsOf(words: string): IpvlanSettings | null | undefined {
  return instances(words)[0]?.ipvlan;
}

describe("use_ipvlan", () => {
  it("sends adverts over an ipvlan with its own address, and leaves the VIPs on the interface", () => {
    const plan = planVmacs(instances("use_ipvlan vepa 192.0.2.51/24"), NAMES, [ETH0]);
    const [instance] = plan.instances;
    assert.equal(instance?.advertInterfaceName, "vrrp.51");
    assert.equal(instance?.sourceInterfaceName, "vrrp.51");
    assert.equal(instance?.sourceAddress, "192.0.2.51");
    assert.equal(instance?.virtualAddresses[0]?.interfaceName, null);
    const [link] = plan.vmacs;
    assert.equal(link?.ipvlan?.mode, "vepa");
    assert.deepEqual([link?.ipvlan?.address?.address, link?.ipvlan?.address?.prefixLength], ["192.0.2.51", 24]);
    assert.deepEqual([link?.hasIpv6, link?.isFound], [false, false]);
  });

  it("takes one that is there, if name, mode and interface below fit", () => {
    const ours = instances("use_ipvlan ipv0 192.0.2.51 private");
    assert.equal(planVmacs(ours, NAMES, [ETH0, IPVLAN]).vmacs[0]?.isFound, true);
    const other = planVmacs(ours, NAMES, [ETH0, { ...IPVLAN, ipvlanMode: "bridge" }]).vmacs[0];
    assert.deepEqual([other?.isFound, other?.name], [false, "vrrp.51"]);
  });

  it("reads words in any order, and has no source over IPv4 without an address", () => {
    assert.equal(settingsOf("use_ipvlan")?.address, null);
    assert.equal(settingsOf("use_ipvlan name ipv0 192.0.2.51 group 7")?.name, "ipv0");
  });

  it("encodes what the kernel tells back", () => {
    const spec = { name: "ipv0", baseIfindex: 2, group: 7, masterIfindex: 0 };
    for (const mode of ["bridge", "private", "vepa"] as const) {
      const facts = decodeLinkFacts(ipvlanMessage(spec, mode));
      assert.deepEqual(
        [facts?.name, facts?.kind, facts?.ipvlanMode, facts?.baseIfindex, facts?.group],
        ["ipv0", "ipvlan", mode, 2, 7],
      );
    }
  });
});
