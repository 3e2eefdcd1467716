/** A virtual machine is paused, nobody in it notices, and wakes up when others have long since decided. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import { vrrpConfig } from "./config.ts";
import type { Daemon, DaemonName } from "./daemon.ts";
import { advertOf } from "./frames.ts";
import { GuestRouter } from "./guest-router.ts";
import { daemonNames } from "./matrix.ts";
import { Pair, type PairSettings, VIP } from "./pair.ts";
import { whyNoUml } from "./uml.ts";

const HIGH = 200;
const LOW = 100;
const SETTINGS: PairSettings = { version: 3, isUnicast: false, password: null, advertInt: "0.2" };
const GUEST = "192.168.1.9";
const GAINED = `inet ${VIP}/32`;
/** As `ip monitor` has it. */
const LOST = /^Deleted .* inet 192\.168\.1\.100\/32/;

interface Scene {
  readonly pair: Pair;
  readonly guest: GuestRouter;
  readonly peer: Daemon;
}

type Instance = Pick<Parameters<typeof vrrpConfig>[0], "priority" | "nopreempt">;

function config(instance: Instance): string {
  return vrrpConfig({ version: 3, virtualAddresses: [VIP], advertInt: SETTINGS.advertInt, ...instance });
}

/** The guest is one router, the second machine of the pair the other one. */
async function withGuest(
  peerName: DaemonName,
  own: Instance,
  peer: Instance,
  scenario: (scene: Scene) => Promise<void>,
): Promise<void> {
  const pair = await Pair.build(SETTINGS, ["holdfast", peerName]);
  const guest = await GuestRouter.start(pair.network, {
    address: `${GUEST}/24`,
    config: config(own),
    timeoutMs: 120_000,
  });
  try {
    await guest.said("Entering BACKUP STATE");
    await guest.said(GAINED);
    await scenario({ pair, guest, peer: pair.startRaw(pair.second, config(peer)) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${message}\n--- guest\n${guest.text}\n${pair.logs}`, { cause: error });
  } finally {
    await guest.close();
    await pair.close();
  }
}

/** So many adverts more of a router: a measure of time, too. */
async function hear(pair: Pair, source: string, count: number): Promise<void> {
  let next = pair.capture.frames.position;
  for (let heard = 0; heard < count; heard += 1) {
    const isOurs = (frame: Parameters<typeof advertOf>[0]): boolean => advertOf(frame)?.source === source;
    const frame = await pair.capture.frames.waitFor(`an advert of ${source}`, isOurs, { from: next });
    next = pair.capture.frames.items.indexOf(frame) + 1;
  }
}

function saidFrom(pair: Pair, from: number): readonly number[] {
  const adverts = pair.capture.frames.items.slice(from).flatMap((frame) => advertOf(frame) ?? []);
  return adverts.filter(({ source }) => source === GUEST).map(({ priority }) => priority);
}

/** The other one is better and has the address by now: the guest gives it up and says nothing; its clock means nothing either. */
async function masterGivesUp({ pair, guest, peer }: Scene): Promise<void> {
  const { machine, watch } = pair.second;
  await peer.logged("Entering BACKUP STATE");
  guest.pause();
  await watch.gained(VIP);
  await hear(pair, machine.address, 5);
  const [from, fromLine] = [pair.capture.frames.position, guest.lines.position];
  guest.resume();
  await guest.lines.waitFor("the address's end", (line) => LOST.test(line), { from: fromLine });
  for (const hours of [7, -9]) {
    await guest.command(`date -s "${hours} hours"`);
    await hear(pair, machine.address, 6);
  }
  assert.deepEqual(saidFrom(pair, from), [], "it spoke before it knew");
  assert.equal(watch.changes.length, 1, "the address moved once more");
}

/** Its timer ended long ago, but the master speaks: its adverts wait in the guest's network card. */
async function backupStaysBackup({ pair, guest }: Scene): Promise<void> {
  const { machine, watch } = pair.second;
  await watch.gained(VIP);
  await guest.lines.waitFor("the address's end", (line) => LOST.test(line));
  await hear(pair, machine.address, 3);
  guest.pause();
  await hear(pair, machine.address, 12);
  const [from, fromLine] = [pair.capture.frames.position, guest.lines.position];
  guest.resume();
  await hear(pair, machine.address, 8);
  assert.deepEqual(saidFrom(pair, from), [], "it took over from a master that it could have heard");
  assert.doesNotMatch(guest.lines.items.slice(fromLine).join("\n"), /MASTER|inet 192\.168\.1\.100/);
}

/** It is the better one: it has its address back, and the other one gives way. */
async function masterComesBack({ pair, guest, peer }: Scene): Promise<void> {
  const { watch } = pair.second;
  await peer.logged("Entering BACKUP STATE");
  guest.pause();
  await watch.gained(VIP);
  guest.resume();
  await watch.lost(VIP);
  const from = pair.capture.frames.position;
  await hear(pair, GUEST, 8);
  assert.deepEqual(new Set(saidFrom(pair, from)), new Set([HIGH]));
  assert.equal(watch.isHeld(VIP), false);
}

describe("VRRP in a machine that is paused", () => {
  const skip = whyNoLab(["dumpcap"]) || whyNoUml() || (daemonNames().includes("holdfast") ? false : "without holdfast");
  for (const other of daemonNames()) {
    const scenario = (name: string, own: Instance, peer: Instance, run: (scene: Scene) => Promise<void>): void => {
      test(`${name}, beside ${other}`, { skip, timeout: 150_000 }, () => withGuest(other, own, peer, run));
    };
    scenario(
      "a master that was replaced by a better one gives up without a word",
      { priority: LOW },
      { priority: HIGH, nopreempt: true },
      masterGivesUp,
    );
    scenario(
      "a backup hears the master before it takes over",
      { priority: LOW },
      { priority: HIGH },
      backupStaysBackup,
    );
    scenario("the better one has its address back", { priority: HIGH }, { priority: LOW }, masterComesBack);
  }
});
