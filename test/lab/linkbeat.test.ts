/** Link state by polling, beside keepalived. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import { vrrpConfig } from "./config.ts";
import { Daemon } from "./daemon.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";

const OUTAGE_MS = 2_500;

const ROOTS: readonly (readonly [string, string, readonly string[]])[] = [
  ["linkbeat_use_polling", "linkbeat_use_polling\n", []],
  ["linkbeat_use_polling of an instance", "", ["linkbeat_use_polling"]],
  ["linkbeat_interfaces with ETHTOOL", "linkbeat_interfaces {\n eth0 ETHTOOL\n}\n", []],
];

describe("linkbeat polling", { skip: whyNoLab([]) }, () => {
  for (const name of daemonNames()) {
    for (const [title, root, extraLines] of ROOTS) {
      test(`${name}: ${title}: a lost carrier is a fault, and its return ends it`, async () => {
        const network = await Network.build();
        try {
          const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
          const watch = await machine.watchAddresses();
          const virtualAddresses = ["192.168.1.100"];
          const text = vrrpConfig({ version: 3, priority: 200, advertInt: "0.25", virtualAddresses, extraLines });
          const daemon = new Daemon(machine, { name, config: `${root}${text}` });
          await watch.gained("192.168.1.100");
          await network.unplug(machine);
          await daemon.logged("Entering FAULT STATE");
          await watch.lost("192.168.1.100");
          // Long enough for a poll to see it, also where netlink told of it first.
          await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS));
          const from = daemon.log.position;
          await network.plugIn(machine);
          // keepalived hears of it by polling alone, holdfast of a loss by netlink too.
          await daemon.logged("Linkbeat reports eth0 up", { from });
          await daemon.logged("Entering MASTER STATE", { from });
          assert.deepEqual(await daemon.terminate(), { status: 0, signal: null });
        } finally {
          await network.close();
        }
      });
    }
  }
});
