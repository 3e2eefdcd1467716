import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddressEvent } from "../../lab/address-watch.ts";

test("lines of ip monitor become events", () => {
  const added =
    "[2026-11-23T02:30:10.250000] 2: eth0    inet 192.168.1.100/32 scope global eth0\\       valid_lft forever";
  assert.deepEqual(parseAddressEvent(added), {
    atMs: Date.UTC(2026, 10, 23, 2, 30, 10, 250),
    isAdded: true,
    interfaceName: "eth0",
    address: "192.168.1.100",
    prefixLength: 32,
  });
  const deleted = "[2026-11-23T02:30:10.250000] Deleted 12: eth0@if3    inet6 fe80::1/64 scope link ";
  assert.deepEqual(parseAddressEvent(deleted), {
    atMs: Date.UTC(2026, 10, 23, 2, 30, 10, 250),
    isAdded: false,
    interfaceName: "eth0",
    address: "fe80::1",
    prefixLength: 64,
  });
  assert.equal(parseAddressEvent("something else"), null);
});
