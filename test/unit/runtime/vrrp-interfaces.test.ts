import assert from "node:assert/strict";
import { test } from "node:test";
import type { InterfaceAddress, Link } from "../../../src/native/contract.ts";
import {
  NetworkView,
  requiredInterfaces,
  sourceAddress,
  VirtualAddressSet,
} from "../../../src/runtime/vrrp-network.ts";
import { loadText } from "../../helpers/load-text.ts";

const TEXT = `static_ipaddress {
 192.168.1.9/24 dev eth0 scope link
}
vrrp_instance V {
 interface eth0
 virtual_router_id 51
 virtual_ipaddress {
  192.168.1.100/24
  192.168.2.100/24 dev eth1
  192.168.3.100/24 dev eth2 no_track
 }
 virtual_routes {
  10.1.0.0/24 via 192.168.1.7 dev eth3
  10.2.0.0/24 via 192.168.1.7 dev eth4 no_track
  10.3.0.0/24 nexthop via 192.168.1.7 dev eth5 nexthop via 192.168.1.8 dev eth6
 }
 virtual_rules {
  iif eth7 table 7 priority 100
  oif eth8 table 7 priority 101
  iif eth9 table 7 priority 102 no_track
 }
}
`;

const { vrrpInstances, staticAddresses } = loadText(TEXT);
const [INSTANCE] = vrrpInstances;
assert.ok(INSTANCE !== undefined);

const LINK: Link = {
  ...{ ifindex: 2, name: "eth0", kind: null, mac: null, mtu: 1500, isUp: true, isRunning: true },
  ...{ hasArp: true, isLoopback: false, masterIfindex: 0 },
};

function address(text: string, scope: number): InterfaceAddress {
  const own = { ifindex: 2, family: "inet", address: text, prefixLength: 24 } as const;
  return { ...own, scope, label: null, broadcast: null, peer: null };
}

/** In the kernel's order: those of the link come first. */
function view(...addresses: readonly InterfaceAddress[]): NetworkView {
  const network = new NetworkView();
  network.replace([LINK], addresses);
  return network;
}

test("keepalived: an instance follows the interfaces of its tracked routes and rules, next hops excepted", () => {
  assert.deepEqual(requiredInterfaces(INSTANCE), ["eth0", "eth1", "eth3", "eth7", "eth8"]);
});

test("keepalived: a static address is no source of adverts beside one that was there", () => {
  const ours = new VirtualAddressSet([INSTANCE], staticAddresses);
  const [statically, before] = [address("192.168.1.9", 253), address("192.168.1.5", 0)];
  assert.equal(sourceAddress(INSTANCE, view(statically, before), ours), "192.168.1.5");
  assert.equal(sourceAddress(INSTANCE, view(statically), ours), "192.168.1.9");
});
