import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import type { DaemonName } from "./daemon.ts";
import { advertOf } from "./frames.ts";
import { daemonPairs } from "./matrix.ts";
import { type Pair, type PairSettings, type Side, VIP, withPair } from "./pair.ts";

const HIGH = 200;
const LOW = 100;
const SECOND_VIP = "192.168.1.101";
const FAST: PairSettings = { version: 3, isUnicast: false, password: null, advertInt: "0.2" };

/** So many further adverts of a side: proof that it went on, and a measure of time without sleeping. */
async function hear(pair: Pair, side: Side, count: number): Promise<void> {
  for (let heard = 0, from = pair.capture.frames.position; heard < count; heard += 1) {
    const frame = await pair.capture.frames.waitFor(
      `an advert of ${side.machine.name}`,
      (captured) => advertOf(captured)?.source === side.machine.address,
      { from },
    );
    from = pair.capture.frames.items.indexOf(frame) + 1;
  }
}

/** RFC 9568 §6.4.2: without Preempt_Mode a better Backup leaves a worse Active alone. */
async function nopreempt(pair: Pair): Promise<void> {
  pair.startDaemon(pair.second, { priority: LOW });
  await pair.second.watch.gained(VIP);
  const better = pair.startDaemon(pair.first, { priority: HIGH, nopreempt: true });
  await better.logged("Entering BACKUP STATE");
  await hear(pair, pair.second, 8);
  assert.equal(pair.first.watch.isHeld(VIP), false, "it took over in spite of nopreempt");
  assert.equal(pair.second.watch.isHeld(VIP), true, "the worse one gave up");
}

/** The state of VRRP stays as it was, addresses follow the file, and nobody notices an outage. */
async function reload(pair: Pair): Promise<void> {
  const both = [VIP, SECOND_VIP];
  const active = pair.startDaemon(pair.first, { priority: HIGH });
  await pair.first.watch.gained(VIP);
  const backup = pair.startDaemon(pair.second, { priority: LOW });
  await backup.logged("Entering BACKUP STATE");
  backup.reload(pair.config(pair.second, { priority: LOW, virtualAddresses: both }));
  active.reload(pair.config(pair.first, { priority: HIGH, virtualAddresses: both }));
  await pair.first.watch.gained(SECOND_VIP);
  await hear(pair, pair.first, 8);
  const from = pair.first.watch.events.position;
  // keepalived 2.2 drops adverts with another number of addresses than its own.
  backup.reload(pair.config(pair.second, { priority: LOW }));
  active.reload(pair.config(pair.first, { priority: HIGH }));
  await pair.first.watch.lost(SECOND_VIP, { from });
  await hear(pair, pair.first, 8);
  const isLost = pair.first.watch.events.items.some((event) => event.address === VIP && !event.isAdded);
  assert.equal(isLost, false, "the address that stays was away in between");
  assert.equal(
    pair.second.watch.events.items.some((event) => event.address === VIP),
    false,
    "the other one took over meanwhile",
  );
  await pair.assertWireIsClean(both);
}

/** Neither side notices that packets get lost, so both are active; healed, the better one stays. */
async function split(pair: Pair): Promise<void> {
  pair.startDaemon(pair.first, { priority: HIGH });
  await pair.first.watch.gained(VIP);
  const worse = pair.startDaemon(pair.second, { priority: LOW });
  await worse.logged("Entering BACKUP STATE");
  await pair.network.cut(pair.first.machine, pair.second.machine);
  await pair.second.watch.gained(VIP);
  await pair.network.heal();
  await pair.second.watch.lost(VIP);
  await hear(pair, pair.first, 4);
  assert.equal(pair.first.watch.isHeld(VIP), true, "the better one gave up");
  await pair.assertWireIsClean();
}

/** A machine without carrier is in FAULT and gives the address up; with the cable in it gets it back. */
async function cableOut(pair: Pair): Promise<void> {
  const better = pair.startDaemon(pair.first, { priority: HIGH });
  await pair.first.watch.gained(VIP);
  const worse = pair.startDaemon(pair.second, { priority: LOW });
  await worse.logged("Entering BACKUP STATE");
  await pair.network.unplug(pair.first.machine);
  await better.logged("Entering FAULT STATE");
  await pair.second.watch.gained(VIP);
  await pair.first.watch.lost(VIP);
  const from = pair.first.watch.events.position;
  await pair.network.plugIn(pair.first.machine);
  await pair.first.watch.gained(VIP, { from });
  await pair.second.watch.lost(VIP);
  await pair.assertWireIsClean();
}

/** RFC 9568 §6.4.3: equal priorities are decided by the sender's address. */
async function equalPriority(pair: Pair): Promise<void> {
  await pair.network.cut(pair.first.machine, pair.second.machine);
  pair.startDaemon(pair.first, { priority: LOW });
  pair.startDaemon(pair.second, { priority: LOW });
  await Promise.all([pair.first.watch.gained(VIP), pair.second.watch.gained(VIP)]);
  await pair.network.heal();
  await pair.first.watch.lost(VIP);
  await hear(pair, pair.second, 4);
  assert.equal(pair.second.watch.isHeld(VIP), true, "the higher address gave up");
  await pair.assertWireIsClean();
}

const SCENARIOS: readonly (readonly [string, (pair: Pair) => Promise<void>])[] = [
  ["nopreempt leaves a worse master alone", nopreempt],
  ["SIGHUP adds and removes addresses without an election", reload],
  ["a split network heals to one master", split],
  ["a pulled cable moves the address, and back", cableOut],
  ["equal priorities are decided by the address", equalPriority],
];

function describePair(daemons: readonly [DaemonName, DaemonName]): void {
  const skip = whyNoLab(["tshark", "dumpcap"]);
  for (const [name, scenario] of SCENARIOS) {
    test(`${name}: ${daemons.join(" and ")}`, { skip, timeout: 90_000 }, () => withPair(FAST, daemons, scenario));
  }
}

describe("VRRP policy", { concurrency: 4 }, () => {
  for (const daemons of daemonPairs()) describePair(daemons);
});
