import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import { ALL_FLAGS, Daemon } from "./daemon.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";
import { QUICK_TIMING, tutorialConfig } from "./tutorial.ts";

const SKIP = whyNoLab(["dumpcap"]) || (existsSync("/proc/net/ip_vs") ? "this kernel has IPVS" : false);

for (const name of daemonNames()) {
  test(`without IPVS in the kernel ${name} says so and changes nothing`, { skip: SKIP, timeout: 60_000 }, async () => {
    const network = await Network.build();
    try {
      const machine = await network.addMachine({ name: "director", addresses: ["192.168.1.5/24"] });
      const watch = await machine.watchAddresses();
      const config = tutorialConfig("MASTER", 100, QUICK_TIMING);
      const daemon = new Daemon(machine, { name, config, flags: ALL_FLAGS });
      assert.deepEqual(await daemon.ended, { status: 1, signal: null }, daemon.text);
      const complaints = daemon.log.items.filter((line) => line.text.includes("Can't initialize ipvs"));
      assert.equal(complaints.length, 1, daemon.text);
      assert.deepEqual(watch.changes, []);
    } finally {
      await network.close();
    }
  });
}
