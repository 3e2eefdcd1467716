import assert from "node:assert/strict";
import { test } from "node:test";
import { findProgram, ROOT } from "../helpers/repository.ts";
import { whyNoLab } from "./capabilities.ts";
import { BELIEVABLE, type ForgedAdvert, forgeFrame } from "./forged.ts";
import { advertOf } from "./frames.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { type Pair, type PairSettings, VIP, withPair } from "./pair.ts";

const SETTINGS: PairSettings = { version: 2, isUnicast: false, password: "s3cret", advertInt: "1" };
const SKIP = whyNoLab(["dumpcap"]) || (findProgram("python3") === null ? "needs python3" : false);
/** Rounds of all forged packets: more than a rate limit lets through to the log. */
const ROUNDS = 20;

const FORGERIES: readonly Partial<ForgedAdvert>[] = [
  { ttl: 254 },
  { checksumError: 1 },
  { password: "wrong" },
  { password: "s3crets" },
  { authenticationType: 0 },
  { authenticationType: 2 },
  { authenticationType: 77 },
  { vrid: 52 },
  { vrid: 0 },
  { versionAndType: 0x22 },
  { versionAndType: 0x31 },
  { versionAndType: 0xf1 },
  { interval: 2 },
  { interval: 0 },
  { addressCount: 0 },
  { addressCount: 255 },
  { cut: 1 },
  { cut: 12 },
  { cut: 19 },
  { cut: 20 },
  { cut: -40 },
  { priority: 0, ttl: 1 },
  { priority: 0, password: "" },
  { priority: 0, checksumError: 7 },
  { priority: 255, checksumError: 7 },
];

async function send(attacker: Machine, frames: readonly Buffer[]): Promise<void> {
  const input = frames.map((frame) => `${frame.toString("hex")}\n`).join("");
  await attacker.runOk(["python3", `${ROOT}/test/lab/programs/send-frames.py`, "eth0"], { input });
}

/** Forged adverts, to the group and to each router itself. */
function forgeries(pair: Pair): readonly Buffer[] {
  const targets = [pair.first.machine, pair.second.machine].map((machine) => ({
    destination: machine.address,
    destinationMac: machine.mac,
  }));
  const toGroup = FORGERIES.map((forgery) => forgeFrame({ ...BELIEVABLE, ...forgery }));
  const toRouters = targets.map((target) => forgeFrame({ ...BELIEVABLE, ...target }));
  return Array.from({ length: ROUNDS }, () => [...toGroup, ...toRouters]).flat();
}

async function attack(pair: Pair): Promise<void> {
  const attacker = await pair.network.addMachine({ name: "attacker", addresses: ["192.168.1.66/24"] });
  const master = pair.startDaemon(pair.first, { priority: 200 });
  await pair.first.watch.gained(VIP);
  const backup = pair.startDaemon(pair.second, { priority: 100 });
  await backup.logged("Entering BACKUP STATE");
  await send(attacker, forgeries(pair));
  const from = pair.capture.frames.position;
  const isFromMaster = (atLeastMs: number) => (frame: { readonly atMs: number; readonly bytes: Buffer }) =>
    frame.atMs > atLeastMs && advertOf(frame)?.source === pair.first.machine.address;
  const first = await pair.capture.frames.waitFor("an advert after the attack", isFromMaster(0), { from });
  // Longer than the backup's timer would need, had it been touched.
  await pair.capture.frames.waitFor("adverts going on", isFromMaster(first.atMs + 4_000), { from });
  assert.equal(pair.first.watch.changes.length, 1, "the master's address moved");
  assert.equal(pair.second.watch.changes.length, 0, "the backup took the address");
  // The same frame without a fault does what it says, so the others were refused for their faults.
  await send(attacker, [forgeFrame(BELIEVABLE)]);
  await pair.first.watch.lost(VIP);
  assert.deepEqual(await master.terminate(), { status: 0, signal: null });
  assert.deepEqual(await backup.terminate(), { status: 0, signal: null });
}

for (const name of daemonNames()) {
  test(`forged, foreign and malformed adverts move nothing: ${name}`, { skip: SKIP, timeout: 90_000 }, () =>
    withPair(SETTINGS, [name, name], attack),
  );
}
