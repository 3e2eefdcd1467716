import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalVip } from "../../../src/cli/realserver.ts";
import { commandText, problemText, statusTable } from "../../../src/cli/realserver-report.ts";

test("the status is a table that a person can read", () => {
  const text = statusTable({
    addresses: [
      { address: "192.168.1.100", isPresent: true },
      { address: "2001:db8::1", isPresent: false },
    ],
    sysctls: [{ path: "net/ipv4/conf/all/arp_ignore", value: 0, isSufficient: false }],
    problems: [{ kind: "loopback-down", interfaceName: "lo" }],
    isReady: false,
  });
  assert.equal(
    text,
    [
      "WHAT                          NOW      GOOD ENOUGH",
      "VIP 192.168.1.100 on lo       there    yes",
      "VIP 2001:db8::1 on lo         missing  NO",
      "net.ipv4.conf.all.arp_ignore  0        NO",
      "problem: lo is down; run: ip link set lo up",
      "not ready",
    ].join("\n"),
  );
});

test("without VIPs nothing is called ready", () => {
  const text = statusTable({ addresses: [], sysctls: [], problems: [], isReady: true });
  assert.match(text, /\nno VIP is set up$/);
});

test("commands and problems in words", () => {
  assert.equal(
    commandText({ kind: "set-sysctl", path: "net/ipv4/conf/lo/arp_announce", value: 2 }),
    "set net.ipv4.conf.lo.arp_announce = 2",
  );
  assert.equal(commandText({ kind: "save-state", state: null }), "forgot what was changed");
  assert.match(problemText({ kind: "address-elsewhere", address: "10.0.0.1", interfaceName: "eth0" }), /eth0/);
});

test("VIPs are host addresses in one spelling", () => {
  assert.equal(canonicalVip("192.168.1.100"), "192.168.1.100");
  assert.equal(canonicalVip("192.168.1.100/32"), "192.168.1.100");
  assert.equal(canonicalVip("2001:DB8:0::1/128"), "2001:db8::1");
  for (const text of ["192.168.1.100/24", "192.168.1", "", "x", "192.168.1.100/", "10.0.0.1/32/32", "2001:db8::/64"]) {
    assert.throws(() => canonicalVip(text), /not the address of a host/, text);
  }
});
