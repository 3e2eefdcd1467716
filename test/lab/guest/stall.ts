/** What no namespace can do: the clock is set by hours, and a disk takes no more writes. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { waitUntil } from "../../helpers/event-log.ts";
import { runOk } from "../../helpers/process.ts";
import { CONFIG_PATH, Daemon, VRRP_FLAGS } from "../daemon.ts";
import { advertOf } from "../frames.ts";
import type { Machine } from "../machine.ts";
import { daemonNames } from "../matrix.ts";
import { type Pair, type PairSettings, type Side, VIP, withPair } from "../pair.ts";

const HIGH = 200;
const LOW = 100;
const SETTINGS: PairSettings = { version: 3, isUnicast: false, password: null, advertInt: "0.5" };
const PATIENCE_MS = 3_500 + 156;
const HMAC = ["auth_hmac {\nkey 1 an-old-secret-of-thirty-two-octets\nactive_key 1\nmode enforce\n}"];
const HOURS = [3, -6, 24, -21];

function heard(pair: Pair, side: Side, from: number): number {
  const frames = pair.capture.frames.items.slice(from);
  return frames.filter((frame) => advertOf(frame)?.source === side.machine.address).length;
}

/** So many adverts more, none of them missed by the other side for long: counted by the clock that nobody sets. */
async function hear(pair: Pair, side: Side, count: number): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    const from = pair.capture.frames.position;
    const atMs = performance.now();
    await waitUntil("an advert", () => (heard(pair, side, from) > 0 ? true : null), { timeoutMs: PATIENCE_MS });
    assert.ok(performance.now() - atMs < PATIENCE_MS);
  }
}

async function startBoth(pair: Pair, extraLines: readonly string[]): Promise<readonly [Daemon, Daemon]> {
  const first = pair.startDaemon(pair.first, { priority: HIGH, extraLines });
  await pair.first.watch.gained(VIP);
  const second = pair.startDaemon(pair.second, { priority: LOW, extraLines });
  await second.logged("Entering BACKUP STATE");
  return [first, second];
}

async function setClock(machine: Machine, hours: number): Promise<void> {
  await machine.runOk(["date", "-s", `@${Math.floor(Date.now() / 1_000) + hours * 3_600}`]);
}

/** Nobody moves when the clock does; and after it a takeover comes in its time, which no wall clock says. */
async function clockSet(pair: Pair, extraLines: readonly string[]): Promise<void> {
  const [first, second] = await startBoth(pair, extraLines);
  const positions = [pair.first, pair.second].map(({ watch }) => watch.events.position);
  for (const hours of HOURS) {
    await setClock(pair.first.machine, hours);
    await hear(pair, pair.first, 6);
  }
  const moves = [pair.first, pair.second].flatMap(({ watch }, index) => watch.events.items.slice(positions[index]));
  assert.deepEqual(moves, [], "an address moved");
  assert.doesNotMatch(second.text, /MASTER|replayed|stale/);
  const killedMs = performance.now();
  first.crash();
  await setClock(pair.second.machine, -5);
  await pair.second.watch.gained(VIP);
  const tookMs = performance.now() - killedMs;
  assert.ok(tookMs < 10_000, `taken over after ${tookMs} ms`);
  await hear(pair, pair.second, 4);
}

/** An own file system for pid, log, dump and state files; `fsfreeze` makes every write to it wait. */
const DISK = "/run/lab/disk";
const MAKE_DISK = `
set -e
truncate -s 64M /run/lab/image
mkfs.ext4 -q /run/lab/image
mkdir -p ${DISK}
mount -o loop /run/lab/image ${DISK}
`;

/** The disk hangs; the master goes on, gives way to a better router, and takes over when that one dies. */
async function diskHangs(pair: Pair): Promise<void> {
  const { machine, watch } = pair.first;
  // Outside: the machine has another /run.
  await runOk(["modprobe", "-d", "/run/kernel", "loop"]);
  await machine.runOk(["sh", "-c", MAKE_DISK]);
  const config = pair.config(pair.first, { priority: LOW });
  const flags = [...VRRP_FLAGS, `-g${DISK}/log`, "-p", `${DISK}/pid`, "-r", `${DISK}/vrrp.pid`];
  const daemon = new Daemon(machine, { name: "holdfast", config, flags, env: { TMPDIR: DISK } });
  await watch.gained(VIP);
  await machine.runOk(["fsfreeze", "-f", DISK]);
  try {
    // Dumps of data and statistics, which wait for the disk, and a reload while they do.
    for (const signal of ["SIGUSR1", "SIGUSR2"] as const) daemon.signal(signal);
    machine.writeFile(CONFIG_PATH, config.replace("router_id LAB", "router_id OTHER"));
    daemon.signal("SIGHUP");
    await hear(pair, pair.first, 10);
    const from = watch.events.position;
    const better = pair.startDaemon(pair.second, { priority: HIGH });
    await watch.lost(VIP, { from });
    await pair.second.watch.gained(VIP);
    better.crash();
    await watch.gained(VIP, { from: from + 1 });
    await hear(pair, pair.first, 4);
  } finally {
    await machine.runOk(["fsfreeze", "-u", DISK]);
  }
  const from = watch.events.position;
  assert.equal((await daemon.terminate()).status, 0);
  await watch.lost(VIP, { from });
  assert.match(await machine.runOk(["cat", `${DISK}/log`]), /Entering MASTER STATE/);
}

describe("VRRP in a guest", () => {
  const skip = daemonNames().includes("holdfast") ? false : "without holdfast";
  const scenario = (name: string, run: (pair: Pair) => Promise<void>): void => {
    test(name, { skip, timeout: 180_000 }, () => withPair(SETTINGS, ["holdfast", "holdfast"], run));
  };
  scenario("the clock set by hours, forwards and backwards", (pair) => clockSet(pair, []));
  scenario("the same with signed adverts", (pair) => clockSet(pair, HMAC));
  scenario("a disk that takes no more writes", diskHangs);
});
