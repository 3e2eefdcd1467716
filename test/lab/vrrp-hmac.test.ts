/** `auth_hmac` of keepalived 2.4.3: no build of it is at hand, so holdfast stands on both sides, and 2.2.7 where nothing is signed. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { availableDaemons, whyNoLab } from "./capabilities.ts";
import type { Daemon, DaemonName } from "./daemon.ts";
import { daemonNames } from "./matrix.ts";
import { type Pair, type PairSettings, VIP, withPair } from "./pair.ts";

const HIGH = 200;
const LOW = 100;
const VERSION_2: PairSettings = { version: 2, isUnicast: false, password: null, advertInt: "1" };
const VERSION_3: PairSettings = { version: 3, isUnicast: false, password: null, advertInt: "0.25" };
const UNICAST_3: PairSettings = { ...VERSION_3, isUnicast: true };
const KEYS = ["key 1 an-old-secret-of-thirty-two-octets", "key 2 another-secret-of-more-than-32-octets"];

function hmac(mode: string, options: { readonly keys?: readonly string[]; readonly active?: number } = {}): string[] {
  const { keys = KEYS.slice(0, 1), active = 1 } = options;
  return [`auth_hmac {\n${[...keys, `active_key ${active}`, `mode ${mode}`].join("\n")}\n}`];
}

async function followsIn(pair: Pair, higher: readonly string[], lower: readonly string[]): Promise<[Daemon, Daemon]> {
  const first = pair.startDaemon(pair.first, { priority: HIGH, extraLines: higher });
  await pair.first.watch.gained(VIP);
  const second = pair.startDaemon(pair.second, { priority: LOW, extraLines: lower });
  await second.logged("Entering BACKUP STATE");
  return [first, second];
}

/** The master goes, the other one takes over, the master comes back and is believed. */
async function handsOver(pair: Pair): Promise<void> {
  const [first, second] = await followsIn(pair, hmac("enforce"), hmac("enforce"));
  await first.terminate();
  await pair.second.watch.gained(VIP);
  const from = pair.second.watch.events.position;
  const back = pair.startDaemon(pair.first, { priority: HIGH, extraLines: hmac("enforce") });
  await pair.second.watch.lost(VIP, { from });
  await back.logged("Entering MASTER STATE");
  assert.doesNotMatch(second.text + back.text, /authentication (trailer|HMAC|key)/);
}

/** A router killed and started again is believed although it has forgotten its numbers. */
async function comesBackAfterAKill(pair: Pair): Promise<void> {
  const [first, second] = await followsIn(pair, hmac("enforce"), hmac("enforce"));
  first.crash();
  await first.ended;
  const again = pair.startDaemon(pair.first, { priority: HIGH, extraLines: hmac("enforce") });
  await again.logged("Entering MASTER STATE");
  assert.doesNotMatch(second.text, /replayed|stale/);
}

/** Two who do not share the key are both masters, and say why. */
async function mistrust(pair: Pair): Promise<void> {
  const other = hmac("enforce", { keys: ["key 1 a-secret-that-nobody-else-has-here"] });
  const first = pair.startDaemon(pair.first, { priority: HIGH, extraLines: hmac("enforce") });
  await pair.first.watch.gained(VIP);
  const second = pair.startDaemon(pair.second, { priority: LOW, extraLines: other });
  await second.logged(`invalid authentication HMAC from ${pair.first.machine.address}`);
  await pair.second.watch.gained(VIP);
  await first.logged(`invalid authentication HMAC from ${pair.second.machine.address}`);
}

/** Step by step, one router at a time: receive-only, permissive, enforce. The backup never takes over. */
async function rollsOut(pair: Pair): Promise<void> {
  const [first, second] = await followsIn(pair, [], []);
  for (const mode of ["receive-only", "permissive", "enforce"]) {
    for (const [daemon, side, priority] of [
      [second, pair.second, LOW],
      [first, pair.first, HIGH],
    ] as const) {
      const from = daemon.log.position;
      daemon.reload(pair.config(side, { priority, extraLines: hmac(mode) }));
      await daemon.logged("Reload complete", { from });
    }
  }
  await pair.capture.frames.waitFor("a signed advert", ({ bytes }) => bytes.length === 14 + 20 + 8 + 4 + 28, {
    from: pair.capture.frames.position,
  });
  assert.equal(pair.second.watch.isHeld(VIP), false);
  assert.doesNotMatch(second.text, /Entering MASTER/);
}

/** First both know both keys, then each signs with the new one, then the old one goes. */
async function rollsKeysOver(pair: Pair): Promise<void> {
  const [first, second] = await followsIn(pair, hmac("enforce"), hmac("enforce"));
  const steps = [hmac("enforce", { keys: KEYS }), hmac("enforce", { keys: KEYS, active: 2 })];
  steps.push(hmac("enforce", { keys: KEYS.slice(1), active: 2 }));
  for (const extraLines of steps) {
    for (const [daemon, side, priority] of [
      [second, pair.second, LOW],
      [first, pair.first, HIGH],
    ] as const) {
      const from = daemon.log.position;
      daemon.reload(pair.config(side, { priority, extraLines }));
      await daemon.logged("Reload complete", { from });
    }
  }
  const from = pair.capture.frames.position;
  const isOfMaster = (bytes: Buffer): boolean => bytes.readUInt8(14 + 20 + 8 + 4 + 1) === 2;
  await pair.capture.frames.waitFor("an advert with key 2", ({ bytes }) => bytes.length > 60 && isOfMaster(bytes), {
    from,
  });
  assert.doesNotMatch(second.text, /Entering MASTER/);
}

/** Nothing is sent, and what comes unsigned is taken: as with a router that has never heard of it. */
async function besideKeepalived(pair: Pair): Promise<void> {
  const isFirstOurs = pair.first.daemonName === "holdfast";
  const signed = hmac("receive-only");
  const [first, second] = await followsIn(pair, isFirstOurs ? signed : [], isFirstOurs ? [] : signed);
  await first.terminate();
  await pair.second.watch.gained(VIP);
  assert.doesNotMatch(second.text, /too long|trailer/);
  await pair.assertWireIsClean();
}

const OURS: readonly [DaemonName, DaemonName] = ["holdfast", "holdfast"];

describe("auth_hmac", { concurrency: 3 }, () => {
  const skip =
    whyNoLab(["tshark", "dumpcap"]) || (daemonNames().includes("holdfast") ? false : "holdfast is not under test");
  const limits = { skip, timeout: 60_000 };
  for (const [name, settings] of [
    ["VRRPv2", VERSION_2],
    ["VRRPv3", VERSION_3],
    ["VRRPv3 unicast", UNICAST_3],
  ] as const) {
    test(`${name}: a pair hands over and back`, limits, () => withPair(settings, OURS, handsOver));
  }
  test("a killed router is believed again", limits, () => withPair(VERSION_3, OURS, comesBackAfterAKill));
  test("routers with different keys do not believe each other", limits, () => withPair(VERSION_3, OURS, mistrust));
  test("a rollout in steps causes no takeover", limits, () => withPair(VERSION_3, OURS, rollsOut));
  test("keys are exchanged in steps without a takeover", limits, () => withPair(VERSION_3, OURS, rollsKeysOver));
  const isPeerThere = availableDaemons().includes("keepalived");
  const peerSkip = skip || (isPeerThere ? false : "keepalived is not installed");
  for (const names of [["holdfast", "keepalived"] as const, ["keepalived", "holdfast"] as const]) {
    test(`receive-only: ${names.join(" over ")}`, { skip: peerSkip, timeout: 60_000 }, () =>
      withPair(VERSION_3, names, besideKeepalived),
    );
  }
});
