import assert from "node:assert/strict";
import { test } from "node:test";
import type { LinkFacts } from "../../../src/addressing/link-message.ts";
import { instanceAddress } from "../../../src/api/dump-network.ts";
import { ownInterface, placeConfiguration } from "../../../src/api/placed.ts";
import { loadWhole } from "../../helpers/load-text.ts";

const TEXT = `global_defs {
 vmac_prefix lab
 vmac_addr_prefix extra
}
vrrp_instance V {
 interface eth0
 use_vmac
 use_vmac_addr
 virtual_router_id 51
 virtual_ipaddress {
  10.0.0.100
  10.0.1.100 dev eth1
 }
 virtual_ipaddress_excluded {
  fd00::5 dev eth0
 }
}
vrrp_instance P {
 interface eth1
 virtual_router_id 52
 virtual_ipaddress {
  10.0.1.52
 }
}
`;

const LINK: LinkFacts = {
  ...{ ifindex: 2, name: "eth0", isRunning: true, mac: "02:00:00:00:00:01", kind: "veth", baseIfindex: 0 },
  ...{ isPrivate: false, ipvlanMode: null, group: 0, vrfTable: null, masterIfindex: 0 },
};
const VMAC: LinkFacts = {
  ...LINK,
  ...{ ifindex: 9, name: "odd", mac: "00:00:5e:00:01:33", kind: "macvlan", baseIfindex: 2, isPrivate: true },
};

function shown(links: readonly LinkFacts[]): readonly string[] {
  return placeConfiguration(loadWhole(TEXT).configuration, links).vrrpInstances.flatMap((instance) => [
    ownInterface(instance),
    ...[...instance.virtualAddresses, ...instance.excludedAddresses].map(
      (address) => instanceAddress(address, instance, false).split(" scope ")[0] ?? "",
    ),
  ]);
}

test("VMACs are shown by the names that the prefixes give them, with the interface below", () => {
  assert.deepEqual(shown([]), [
    "lab.51",
    "10.0.0.100 dev lab.51@eth0",
    "10.0.1.100 dev extra.51@eth1",
    "fd00::5 dev eth0",
    "eth1",
    "10.0.1.52 dev eth1",
  ]);
});

test("a VMAC that is there has the name that the kernel knows it by", () => {
  assert.deepEqual(shown([LINK, VMAC]).slice(0, 2), ["odd", "10.0.0.100 dev odd@eth0"]);
});
