import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nowMs } from "../helpers/process.ts";
import { BLOCKABLE } from "./blockable.ts";
import { whyNoLab } from "./capabilities.ts";
import type { Daemon, DaemonName } from "./daemon.ts";
import { Daemon as RunningDaemon } from "./daemon.ts";
import { daemonNames, daemonPairs } from "./matrix.ts";
import { type Pair, type PairSettings, type Side, VIP, withPair } from "./pair.ts";

const SECOND_VIP = "10.9.0.100";
const FAST: PairSettings = { version: 3, isUnicast: false, password: null, advertInt: "0.2" };

/** A second interface that leads nowhere: its instance never hears anybody. */
async function addSecondInterface(side: Side, address: string): Promise<void> {
  await side.machine.ip(
    [
      "link add eth1 type veth peer name far1",
      "link set far1 up",
      "link set eth1 up",
      `addr add ${address}/24 dev eth1`,
    ].join("\n"),
  );
}

function groupConfig(priority: number): string {
  const instance = (name: string, link: string, vrid: number, address: string): string =>
    `vrrp_instance ${name} {\n state BACKUP\n interface ${link}\n virtual_router_id ${vrid}\n priority ${priority}\n` +
    ` advert_int ${FAST.advertInt}\n virtual_ipaddress {\n ${address}\n }\n}\n`;
  return (
    "global_defs {\n router_id LAB\n vrrp_version 3\n}\nvrrp_sync_group G {\n group {\n VI_1\n VI_2\n }\n}\n" +
    instance("VI_1", "eth0", 51, VIP) +
    instance("VI_2", "eth1", 52, SECOND_VIP)
  );
}

function start(side: Side, priority: number, env: NodeJS.ProcessEnv = {}): Daemon {
  return new RunningDaemon(side.machine, { name: side.daemonName, config: groupConfig(priority), env });
}

async function gainedBoth(side: Side, from: number): Promise<void> {
  await side.watch.gained(VIP, { from });
  await side.watch.gained(SECOND_VIP, { from });
}

async function lostBoth(side: Side, from: number): Promise<void> {
  await side.watch.lost(VIP, { from });
  await side.watch.lost(SECOND_VIP, { from });
}

/** keepalived: both instances move together although only the first one has a rival, and only the second a fault. */
async function moveTogether(pair: Pair): Promise<void> {
  const { first, second } = pair;
  await addSecondInterface(first, "10.9.0.5");
  await addSecondInterface(second, "10.9.0.6");
  const worse = start(second, 100);
  const daemons = [worse];
  try {
    await gainedBoth(second, 0);
    const better = start(first, 200);
    daemons.push(better);
    await gainedBoth(first, 0);
    await lostBoth(second, 0);
    await better.logged("VRRP_Group(G) Syncing instances to MASTER state");
    await worse.logged("VRRP_Group(G) Syncing instances to BACKUP state");
    const firstFrom = first.watch.events.position;
    const secondFrom = second.watch.events.position;
    await first.machine.ip("link set far1 down");
    await better.logged("VRRP_Group(G) Syncing instances to FAULT state");
    await Promise.all([lostBoth(first, firstFrom), gainedBoth(second, secondFrom)]);
    const back = second.watch.events.position;
    await first.machine.ip("link set far1 up");
    await gainedBoth(first, first.watch.events.position);
    await lostBoth(second, back);
    assert.equal(first.watch.isHeld(SECOND_VIP), true);
    const end = second.watch.events.position;
    await better.terminate();
    await gainedBoth(second, end);
  } catch (error) {
    const logs = daemons.map((daemon) => `--- ${daemon.name}\n${daemon.text}`).join("\n");
    throw new Error(`${String(error)}\n${logs}`, { cause: error });
  }
}

/** The main thread stands still for 10 s: the whole group takes over, and gives up again, without it. */
async function moveWithoutMainThread(pair: Pair): Promise<void> {
  const { first, second } = pair;
  await addSecondInterface(first, "10.9.0.5");
  await addSecondInterface(second, "10.9.0.6");
  const worse = start(first, 100, BLOCKABLE);
  await gainedBoth(first, 0);
  const better = start(second, 200);
  await gainedBoth(second, 0);
  await lostBoth(first, 0);
  const gainFrom = first.watch.events.position;
  const blockedAtMs = worse.signal("SIGPWR");
  better.crash();
  await gainedBoth(first, gainFrom);
  const [loseFrom, backFrom] = [first.watch.events.position, second.watch.events.position];
  const again = start(second, 200);
  await lostBoth(first, loseFrom);
  await gainedBoth(second, backFrom);
  assert.ok(nowMs() - blockedAtMs < 9_500, "the main thread had time to come back");
  assert.equal(worse.text.split("Entering MASTER STATE").length, 3, "it told what it could not know");
  await worse.logged("VRRP_Group(G) Syncing instances to BACKUP state", { from: worse.log.position });
  assert.equal(worse.text.split("Entering MASTER STATE").length, 5);
  assert.equal(again.text.includes("FAULT"), false);
}

function describePair(daemons: readonly [DaemonName, DaemonName]): void {
  const skip = whyNoLab(["tshark", "dumpcap"]);
  test(`moves together: ${daemons.join(" over ")}`, { skip, timeout: 90_000 }, () =>
    withPair(FAST, daemons, moveTogether),
  );
}

describe("a VRRP sync group", { concurrency: 4 }, () => {
  for (const daemons of daemonPairs()) describePair(daemons);
  const skip = whyNoLab(["tshark", "dumpcap"]) || (daemonNames().includes("holdfast") ? false : "without holdfast");
  test("moves without the main thread", { skip, timeout: 90_000 }, () =>
    withPair(FAST, ["holdfast", "holdfast"], moveWithoutMainThread),
  );
});
