/** `old_unicast_checksum`: the VRRPv3 unicast checksum of keepalived before 1.2.20, which sums up the multicast group. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import type { CapturedFrame } from "./capture.ts";
import type { DaemonName } from "./daemon.ts";
import { advertOf, decodeFrame } from "./frames.ts";
import { internetChecksum } from "./judge.ts";
import { daemonPairs } from "./matrix.ts";
import { type Pair, type PairSettings, type Side, VIP, withPair } from "./pair.ts";

const HIGH = 200;
const LOW = 100;
const UNICAST: PairSettings = { version: 3, isUnicast: true, password: null, advertInt: "0.2" };
const OLD = { extraLines: ["old_unicast_checksum"] };
const NEVER = { extraLines: ["old_unicast_checksum never"] };
const DETECTED = "(VI_1) Setting unicast VRRPv3 checksum to old version";
const VRRP = 112;

/** Whether the checksum of a frame from `source` is right with the group in the place of the destination. */
function isOld(frame: CapturedFrame, source: string): boolean {
  const packet = decodeFrame(frame.bytes);
  const advert = advertOf(frame);
  if (packet.kind !== "ipv4" || advert === null || packet.source !== source) return false;
  const length = packet.payload.length;
  const pseudo = Buffer.from([...source.split(".").map(Number), 224, 0, 0, 18, 0, VRRP, length >> 8, length & 255]);
  return internetChecksum(Buffer.concat([pseudo, packet.payload])) === 0;
}

/** @returns the position behind the frame */
async function sendsOld(pair: Pair, side: Side, from: number): Promise<number> {
  const { address } = side.machine;
  const { frames } = pair.capture;
  const frame = await frames.waitFor(`an old checksum of ${address}`, (one) => isOld(one, address), { from });
  return frames.items.indexOf(frame) + 1;
}

/** A backup that is told nothing takes the adverts of an old master. */
async function isTaken(pair: Pair): Promise<void> {
  pair.startDaemon(pair.first, { priority: HIGH, ...OLD });
  await pair.first.watch.gained(VIP);
  const detecting = pair.startDaemon(pair.second, { priority: LOW });
  await detecting.logged(DETECTED);
  for (let heard = 0, from = pair.capture.frames.position; heard < 8; heard += 1) {
    from = await sendsOld(pair, pair.first, from);
  }
  assert.equal(pair.second.watch.isHeld(VIP), false);
  assert.doesNotMatch(detecting.text, /Invalid VRRPv3 checksum/);
}

/** The better one, which is told nothing, learns it from the master that it takes over from. */
async function isDetected(pair: Pair): Promise<void> {
  const old = pair.startDaemon(pair.second, { priority: LOW, ...OLD });
  await pair.second.watch.gained(VIP);
  await sendsOld(pair, pair.second, 0);
  const from = pair.capture.frames.position;
  const detecting = pair.startDaemon(pair.first, { priority: HIGH });
  await detecting.logged(DETECTED);
  await pair.first.watch.gained(VIP);
  await pair.second.watch.lost(VIP);
  await sendsOld(pair, pair.first, from);
  assert.doesNotMatch(old.text, /Invalid VRRPv3 checksum/);
}

/** Neither understands the other, so both are masters, and say why. */
async function neverMeetsOld(pair: Pair): Promise<void> {
  const never = pair.startDaemon(pair.first, { priority: HIGH, ...NEVER });
  const old = pair.startDaemon(pair.second, { priority: LOW, ...OLD });
  await Promise.all([pair.first.watch.gained(VIP), pair.second.watch.gained(VIP)]);
  await never.logged("Invalid VRRPv3 checksum");
  await old.logged("Invalid VRRPv3 checksum");
  assert.ok(!never.text.includes(DETECTED));
}

const SCENARIOS: readonly (readonly [string, (pair: Pair) => Promise<void>])[] = [
  ["the old checksum is detected and taken", isTaken],
  ["never and always do not understand each other", neverMeetsOld],
];

function describePair(daemons: readonly [DaemonName, DaemonName]): void {
  const skip = whyNoLab(["dumpcap"]);
  for (const [name, scenario] of SCENARIOS) {
    test(`${name}: ${daemons.join(" and ")}`, { skip, timeout: 60_000 }, () => withPair(UNICAST, daemons, scenario));
  }
}

describe("old_unicast_checksum", { concurrency: 4 }, () => {
  const pairs = daemonPairs();
  for (const daemons of pairs) describePair(daemons);
  // keepalived 2.2.7 detects it, but goes on sending the new one, so that two masters remain.
  for (const daemons of pairs.filter(([detecting]) => detecting === "holdfast")) {
    test(
      `once detected it is sent as well: ${daemons.join(" and ")}`,
      { skip: whyNoLab(["dumpcap"]), timeout: 60_000 },
      () => withPair(UNICAST, daemons, isDetected),
    );
  }
});
