import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LinkFacts } from "../../../src/addressing/link-message.ts";
import { planVmacs, type Vmac } from "../../../src/addressing/vmac.ts";
import { loadText } from "../../helpers/load-text.ts";

const MAC = "00:00:5e:00:01:33";
const ETH0: LinkFacts = {
  ...{ ifindex: 2, name: "eth0", isRunning: true, mac: "02:00:00:00:00:01", kind: "veth", baseIfindex: 0 },
  ...{ isPrivate: false, ipvlanMode: null, group: 0, vrfTable: null, masterIfindex: 0 },
};

function macvlan(name: string, mac = MAC): LinkFacts {
  return { ...ETH0, ifindex: 9, kind: "macvlan", baseIfindex: 2, isPrivate: true, name, mac };
}

function plan(words: string, links: readonly LinkFacts[], made: readonly Vmac[] = []): readonly Vmac[] {
  const text = `vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n version 3\n ${words}
 virtual_ipaddress {\n 192.0.2.100\n }\n}\n`;
  const names = { prefix: "vrrp", addressPrefix: "vrrp" };
  return planVmacs(loadText(text).vrrpInstances, names, [ETH0, ...links], made).vmacs;
}

function name(vmacs: readonly Vmac[]): string | undefined {
  return vmacs[0]?.name;
}

// As keepalived has it.
it("a name that an instance asks for is generated for no other one", () => {
  const block = (instance: string, vrid: number, words: string): string =>
    `vrrp_instance ${instance} {\n interface eth0\n virtual_router_id ${vrid}\n version 3\n ${words}
 virtual_ipaddress {\n 192.0.2.${vrid}\n }\n}\n`;
  const text = block("A", 1, "use_vmac") + block("B", 2, "use_vmac vrrp.1");
  const names = { prefix: "vrrp", addressPrefix: "vrrp" };
  const { vmacs } = planVmacs(loadText(text).vrrpInstances, names, [ETH0]);
  assert.deepEqual(
    vmacs.map((vmac) => vmac.name),
    ["vrrp1.1", "vrrp.1"],
  );
});

describe("the VMACs of a reload", () => {
  const made = plan("use_vmac vm1", []);

  it("gives one that was made for another name a successor", () => {
    assert.equal(name(plan("use_vmac vm2", [macvlan("vm1")], made)), "vm2");
    assert.equal(name(plan("use_vmac", [macvlan("vm1")], made)), "vrrp.51");
    assert.equal(name(plan("use_vmac vm1", [macvlan("vrrp.51")], plan("use_vmac", []))), "vm1");
  });

  it("keeps one whose name is the same, also after it has lent its MAC", () => {
    for (const mac of [MAC, "02:00:5e:00:01:33"]) {
      const [kept] = plan("use_vmac vm1", [macvlan("vm1", mac)], made);
      assert.deepEqual([kept?.name, kept?.isFound, kept?.mac], ["vm1", true, MAC]);
    }
  });

  it("takes one that is there at a start, whatever its name", () => {
    assert.equal(name(plan("use_vmac vm2", [macvlan("vm1")])), "vm1");
  });
});
