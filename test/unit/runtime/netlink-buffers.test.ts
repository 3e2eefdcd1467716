import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import type { CompleteConfiguration } from "../../../src/model/complete.ts";
import type { NetlinkBuffers } from "../../../src/native/contract.ts";
import { NetlinkSockets, planBuffers } from "../../../src/runtime/netlink-buffers.ts";

function configurationOf(...lines: readonly string[]): CompleteConfiguration {
  const text = `global_defs {\n${lines.join("\n")}\n}\n`;
  const source = { path: "/a.conf", workingDirectory: "/", configId: null, enforcesIncludes: false };
  return loadConfiguration(source, createMemoryHost({ files: { "/a.conf": text } })).configuration;
}

const BOTH = { hasVrrp: true, hasCheckers: true };

test("the socket that hears of the network gets the larger size of those whose half runs", () => {
  const configuration = configurationOf(
    "vrrp_netlink_monitor_rcv_bufs 60000",
    "lvs_netlink_monitor_rcv_bufs 50000",
    "lvs_netlink_monitor_rcv_bufs_force",
    "vrrp_netlink_cmd_rcv_bufs 40000",
    "lvs_netlink_cmd_rcv_bufs 4294967295",
  );
  assert.deepEqual(planBuffers(configuration, BOTH), {
    loop: { monitor: { sizeBytes: 60_000, isForced: true }, command: { sizeBytes: 40_000, isForced: false } },
    table: { sizeBytes: 2_147_483_647, isForced: false },
  });
  assert.deepEqual(planBuffers(configuration, { hasVrrp: false, hasCheckers: true }).loop, {
    monitor: { sizeBytes: 50_000, isForced: true },
    command: null,
  });
  assert.deepEqual(planBuffers(configuration, { hasVrrp: true, hasCheckers: false }).loop.monitor, {
    sizeBytes: 60_000,
    isForced: false,
  });
});

test("0 is no wish, and a loop is told at its opening and when something changes", () => {
  const sockets = new NetlinkSockets();
  const told: NetlinkBuffers[] = [];
  const loop = { setReceiveBuffers: (buffers: NetlinkBuffers) => void told.push(buffers) };
  sockets.configure(configurationOf("vrrp_netlink_cmd_rcv_bufs 0"), BOTH);
  assert.equal(sockets.holdLoop(loop), loop);
  sockets.configure(configurationOf("vrrp_netlink_cmd_rcv_bufs 0", "router_id other"), BOTH);
  sockets.configure(configurationOf("vrrp_netlink_cmd_rcv_bufs 5000"), BOTH);
  sockets.configure(configurationOf(), BOTH);
  assert.deepEqual(
    told.map(({ command }) => command),
    [null, { sizeBytes: 5000, isForced: false }, null],
  );
  const closed = new NetlinkSockets();
  closed.holdLoop({
    setReceiveBuffers: () => {
      throw new Error("closed");
    },
  });
  closed.configure(configurationOf("vrrp_netlink_cmd_rcv_bufs 5000"), BOTH);
});
