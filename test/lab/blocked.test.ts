/** The promise of the prepared plans: with JavaScript blocked for 30 s no advert is lost and no takeover is late. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ROOT } from "../helpers/repository.ts";
import { whyNoLab } from "./capabilities.ts";
import type { Daemon } from "./daemon.ts";
import { advertOf, decodeFrame } from "./frames.ts";
import { daemonNames } from "./matrix.ts";
import { type Pair, type PairSettings, type Side, VIP, withPair } from "./pair.ts";

const INTERVAL_MS = 250;
const SETTINGS: PairSettings = { version: 3, isUnicast: false, password: null, advertInt: "0.25" };
const LOW = 100;
const SKEW_MS = ((256 - LOW) * INTERVAL_MS) / 256;
const BLOCKED_MS = 30_000;
/** For what is only said when the thread is free again. */
const AFTER = { timeoutMs: BLOCKED_MS + 20_000 };
/** What a busy machine may add. The peer's patience is three intervals. */
const LATE_MS = 250;
const BLOCK_FILE = "/run/lab/block";
const ENV = {
  NODE_OPTIONS: `--import ${ROOT}/test/lab/programs/block-main-thread.mjs`,
  HOLDFAST_BLOCK_FILE: BLOCK_FILE,
  HOLDFAST_BLOCK_MS: String(BLOCKED_MS),
};
const SKIP =
  whyNoLab(["tshark", "dumpcap"]) || (daemonNames().includes("holdfast") ? false : "holdfast is not under test");

async function block(side: Side, daemon: Daemon): Promise<void> {
  side.machine.writeFile(BLOCK_FILE, "");
  await daemon.logged("main thread blocked");
}

async function masterBlocked(pair: Pair): Promise<void> {
  const master = pair.startDaemon(pair.first, { priority: 200 }, ENV);
  await pair.first.watch.gained(VIP);
  const backup = pair.startDaemon(pair.second, { priority: LOW });
  await backup.logged("Entering BACKUP STATE");
  await block(pair.first, master);
  const from = pair.capture.frames.position;
  await master.logged("main thread free", AFTER);
  const times = pair.capture.frames.items.slice(from).flatMap((frame) => {
    const advert = advertOf(frame);
    return advert?.source === pair.first.machine.address ? [advert.atMs] : [];
  });
  const gaps = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0));
  const expected = BLOCKED_MS / INTERVAL_MS;
  assert.ok(times.length >= expected - 3, `${times.length} adverts in ${BLOCKED_MS} ms`);
  assert.ok(Math.max(...gaps) < INTERVAL_MS + LATE_MS, `a gap of ${Math.max(...gaps)} ms`);
  assert.deepEqual(pair.second.watch.changes, [], "the backup took over");
  await pair.assertWireIsClean();
}

async function backupBlocked(pair: Pair): Promise<void> {
  const master = pair.startDaemon(pair.first, { priority: 200 });
  await pair.first.watch.gained(VIP);
  const backup = pair.startDaemon(pair.second, { priority: LOW }, ENV);
  await backup.logged("Entering BACKUP STATE");
  await block(pair.second, backup);
  const from = pair.capture.frames.position;
  const atMs = master.crash();
  const takenMs = (await pair.second.watch.gained(VIP)) - atMs;
  const latestMs = 3 * INTERVAL_MS + SKEW_MS + LATE_MS;
  assert.ok(takenMs < latestMs, `takeover after ${takenMs.toFixed(1)} ms, expected at most ${latestMs}`);
  await pair.capture.frames.waitFor(
    "a gratuitous ARP of the backup",
    (captured) => {
      const frame = decodeFrame(captured.bytes);
      return frame.kind === "arp" && frame.sourceMac === pair.second.machine.mac && frame.senderProtocol === VIP;
    },
    { from },
  );
  assert.ok(!backup.text.includes("main thread free"), "the main thread was free again too early to prove anything");
  await backup.logged("main thread free", AFTER);
  await backup.logged("Entering MASTER STATE");
  assert.deepEqual(await backup.terminate(), { status: 0, signal: null });
  await pair.second.watch.lost(VIP);
  await pair.assertWireIsClean();
}

const NAMES = ["holdfast", "holdfast"] as const;
// Both wait most of the time.
describe("JavaScript that is blocked for 30 s", { skip: SKIP, concurrency: 2 }, () => {
  test("a master loses no advert", { timeout: 120_000 }, () => withPair(SETTINGS, NAMES, masterBlocked));
  test("a backup takes over in time", { timeout: 120_000 }, () => withPair(SETTINGS, NAMES, backupBlocked));
});
