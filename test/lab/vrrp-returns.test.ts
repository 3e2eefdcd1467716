/** How an instance comes back: after a stall of the whole daemon, and after a fault. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import { advertOf, decodeFrame } from "./frames.ts";
import { daemonNames, daemonPairs } from "./matrix.ts";
import { type Pair, type PairSettings, VIP, withPair } from "./pair.ts";

const HIGH = 200;
const LOW = 100;
const FAST: PairSettings = { version: 3, isUnicast: false, password: null, advertInt: "0.2" };
const UNICAST: PairSettings = { ...FAST, isUnicast: true };

/** The stopped master finds another one when it goes on: with the word it leaves it alone. */
async function stall(pair: Pair, words: readonly string[], keeps: boolean): Promise<void> {
  const master = pair.startDaemon(pair.first, { priority: HIGH, nopreempt: true, extraLines: words });
  await pair.first.watch.gained(VIP);
  const other = pair.startDaemon(pair.second, { priority: LOW, nopreempt: true });
  await other.logged("Entering BACKUP STATE");
  master.signal("SIGSTOP");
  await pair.second.watch.gained(VIP);
  const [logFrom, watchFrom] = [master.log.position, pair.second.watch.events.position];
  // An advert that was under way to the capture before does not count.
  const { frames } = pair.capture;
  const isOf = (address: string) => (frame: (typeof frames.items)[number]) => advertOf(frame)?.source === address;
  await frames.waitFor("the new master", isOf(pair.second.machine.address), { from: frames.position });
  const from = frames.position;
  master.signal("SIGCONT");
  if (keeps) {
    await master.logged("VRRP thread timer expired", { from: logFrom });
    await master.logged("Entering BACKUP STATE", { from: logFrom });
    for (let heard = 0, at = from; heard < 8; heard += 1) {
      const frame = await frames.waitFor("the master", isOf(pair.second.machine.address), { from: at });
      at = frames.items.indexOf(frame) + 1;
    }
    assert.equal(frames.items.slice(from).some(isOf(pair.first.machine.address)), false, "it spoke up");
    assert.equal(pair.second.watch.isHeld(VIP), true);
    assert.equal(pair.first.watch.isHeld(VIP), false);
  } else {
    await pair.second.watch.lost(VIP, { from: watchFrom });
    assert.doesNotMatch(master.text, /thread timer expired/);
  }
}

/** keepalived D.10: peers of unicast are told where the source address is. */
async function announcesSource(pair: Pair): Promise<void> {
  const { machine } = pair.first;
  const daemon = pair.startDaemon(pair.first, { priority: HIGH });
  await pair.first.watch.gained(VIP);
  await pair.network.unplug(machine);
  await daemon.logged("Entering FAULT STATE");
  const { frames } = pair.capture;
  const [from, logFrom] = [frames.position, daemon.log.position];
  await pair.network.plugIn(machine);
  await daemon.logged(`VI_1: sending gratuitous ARP for ${machine.address}`, { from: logFrom });
  await frames.waitFor(
    "a GARP for the source address",
    ({ bytes }) => {
      const frame = decodeFrame(bytes);
      return (
        frame.kind === "arp" && frame.senderProtocol === machine.address && frame.targetProtocol === machine.address
      );
    },
    { from },
  );
}

describe("coming back", { concurrency: 3 }, () => {
  const skip = whyNoLab(["dumpcap"]);
  const limits = { skip: skip || (daemonNames().includes("holdfast") ? false : "without holdfast"), timeout: 60_000 };
  const ours = ["holdfast", "holdfast"] as const;
  // keepalived 2.2.7 does not know the word
  test("timer_expired_backup: a stalled master becomes a backup", limits, () =>
    withPair(FAST, ours, (pair) => stall(pair, ["timer_expired_backup"], true)),
  );
  test("without timer_expired_backup it takes its place again", limits, () =>
    withPair(FAST, ours, (pair) => stall(pair, [], false)),
  );
  for (const daemons of daemonPairs().filter(([first, second]) => first !== second)) {
    test(`unicast, after a fault: ${daemons[0]}`, { skip, timeout: 60_000 }, () =>
      withPair(UNICAST, daemons, announcesSource),
    );
  }
});
