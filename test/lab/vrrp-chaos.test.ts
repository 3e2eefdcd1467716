import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BLOCKABLE } from "./blockable.ts";
import { whyNoLab } from "./capabilities.ts";
import type { Daemon, DaemonName } from "./daemon.ts";
import { advertOf } from "./frames.ts";
import { daemonNames } from "./matrix.ts";
import { type Pair, type PairSettings, type Side, VIP, withPair } from "./pair.ts";

const HIGH = 200;
const LOW = 100;
const FAST: PairSettings = { version: 3, isUnicast: false, password: null, advertInt: "0.2" };

/** So many further adverts of a side: proof that it goes on, and a measure of time without sleeping. */
async function hear(pair: Pair, side: Side, count: number, from = pair.capture.frames.position): Promise<void> {
  let next = from;
  for (let heard = 0; heard < count; heard += 1) {
    const what = `an advert of ${side.machine.name}`;
    const isOurs = (frame: Parameters<typeof advertOf>[0]): boolean => advertOf(frame)?.source === side.machine.address;
    const frame = await pair.capture.frames.waitFor(what, isOurs, { from: next });
    next = pair.capture.frames.items.indexOf(frame) + 1;
  }
}

/** Everything has come to rest and one side, and only one, has the address. */
async function assertHolder(pair: Pair, holder: Side): Promise<void> {
  const other = holder === pair.first ? pair.second : pair.first;
  await hear(pair, holder, 8);
  assert.equal(holder.watch.isHeld(VIP), true, `${holder.machine.name} gave up`);
  assert.equal(other.watch.isHeld(VIP), false, `${other.machine.name} has the address as well`);
}

interface Started {
  readonly first: Daemon;
  readonly second: Daemon;
}

async function startBoth(pair: Pair, env: NodeJS.ProcessEnv = {}): Promise<Started> {
  const first = pair.startDaemon(pair.first, { priority: HIGH }, env);
  await pair.first.watch.gained(VIP);
  const second = pair.startDaemon(pair.second, { priority: LOW });
  await second.logged("Entering BACKUP STATE");
  return { first, second };
}

/** A stopped master that wakes up is the better one: it asks for the address again, and the other one gives it back. */
async function suspended(pair: Pair): Promise<void> {
  const { first } = await startBoth(pair);
  first.signal("SIGSTOP");
  await pair.second.watch.gained(VIP);
  first.signal("SIGCONT");
  await pair.second.watch.lost(VIP);
  await assertHolder(pair, pair.first);
}

/** A stopped master that wakes up reads what it missed before it speaks: it gives up without a word. */
async function wakesUpSilently(pair: Pair): Promise<void> {
  const worse = pair.startDaemon(pair.first, { priority: LOW });
  await pair.first.watch.gained(VIP);
  const better = pair.startDaemon(pair.second, { priority: HIGH, nopreempt: true });
  await better.logged("Entering BACKUP STATE");
  worse.signal("SIGSTOP");
  await pair.second.watch.gained(VIP);
  await hear(pair, pair.second, 3);
  const from = pair.capture.frames.position;
  worse.signal("SIGCONT");
  await pair.first.watch.lost(VIP);
  await assertHolder(pair, pair.second);
  const said = pair.capture.frames.items.slice(from).flatMap((frame) => advertOf(frame) ?? []);
  const ofWorse = said.filter(({ source }) => source === pair.first.machine.address);
  assert.deepEqual(ofWorse, [], "it spoke before it knew");
}

/** Several hundred routers on one interface, so that what was missed does not fit into one look at the socket. */
const CROWD = 200;

function crowdConfig(priority: number, more: string): string {
  const instances = Array.from(
    { length: CROWD },
    (_, index) => `vrrp_instance VI_${index + 1} {
 state BACKUP
 interface eth0
 virtual_router_id ${index + 1}
 priority ${priority}
 advert_int ${FAST.advertInt}
 ${more}
 virtual_ipaddress {
  10.77.0.${index + 1}
 }
}
`,
  );
  return `global_defs {\n router_id LAB\n vrrp_version 3\n}\n${instances.join("")}`;
}

/** All of them wake up silently. */
async function crowdWakesUpSilently(pair: Pair): Promise<void> {
  const last = `10.77.0.${CROWD}`;
  const { watch } = pair.first;
  const worse = pair.startRaw(pair.first, crowdConfig(LOW, ""));
  await watch.gained(last);
  const better = pair.startRaw(pair.second, crowdConfig(HIGH, "nopreempt"));
  await better.logged(`(VI_${CROWD}) Entering BACKUP STATE`);
  await hear(pair, pair.first, 2 * CROWD);
  worse.signal("SIGSTOP");
  await pair.second.watch.gained(last);
  await hear(pair, pair.second, 4 * CROWD);
  const from = pair.capture.frames.position;
  worse.signal("SIGCONT");
  await Promise.all(Array.from({ length: CROWD }, (_, index) => watch.lost(`10.77.0.${index + 1}`)));
  await hear(pair, pair.second, 2 * CROWD);
  const said = pair.capture.frames.items.slice(from).flatMap((frame) => advertOf(frame) ?? []);
  const ofWorse = said.filter(({ source }) => source === pair.first.machine.address);
  assert.deepEqual(ofWorse.length, 0, "some spoke before they knew");
}

/** The main thread stands still for 10 s: adverts go on, so nobody takes over; a better router is obeyed meanwhile. */
async function blockedMaster(pair: Pair): Promise<void> {
  const { first, second } = await startBoth(pair, BLOCKABLE);
  const atMs = first.signal("SIGPWR");
  await hear(pair, pair.first, 30);
  assert.equal(second.text.includes("MASTER"), false, "the other one took over");
  second.reload(pair.config(pair.second, { priority: 220 }));
  const lostMs = await pair.first.watch.lost(VIP);
  assert.ok(lostMs - atMs < 9_500, `gave up ${lostMs - atMs} ms after the main thread stopped`);
  assert.equal(first.text.includes("higher priority"), false, "the main thread was not blocked");
  await assertHolder(pair, pair.second);
  await first.logged("Master received advert", { timeoutMs: 20_000 });
  await first.logged("Entering BACKUP STATE");
}

/** The main thread of the backup stands still: it takes over nevertheless. */
async function blockedBackup(pair: Pair): Promise<void> {
  const first = pair.startDaemon(pair.first, { priority: LOW }, BLOCKABLE);
  await pair.first.watch.gained(VIP);
  const second = pair.startDaemon(pair.second, { priority: HIGH });
  await pair.first.watch.lost(VIP);
  await pair.second.watch.gained(VIP);
  const from = pair.first.watch.events.position;
  const blockedAtMs = first.signal("SIGPWR");
  second.crash();
  const gainedMs = await pair.first.watch.gained(VIP, { from });
  assert.ok(gainedMs - blockedAtMs < 3_000, `took over after ${gainedMs - blockedAtMs} ms`);
  await hear(pair, pair.first, 8);
}

/** Carrier that comes and goes faster than anything is decided. */
async function flapping(pair: Pair): Promise<void> {
  await startBoth(pair);
  for (let turn = 0; turn < 6; turn += 1) {
    await pair.network.unplug(pair.first.machine);
    await pair.network.plugIn(pair.first.machine);
  }
  await hear(pair, pair.first, 4);
  await assertHolder(pair, pair.first);
}

async function flushed(pair: Pair): Promise<void> {
  const { first } = await startBoth(pair);
  const [from, secondFrom] = [pair.first.watch.events.position, pair.second.watch.events.position];
  await pair.first.machine.ip("addr flush dev eth0");
  await first.logged("Entering FAULT STATE");
  await pair.second.watch.gained(VIP, { from: secondFrom });
  await hear(pair, pair.second, 4);
  assert.equal(pair.first.watch.isHeld(VIP), false, "the address came back to a machine in fault");
  await pair.first.machine.ip(`addr add ${pair.first.machine.address}/24 dev eth0`);
  await pair.first.watch.gained(VIP, { from: from + 1 });
  await pair.second.watch.lost(VIP, { from: secondFrom });
  await assertHolder(pair, pair.first);
}

/** The interface is deleted, and made again with another index. */
async function deleted(pair: Pair): Promise<void> {
  const { first } = await startBoth(pair);
  const { machine } = pair.first;
  const [from, secondFrom] = [pair.first.watch.events.position, pair.second.watch.events.position];
  await machine.ip("link del eth0");
  await first.logged("Interface eth0 deleted");
  await first.logged("Entering FAULT STATE");
  await pair.second.watch.gained(VIP, { from: secondFrom });
  await pair.network.plugInAnew(machine);
  await pair.first.watch.gained(VIP, { from });
  await pair.second.watch.lost(VIP, { from: secondFrom });
  await assertHolder(pair, pair.first);
}

/** The backup hears nothing and is heard: both are active until the way is free again, then the better one stays. */
async function oneWay(pair: Pair): Promise<void> {
  await startBoth(pair);
  await pair.network.cutFrom(pair.first.machine, pair.second.machine);
  await pair.second.watch.gained(VIP);
  await hear(pair, pair.first, 4);
  await pair.network.heal();
  await pair.second.watch.lost(VIP);
  await assertHolder(pair, pair.first);
}

const SCENARIOS: readonly (readonly [string, (pair: Pair) => Promise<void>])[] = [
  ["a suspended master asks for its address again", suspended],
  ["a suspended master that was replaced by a better one gives up without a word", wakesUpSilently],
  ["a blocked main thread delays neither adverts nor the yield", blockedMaster],
  ["a blocked main thread does not delay the takeover", blockedBackup],
  ["a flapping link", flapping],
  ["all addresses flushed", flushed],
  ["the interface deleted and made again", deleted],
  ["packets lost in one direction", oneWay],
];

function describeBeside(other: DaemonName): void {
  const skip = whyNoLab(["tshark", "dumpcap"]) || (daemonNames().includes("holdfast") ? false : "without holdfast");
  for (const [name, scenario] of SCENARIOS) {
    test(`${name}, beside ${other}`, { skip, timeout: 120_000 }, () => withPair(FAST, ["holdfast", other], scenario));
  }
}

describe("VRRP when everything goes wrong", { concurrency: 2 }, () => {
  for (const other of daemonNames()) describeBeside(other);
  const skip = whyNoLab(["dumpcap"]) || (daemonNames().includes("holdfast") ? false : "without holdfast");
  test("a suspended master of many routers gives all of them up without a word", { skip, timeout: 120_000 }, () =>
    withPair(FAST, ["holdfast", "holdfast"], crowdWakesUpSilently),
  );
});
