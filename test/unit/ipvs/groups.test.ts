import assert from "node:assert/strict";
import { test } from "node:test";
import { memberKeys, rangeAddresses } from "../../../src/ipvs/groups.ts";

test("a range holds both ends and carries over from octet to octet", () => {
  assert.deepEqual(rangeAddresses("inet", "192.0.2.254", "192.0.3.1"), [
    "192.0.2.254",
    "192.0.2.255",
    "192.0.3.0",
    "192.0.3.1",
  ]);
  assert.deepEqual(rangeAddresses("inet", "192.0.2.1", "192.0.2.1"), ["192.0.2.1"]);
  assert.deepEqual(rangeAddresses("inet", "192.0.2.2", "192.0.2.1"), []);
});

test("IPv6 ranges give canonical addresses", () => {
  assert.deepEqual(rangeAddresses("inet6", "2001:db8::fffe", "2001:db8::1:0"), [
    "2001:db8::fffe",
    "2001:db8::ffff",
    "2001:db8::1:0",
  ]);
  // The longest run of zeros moves: RFC 5952 §4.2.3 shortens the first of two equal ones.
  assert.deepEqual(rangeAddresses("inet6", "2001:db8:0:0:1::", "2001:db8::1:0:0:1"), [
    "2001:db8:0:0:1::",
    "2001:db8::1:0:0:1",
  ]);
  assert.deepEqual(rangeAddresses("inet6", "::", "::1"), ["::", "::1"]);
  assert.deepEqual(rangeAddresses("inet6", "1:2:3:4:5:6:0:8", "1:2:3:4:5:6:0:8"), ["1:2:3:4:5:6:0:8"]);
});

test("a range without bounds is cut, not expanded", () => {
  assert.equal(rangeAddresses("inet6", "2001:db8::", "2001:db9::").length, 65_536);
});

test("a firewall mark takes the family of the virtual server unless it names one", () => {
  const key = { fwmark: 5, protocol: null, address: null, port: 0 };
  assert.deepEqual(memberKeys({ kind: "fwmark", fwmark: 5, family: null }, "tcp", "inet6"), [
    { ...key, family: "inet6" },
  ]);
  assert.deepEqual(memberKeys({ kind: "fwmark", fwmark: 5, family: "inet" }, "tcp", "inet6"), [
    { ...key, family: "inet" },
  ]);
});
