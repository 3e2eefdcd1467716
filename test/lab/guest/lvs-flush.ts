import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { waitUntil } from "../../helpers/event-log.ts";
import { ALL_FLAGS, Daemon, type DaemonName } from "../daemon.ts";
import { poolOf, savedTable } from "../ipvs.ts";
import type { Machine } from "../machine.ts";
import { daemonNames } from "../matrix.ts";
import { Network } from "../network.ts";

const VIP = "192.168.1.100";
const STRANGER = "-A -t 192.168.1.101:80 -s wlc\n-a -t 192.168.1.101:80 -r 192.168.1.9:80 -g -w 3\n";

/** What an earlier run has left of the service that the configuration names, with a server that it does not name. */
const LEFT_OVER = `-A -t ${VIP}:80 -s rr\n-a -t ${VIP}:80 -r 192.168.1.6:80 -g -w 2\n`;

function configOf(words: string): string {
  const servers = ["7", "8"].map((last) => `  real_server 192.168.1.${last} 80 {\n  }\n`).join("");
  const head = `  lb_algo rr\n  lb_kind DR\n  protocol TCP\n`;
  return `global_defs {\n  ${words}\n}\nvirtual_server ${VIP} 80 {\n${head}${servers}}\n`;
}

interface Tables {
  readonly running: readonly string[];
  readonly stopped: readonly string[];
}

async function tablesBy(machine: Machine, name: DaemonName, words: string, before: string): Promise<Tables> {
  await machine.runOk(["ipvsadm", "-C"]);
  await machine.runOk(["ipvsadm", "-R"], { input: before });
  const daemon = new Daemon(machine, { name, config: configOf(words), flags: [...ALL_FLAGS, "-C"] });
  try {
    await waitUntil("the pool", () => {
      const pool = poolOf(machine, VIP, 80) ?? [];
      return pool.includes("192.168.1.7") && pool.includes("192.168.1.8") ? true : null;
    });
    await daemon.logged("Startup complete");
    const running = await savedTable(machine);
    await daemon.terminate();
    return { running, stopped: await savedTable(machine) };
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}\n${daemon.text}`, { cause: error });
  }
}

const WORDS = ["", "lvs_flush", "lvs_flush_on_stop", "lvs_flush_on_stop VS", "lvs_flush\n  lvs_flush_on_stop"];

describe("lvs_flush and lvs_flush_on_stop", () => {
  const names = daemonNames();
  let network: Network;
  let machine: Machine;
  before(async () => {
    network = await Network.build();
    machine = await network.addMachine({ name: "director", addresses: ["192.168.1.5/24"] });
  });
  after(() => network.close());

  for (const words of WORDS) {
    const title = words.replaceAll(/\s+/g, " ") || "neither";
    const seen = new Map<DaemonName, Tables>();
    for (const name of names) {
      test(`${title}: what a stranger has in the table (${name})`, { timeout: 60_000 }, async () => {
        const tables = await tablesBy(machine, name, words, STRANGER);
        seen.set(name, tables);
        const isThere = (lines: readonly string[]): boolean =>
          lines.some((line) => line.includes("192.168.1.101:80 -r"));
        assert.equal(isThere(tables.running), !/lvs_flush(\s|$)/.test(words));
        assert.equal(isThere(tables.stopped), !/lvs_flush(\s|$)|on_stop$/.test(words));
        assert.ok(!tables.stopped.some((line) => line.includes(VIP)));
      });
    }
    const skip = names.length === 2 ? false : "needs both daemons";
    test(`${title}: the same tables as keepalived's`, { skip }, () => {
      assert.deepEqual(seen.get("holdfast"), seen.get("keepalived"));
    });
  }

  for (const name of names) {
    test(`lvs_flush: nothing is left of an earlier run (${name})`, { timeout: 60_000 }, async () => {
      const { running } = await tablesBy(machine, name, "lvs_flush", LEFT_OVER);
      assert.deepEqual(running, [
        `-A -t ${VIP}:80 -s rr`,
        `-a -t ${VIP}:80 -r 192.168.1.7:80 -g -w 1`,
        `-a -t ${VIP}:80 -r 192.168.1.8:80 -g -w 1`,
      ]);
    });
  }
});
