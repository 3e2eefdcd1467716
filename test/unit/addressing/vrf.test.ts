import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeLinkFacts, type LinkFacts } from "../../../src/addressing/link-message.ts";
import { hasVrfRoutes, withVrfTables } from "../../../src/addressing/vrf.ts";
import { loadText } from "../../helpers/load-text.ts";

const TEXT = `static_routes {
 10.9.0.0/16 dev eth1 vrf blue
 10.8.0.0/16 dev eth1 table 7
}
vrrp_instance VI_1 {
 interface eth0
 virtual_router_id 51
 virtual_ipaddress {
  192.0.2.100
 }
 virtual_routes {
  10.7.0.0/16 dev eth1 vrf blue
  10.6.0.0/16 dev eth1 vrf red
 }
}
`;
const BLUE: LinkFacts = {
  ifindex: 7,
  name: "blue",
  isRunning: true,
  mac: "02:00:00:00:00:07",
  kind: "vrf",
  baseIfindex: 0,
  isPrivate: false,
  ipvlanMode: null,
  group: 0,
  vrfTable: 101,
  masterIfindex: 0,
};

describe("routes in a VRF", () => {
  it("go into the table of the device, or nowhere", () => {
    const configuration = loadText(TEXT);
    assert.equal(hasVrfRoutes(configuration), true);
    const { staticRoutes, vrrpInstances } = withVrfTables(configuration, [BLUE]);
    assert.deepEqual(
      staticRoutes.map(({ table }) => table),
      [101, 7],
    );
    assert.deepEqual(
      vrrpInstances[0]?.virtualRoutes.map(({ table }) => table),
      [101],
    );
    assert.equal(hasVrfRoutes(loadText(TEXT.replaceAll(/ vrf \S+/g, ""))), false);
  });

  it("reads the table from what the kernel tells of a link", () => {
    // struct ifinfomsg; IFLA_IFNAME "blue"; IFLA_LINKINFO { IFLA_INFO_KIND "vrf", IFLA_INFO_DATA { IFLA_VRF_TABLE 101 } }
    const header = "00000100 07000000 c1000000 00000000";
    const name = "09000300 626c756500 000000";
    const info = "18001200 08000100 76726600 0c000200 08000100 65000000";
    const payload = Uint8Array.from(Buffer.from((header + name + info).replaceAll(" ", ""), "hex"));
    const link = decodeLinkFacts({ type: 16, flags: 0, payload });
    assert.equal(link?.name, "blue");
    assert.equal(link?.vrfTable, 101);
  });
});
