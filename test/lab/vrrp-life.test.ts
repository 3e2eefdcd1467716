import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import type { Daemon, DaemonName } from "./daemon.ts";
import { advertOf } from "./frames.ts";
import { daemonPairs } from "./matrix.ts";
import { type Pair, type PairSettings, VIP, withPair } from "./pair.ts";

const HIGH = 200;
const LOW = 100;
/** What a busy machine may add to a time that the protocol gives. */
const LATE_MS = 1_000;

const SETTINGS: readonly (readonly [string, PairSettings])[] = [
  ["VRRPv2 multicast with PASS", { version: 2, isUnicast: false, password: "s3cret", advertInt: "1" }],
  ["VRRPv2 multicast with AH", { version: 2, isUnicast: false, password: "s3cret", isAh: true, advertInt: "1" }],
  ["VRRPv2 unicast with AH", { version: 2, isUnicast: true, password: "s3cret", isAh: true, advertInt: "1" }],
  ["VRRPv2 unicast", { version: 2, isUnicast: true, password: null, advertInt: "1" }],
  ["VRRPv3 multicast", { version: 3, isUnicast: false, password: null, advertInt: "0.25" }],
  ["VRRPv3 unicast", { version: 3, isUnicast: true, password: null, advertInt: "0.25" }],
];

/** RFC 3768 §6.1, RFC 9568 §6.1 */
function skewMs(settings: PairSettings, priority: number): number {
  const baseMs = settings.version === 2 ? 1_000 : Number(settings.advertInt) * 1_000;
  return ((256 - priority) * baseMs) / 256;
}

function assertBetween(what: string, valueMs: number, lowMs: number, highMs: number): void {
  const isInside = valueMs >= lowMs && valueMs <= highMs;
  assert.ok(isInside, `${what} took ${valueMs.toFixed(1)} ms, expected ${lowMs.toFixed(1)} to ${highMs.toFixed(1)}`);
}

/** The lower one is alone, then the higher one comes and takes over. */
async function preemption(pair: Pair): Promise<Daemon> {
  pair.startDaemon(pair.second, { priority: LOW });
  await pair.second.watch.gained(VIP);
  const higher = pair.startDaemon(pair.first, { priority: HIGH });
  await pair.first.watch.gained(VIP);
  await pair.second.watch.lost(VIP);
  return higher;
}

/** RFC 9568 §6.4.3: a router that stops says so by priority 0, and the Backup waits for its Skew_Time only. */
async function goodBye(pair: Pair, higher: Daemon): Promise<void> {
  const from = pair.second.watch.events.position;
  const fromFrame = pair.capture.frames.position;
  const atMs = higher.signal("SIGTERM");
  const gainedMs = await pair.second.watch.gained(VIP, { from });
  const end = await higher.ended;
  assert.deepEqual(end, { status: 0, signal: null });
  await pair.first.watch.lost(VIP);
  await pair.capture.frames.waitFor(
    "a priority 0 advert",
    (frame) => {
      const advert = advertOf(frame);
      return advert?.priority === 0 && advert.source === pair.first.machine.address;
    },
    { from: fromFrame },
  );
  assertBetween("takeover after a good-bye", gainedMs - atMs, 0, skewMs(pair.settings, LOW) + LATE_MS);
}

async function comeBack(pair: Pair): Promise<Daemon> {
  const from = [pair.first, pair.second].map((side) => side.watch.events.position);
  const higher = pair.startDaemon(pair.first, { priority: HIGH });
  await pair.first.watch.gained(VIP, { from: from[0] ?? 0 });
  await pair.second.watch.lost(VIP, { from: from[1] ?? 0 });
  return higher;
}

/** RFC 9568 §6.1: Active_Down_Interval after the last advert, which was up to one interval before the crash. */
async function crash(pair: Pair, higher: Daemon): Promise<void> {
  const from = pair.second.watch.events.position;
  const intervalMs = Number(pair.settings.advertInt) * 1_000;
  const skew = skewMs(pair.settings, LOW);
  const atMs = higher.crash();
  const takenMs = (await pair.second.watch.gained(VIP, { from })) - atMs;
  assertBetween("takeover after a crash", takenMs, 2 * intervalMs + skew - 50, 3 * intervalMs + skew + LATE_MS);
  await higher.ended;
}

async function life(settings: PairSettings, daemons: readonly [DaemonName, DaemonName]): Promise<void> {
  await withPair(settings, daemons, async (pair) => {
    await goodBye(pair, await preemption(pair));
    await crash(pair, await comeBack(pair));
    // The dead daemon left its pid files and the address behind.
    await comeBack(pair);
    await pair.assertWireIsClean();
  });
}

describe("a VRRP pair through preemption, good-bye, crash and return", { concurrency: 6 }, () => {
  const skip = whyNoLab(["tshark", "dumpcap"]);
  for (const daemons of daemonPairs()) {
    for (const [name, settings] of SETTINGS) {
      test(`${name}: ${daemons.join(" over ")}`, { skip, timeout: 90_000 }, () => life(settings, daemons));
    }
  }
});
