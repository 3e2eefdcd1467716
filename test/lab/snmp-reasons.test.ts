/** Why a router of the VRRPV3-MIB became master, in its table and its notification, beside keepalived's. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { waitUntil } from "../helpers/event-log.ts";
import { whyNoLab } from "./capabilities.ts";
import { vrrpConfig } from "./config.ts";
import { Daemon, type DaemonName } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";
import { VIP } from "./pair.ts";
import { SNMP_SOCKET, SnmpMaster, whyNoSnmp } from "./snmp-master.ts";
import { TrapLog } from "./trap-log.ts";

const NEW_MASTER = ".1.3.6.1.2.1.207.0.1";
/** vrrpv3StatisticsNewMasterReason */
const REASON = ".1.3.6.1.2.1.207.1.2.5.1.2";

type Cause = "silence" | "good-bye" | "preemption" | "owner";

function config(priority: number, isServed: boolean, cause: Cause): string {
  const served = ["enable_traps", "enable_snmp_rfcv3", `snmp_socket unix:${SNMP_SOCKET}`];
  const isOwner = isServed && cause === "owner";
  return vrrpConfig({
    version: 3,
    priority: isOwner ? 255 : priority,
    state: isOwner ? "MASTER" : "BACKUP",
    advertInt: "0.5",
    virtualAddresses: [VIP],
    globalLines: isServed ? served : [],
  });
}

/** The other router is there first, and goes, or is worse. */
async function provoke(cause: Cause, other: Machine, name: DaemonName, start: () => Daemon): Promise<Daemon> {
  if (cause === "owner") return start();
  const peer = new Daemon(other, { name, config: config(cause === "preemption" ? 50 : 200, false, cause) });
  await peer.logged("Entering MASTER STATE", { timeoutMs: 20_000 });
  const daemon = start();
  if (cause === "preemption") return daemon;
  await daemon.logged("Entering BACKUP STATE", { timeoutMs: 20_000 });
  // Its first advert must be heard, else it is the silence of a router that never was.
  await daemon.logged("AgentX subagent connected", { timeoutMs: 20_000 });
  await other.runOk(["sleep", "1"]);
  if (cause === "silence") peer.crash();
  else peer.signal("SIGTERM");
  return daemon;
}

/** @returns the reason in the notification, and the one in the table */
async function reasonsOf(name: DaemonName, cause: Cause): Promise<readonly string[]> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
    const other = await network.addMachine({ name: "two", addresses: ["192.168.1.6/24"] });
    const traps = await TrapLog.start(machine);
    const master = await SnmpMaster.start(machine, TrapLog.place);
    const start = (): Daemon => new Daemon(machine, { name, config: config(100, true, cause) });
    const daemon = await provoke(cause, other, name, start);
    await daemon.logged("Entering MASTER STATE", { timeoutMs: 20_000 });
    const trap = await waitUntil(
      "the notification",
      () => traps.since(0).find((one) => one.startsWith(NEW_MASTER)) ?? null,
    );
    const [row = ""] = await master.walk(REASON);
    const inTrap = trap.split(" | ").find((object) => object.startsWith(REASON)) ?? "";
    await daemon.terminate();
    return [inTrap, row].map((object) => object.slice(object.indexOf(" = ") + " = ".length));
  } finally {
    await network.close();
  }
}

const WANTED: Readonly<Record<Cause, string>> = {
  owner: "INTEGER: 2",
  "good-bye": "INTEGER: 1",
  preemption: "INTEGER: 2",
  silence: "INTEGER: 3",
};

describe("why a router became master, over SNMP", { skip: whyNoLab() || whyNoSnmp("snmptrapd") }, () => {
  for (const name of daemonNames()) {
    for (const cause of ["owner", "good-bye", "preemption", "silence"] as const) {
      test(`${name}: ${cause}`, { timeout: 90_000 }, async () => {
        assert.deepEqual(await reasonsOf(name, cause), [WANTED[cause], WANTED[cause]]);
      });
    }
  }
});
