import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";

/** @returns what the words come to, and the codes of complaints */
function stall(words: string): unknown {
  const text = `vrrp_instance VI_1 {
 state BACKUP
 interface eth0
 virtual_router_id 51
 ${words}
 virtual_ipaddress {
  192.0.2.100
 }
}
`;
  const { configuration, diagnostics } = loadConfiguration(
    { path: "/a.conf", workingDirectory: "/", configId: null, enforcesIncludes: false },
    createMemoryHost({ files: { "/a.conf": text } }),
  );
  const [instance] = configuration.vrrpInstances;
  return [instance?.timerExpiredBackupPriority, ...diagnostics.map(({ code, place }) => `${code} ${place?.line}`)];
}

test("timer_expired_backup needs nopreempt", () => {
  assert.deepEqual(stall("nopreempt"), [null]);
  assert.deepEqual(stall("nopreempt\n timer_expired_backup"), [254]);
  assert.deepEqual(stall("nopreempt\n timer_expired_backup 120"), [120]);
  assert.deepEqual(stall("timer_expired_backup 120"), [null, "vrrp-adjusted 5"]);
  assert.deepEqual(stall("nopreempt\n thread_timer_expired 120"), [120, "deprecated 6"]);
});
