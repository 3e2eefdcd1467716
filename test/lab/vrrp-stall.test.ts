/** What stalls other daemons: lost netlink events, busy cores, logs, FIFOs and scripts that nobody takes care of. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { cpus } from "node:os";
import { describe, test } from "node:test";
import { waitUntil } from "../helpers/event-log.ts";
import { childrenOf, linesOf, sendSignal } from "../helpers/process.ts";
import { whyNoLab } from "./capabilities.ts";
import { CONFIG_PATH, daemonProgram, VRRP_FLAGS } from "./daemon.ts";
import { advertOf } from "./frames.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { type Pair, type PairSettings, type Side, VIP, withPair } from "./pair.ts";

const HIGH = 200;
const LOW = 100;
const QUICK: PairSettings = { version: 3, isUnicast: false, password: null, advertInt: "0.25" };
const SLOW: PairSettings = { ...QUICK, advertInt: "1" };
/** What a busy machine may add to a takeover. */
const LATE_MS = 500;

function intervalMs(pair: Pair): number {
  return Number(pair.settings.advertInt) * 1_000;
}

function skewMs(pair: Pair, priority: number): number {
  return ((256 - priority) * intervalMs(pair)) / 256;
}

/** When adverts of a side were on the wire, from a position of the capture on. */
function heardMs(pair: Pair, side: Side, from = 0): readonly number[] {
  return pair.capture.frames.items.slice(from).flatMap((frame) => {
    const advert = advertOf(frame);
    return advert !== null && advert.source === side.machine.address ? [advert.atMs] : [];
  });
}

/** Waits for so many adverts more. @returns the largest distance between two of them */
async function largestGapMs(pair: Pair, side: Side, count: number): Promise<number> {
  const from = pair.capture.frames.position;
  await waitUntil(`${count} adverts`, () => (heardMs(pair, side, from).length >= count ? true : null), {
    timeoutMs: 4 * count * intervalMs(pair) + 10_000,
  });
  const times = heardMs(pair, side, from);
  return Math.max(...times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0)));
}

async function startBoth(pair: Pair, globalLines: readonly string[] = []): Promise<ReturnType<Pair["startDaemon"]>> {
  const first = pair.startDaemon(pair.first, { priority: HIGH, globalLines });
  await pair.first.watch.gained(VIP);
  const second = pair.startDaemon(pair.second, { priority: LOW, globalLines });
  await second.logged("Entering BACKUP STATE");
  return first;
}

/** The machine has the address not later than the protocol and a busy machine allow, and speaks. */
async function assertTakenOver(pair: Pair, by: Side, priority: number, from: number): Promise<void> {
  const other = by === pair.first ? pair.second : pair.first;
  const gainedMs = await by.watch.gained(VIP, { from });
  const lastMs = heardMs(pair, other).at(-1) ?? Number.NaN;
  const dueMs = lastMs + 3 * intervalMs(pair) + skewMs(pair, priority);
  assert.ok(gainedMs < dueMs + LATE_MS, `taken over ${(gainedMs - dueMs).toFixed(1)} ms after it was due`);
  const gapMs = await largestGapMs(pair, by, 4);
  assert.ok(gapMs < intervalMs(pair) + LATE_MS, `a gap of ${gapMs} ms after the takeover`);
}

/** Endless loops of normal priority, two for each core; they end with the lab at the latest. */
function burn(machine: Machine): readonly ChildProcess[] {
  return cpus().flatMap(() => [0, 1].map(() => machine.spawn(["sh", "-c", "while :; do :; done"])));
}

/** @param mostMs that an advert may come after its time */
async function busyCores(pair: Pair, globalLines: readonly string[], mostMs: number): Promise<void> {
  const master = await startBoth(pair, globalLines);
  const burners = burn(pair.first.machine);
  const gapMs = await largestGapMs(pair, pair.first, 8_000 / intervalMs(pair));
  assert.ok(gapMs < intervalMs(pair) + mostMs, `a gap of ${gapMs} ms`);
  assert.deepEqual(pair.second.watch.changes, [], "the backup took over");
  const from = pair.second.watch.events.position;
  master.crash();
  await assertTakenOver(pair, pair.second, LOW, from);
  for (const burner of burners) sendSignal(pair.first.machine.pidOf(burner) ?? 0, "SIGKILL");
}

/** Messages that the sockets of a machine did not get, all together. */
function lostMessages(machine: Machine): number {
  const [, ...rows] = machine.readNetFile("netlink").trim().split("\n");
  return rows.reduce((sum, row) => sum + Number(row.trim().split(/\s+/).at(-2)), 0);
}

/** Of `ip`: addresses, and with each its local route, come and go. Four messages for two lines. */
function flood(rounds: number): string {
  const some = Array.from({ length: 200 }, (_, index) => `10.9.0.${index + 1}/32 dev eth0`);
  const once = [...some.map((words) => `addr add ${words}`), ...some.map((words) => `addr del ${words}`)];
  return Array.from({ length: rounds }, () => once.join("\n")).join("\n");
}

async function isHeld(machine: Machine, address: string): Promise<boolean> {
  return (await machine.runOk(["ip", "-o", "addr", "show", "to", address])) !== "";
}

/**
 * While the daemon is stopped its sockets overflow, and somebody takes the VIP away: no message tells of it, so it has
 * to be found missing. Then the flood goes on while the daemon runs: adverts keep their time.
 */
async function overrun(pair: Pair): Promise<void> {
  const master = await startBoth(pair);
  const { machine } = pair.first;
  const lostBefore = lostMessages(machine);
  master.signal("SIGSTOP");
  await machine.ip(`${flood(100)}\naddr del ${VIP}/32 dev eth0`);
  assert.equal(await isHeld(machine, VIP), false);
  assert.ok(lostMessages(machine) > lostBefore, "no socket overflowed");
  const from = master.log.position;
  master.signal("SIGCONT");
  await master.logged("events lost", { from });
  await heal(machine);
  machine.writeFile("/run/lab/flood", flood(100));
  const flooding = machine.spawn(["sh", "-c", "while :; do ip -batch /run/lab/flood; done"]);
  const gapMs = await largestGapMs(pair, pair.first, 5);
  assert.ok(gapMs < intervalMs(pair) + LATE_MS, `a gap of ${gapMs} ms while it rains messages`);
  assert.deepEqual(pair.second.watch.changes, [], "the backup took over");
  sendSignal(machine.pidOf(flooding) ?? 0, "SIGKILL");
  assert.equal(await isHeld(machine, VIP), true);
}

/** More routes than the socket has room for come and go while the daemon is stopped: none of them is for it. */
async function routesOfOthers(pair: Pair): Promise<void> {
  const master = await startBoth(pair);
  const { machine } = pair.first;
  const lostBefore = lostMessages(machine);
  const routes = Array.from(
    { length: 30_000 },
    (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}/32`,
  );
  master.signal("SIGSTOP");
  await machine.ip(routes.map((route) => `route add ${route} dev eth0 proto 186`).join("\n"));
  master.signal("SIGCONT");
  await largestGapMs(pair, pair.first, 2);
  assert.equal(lostMessages(machine), lostBefore);
  assert.doesNotMatch(master.text, /events lost/);
  assert.deepEqual(pair.second.watch.changes, [], "the backup took over");
}

/** Waits until the VIP is back. */
async function heal(machine: Machine): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!(await isHeld(machine, VIP))) assert.ok(performance.now() < deadlineMs, "the VIP was not put back");
}

/** Standard error, log file and notify FIFO are full pipes; scripts never end. */
const HUNG = ["stderr", "log", "fifo"].map((name) => `/run/lab/hung-${name}`);
const HANGING_SCRIPT = "#!/bin/sh\nexec sleep 1000\n";
/** The shell keeps the pipes open and reads nothing. */
const START_HUNG = `
chmod 755 /run/lab/hang.sh
mkfifo ${HUNG.join(" ")}
exec 5<>${HUNG[0]} 6<>${HUNG[1]} 7<>${HUNG[2]}
for pipe in ${HUNG.join(" ")}; do dd if=/dev/zero of=$pipe bs=4096 oflag=nonblock 2>/dev/null; done
echo full
"$@" >&5 2>&5
echo "ended $?"
`;
const HUNG_GLOBAL = [`vrrp_notify_fifo ${HUNG[2]}`, "script_user root", "vrrp_notify_priority_changes"];
const HUNG_INSTANCE = ["notify /run/lab/hang.sh", "notify_master /run/lab/hang.sh", "notify_backup /run/lab/hang.sh"];

/** It loses the address to a better router, and gets it back when that one dies: each is told to nobody who listens. */
async function nobodyListens(pair: Pair): Promise<void> {
  const { machine, watch } = pair.first;
  const config = pair.config(pair.first, { priority: LOW, globalLines: HUNG_GLOBAL, extraLines: HUNG_INSTANCE });
  machine.writeFile(CONFIG_PATH, config);
  machine.writeFile("/run/lab/hang.sh", HANGING_SCRIPT);
  const program = daemonProgram("holdfast") ?? "";
  const words = [program, "-f", CONFIG_PATH, ...VRRP_FLAGS, `-g${HUNG[1]}`];
  const child = machine.spawn(["sh", "-c", START_HUNG, "sh", ...words]);
  const said = linesOf(child.stdout, child.stderr);
  await said.waitFor("full pipes", ({ text }) => text === "full");
  await watch.gained(VIP);
  assert.ok((await largestGapMs(pair, pair.first, 20)) < intervalMs(pair) + LATE_MS);
  for (let round = 0; round < 3; round += 1) {
    const [from, otherFrom] = [watch.events.position, pair.second.watch.events.position];
    const better = pair.startDaemon(pair.second, { priority: HIGH });
    await watch.lost(VIP, { from });
    await pair.second.watch.gained(VIP, { from: otherFrom });
    better.crash();
    await better.ended;
    await assertTakenOver(pair, pair.first, LOW, from);
    await pair.second.machine.ip(`addr del ${VIP}/32 dev eth0`);
  }
  const from = watch.events.position;
  for (const pid of childrenOf(machine.pidOf(child) ?? 0)) sendSignal(pid, "SIGTERM");
  await watch.lost(VIP, { from });
  await said.waitFor("the end of the daemon", ({ text }) => text === "ended 0");
}

const ORDINARY = ["vrrp_priority 0"];

describe("VRRP beside what stalls others", () => {
  const skip = whyNoLab(["tshark", "dumpcap"]) || (daemonNames().includes("holdfast") ? false : "without holdfast");
  const limits = { skip, timeout: 120_000 };
  const scenario = (name: string, settings: PairSettings, run: (pair: Pair) => Promise<void>): void => {
    test(name, limits, () => withPair(settings, ["holdfast", "holdfast"], run));
  };
  scenario("both cores busy, at normal priority", SLOW, (pair) => busyCores(pair, ORDINARY, LATE_MS));
  scenario("both cores busy: no advert later than the skew time", QUICK, (pair) =>
    busyCores(pair, [], skewMs(pair, LOW)),
  );
  scenario("netlink messages lost", { ...QUICK, advertInt: "3" }, overrun);
  scenario("routes of others by the ten thousand", { ...QUICK, advertInt: "3" }, routesOfOthers);
  scenario("log, notify FIFO and notify scripts that hang", QUICK, nobodyListens);
});
