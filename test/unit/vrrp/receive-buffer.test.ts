import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import { receiveBufferBytes } from "../../../src/vrrp/receive-buffer.ts";

const TWO_ADDRESSES = "virtual_ipaddress {\n 10.0.0.1\n 10.0.0.2\n }";

/** Octets that an instance asks for on an interface with an MTU of 1500. */
function bytesOf(globals: string, lines = "", addresses = TWO_ADDRESSES): number {
  const text = `global_defs {\n ${globals}\n}
vrrp_instance I {
 interface eth0
 virtual_router_id 1
 ${lines}
 ${addresses}
}
`;
  const { configuration } = loadConfiguration(
    { path: "/a.conf", workingDirectory: "/", configId: null, enforcesIncludes: false },
    createMemoryHost({ files: { "/a.conf": text } }),
  );
  const [instance] = configuration.vrrpInstances;
  assert.ok(instance !== undefined);
  return receiveBufferBytes(instance, 1500);
}

// All numbers as keepalived 2.2.7 gave them to setsockopt.
test("the receive buffer by policy, with the multiplier for MTU and ADVERT alone", () => {
  assert.equal(bytesOf(""), 0);
  assert.equal(bytesOf("vrrp_rx_bufs_policy MTU"), 4500);
  assert.equal(bytesOf("vrrp_rx_bufs_policy mtu\n vrrp_rx_bufs_multiplier 7"), 10_500);
  assert.equal(bytesOf("vrrp_rx_bufs_policy 5000\n vrrp_rx_bufs_multiplier 10"), 5000);
});

test("an advert's size counts header, addresses and what proves where it comes from", () => {
  const advert = "vrrp_rx_bufs_policy ADVERT\n vrrp_rx_bufs_multiplier 100";
  assert.equal(bytesOf("vrrp_rx_bufs_policy ADVERT"), 132);
  assert.equal(bytesOf(advert), 4400);
  assert.equal(bytesOf(advert, "version 3"), 3600);
  assert.equal(bytesOf(advert, "authentication {\n auth_type PASS\n auth_pass x\n }"), 4400);
  assert.equal(bytesOf(advert, "authentication {\n auth_type AH\n auth_pass x\n }"), 6800);
  assert.equal(bytesOf(advert, "version 3", "virtual_ipaddress {\n fe80::1\n 2001:db8::2\n }"), 4000);
});

test("kernel_rx_buf_size stands above the policy", () => {
  assert.equal(bytesOf("vrrp_rx_bufs_policy 5000", "kernel_rx_buf_size 7000"), 7000);
  assert.equal(bytesOf("", "kernel_rx_buf_size 7000"), 7000);
});
