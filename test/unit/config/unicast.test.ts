import assert from "node:assert/strict";
import { test } from "node:test";
import { loadWhole } from "../../helpers/load-text.ts";

/** Complaints with their lines, the exit code of `-t`, and what became of the instance. */
function load(lines: string, peer = "10.0.0.6") {
  const text = `vrrp_instance V {
  interface eth0
  virtual_router_id 1
  ${lines}
  unicast_peer {
    ${peer}
  }
  virtual_ipaddress {
    10.0.0.1
  }
}
`;
  const { diagnostics, testExitCode, configuration } = loadWhole(text);
  const [instance] = configuration.vrrpInstances;
  return { complaints: diagnostics.map(({ code, place }) => `${code} ${place?.line}`), testExitCode, instance };
}

test("the TTLs of a unicast peer make sense, or are complained about as keepalived does", () => {
  assert.deepEqual(load("", "10.0.0.6 min_ttl 3 max_ttl 3").complaints, []);
  const { complaints, testExitCode, instance } = load("", "10.0.0.6 min_ttl 4 max_ttl 3");
  assert.deepEqual([complaints, testExitCode], [["bad-value 6"], 5]);
  assert.deepEqual(instance?.unicastPeers, [{ address: "10.0.0.6", minTtl: 4, maxTtl: 3 }]);
  assert.deepEqual(load("", "10.0.0.6 min_tll 4").complaints, ["bad-option 6"]);
  assert.deepEqual(load("", "10.0.0.6 min_ttl").complaints, ["number-out-of-range 6"]);
});

test("what does not go with unicast peers is left out", () => {
  const { complaints, instance } = load("mcast_dst_ip 224.0.0.19");
  assert.deepEqual(complaints, ["vrrp-adjusted 4"]);
  assert.equal(instance?.multicastGroup, "224.0.0.18");
});

test("old_unicast_checksum is always, never, or found out", () => {
  const modeOf = (lines: string): string | undefined => load(lines).instance?.oldUnicastChecksum;
  assert.deepEqual(
    ["", "old_unicast_checksum", "old_unicast_checksum never", "old_unicast_checksum nver"].map(modeOf),
    ["detect", "always", "never", "detect"],
  );
  assert.deepEqual(load("old_unicast_checksum nver").complaints, ["bad-value 4"]);
});
