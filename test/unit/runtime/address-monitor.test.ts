import assert from "node:assert/strict";
import { test } from "node:test";
import type { InterfaceAddress, Link, VrrpEvent } from "../../../src/native/contract.ts";
import { AddressMonitor } from "../../../src/runtime/address-monitor.ts";

const ETH0: Link = {
  ...{ ifindex: 2, name: "eth0", kind: "veth", mac: null, mtu: 1500, isUp: true, isRunning: true, hasArp: true },
  ...{ isLoopback: false, masterIfindex: 0 },
};

function address(text: string): InterfaceAddress {
  const rest = { prefixLength: 24, scope: 0, label: null, broadcast: null, peer: null };
  return { ifindex: 2, family: "inet", address: text, ...rest };
}

function change(text: string, isDeleted: boolean): VrrpEvent {
  return { kind: "address", address: address(text), isDeleted, atUs: 0 };
}

test("-a tells of the addresses that are there, then of each that comes or goes, with the name of the interface", async () => {
  const said: string[] = [];
  const monitor = new AddressMonitor({
    read: async () => ({ links: [ETH0], addresses: [address("192.0.2.1")] }),
    log: ({ text }) => said.push(text),
  });
  const opened = monitor.open();
  monitor.onEvents([change("192.0.2.7", false)]);
  await opened;
  monitor.onEvents([
    { kind: "link", link: { ...ETH0, name: "eth7" }, isDeleted: false, atUs: 0 },
    change("192.0.2.7", true),
  ]);
  assert.deepEqual(said, [
    "Netlink reflector reports IP 192.0.2.1 added to eth0",
    "Netlink reflector reports IP 192.0.2.7 added to eth0",
    "Netlink reflector reports IP 192.0.2.7 removed from eth7",
  ]);
});
