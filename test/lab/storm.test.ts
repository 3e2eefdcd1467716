/** Ten thousand bad adverts a second change nothing; what they cost is told, not judged. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { findProgram, ROOT } from "../helpers/repository.ts";
import { whyNoLab } from "./capabilities.ts";
import type { Daemon } from "./daemon.ts";
import { BELIEVABLE, type ForgedAdvert, forgeFrame } from "./forged.ts";
import { advertOf } from "./frames.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { type Pair, type PairSettings, VIP, withPair } from "./pair.ts";

const SETTINGS: PairSettings = { version: 2, isUnicast: false, password: "s3cret", advertInt: "1" };
const FRAMES_PER_SECOND = 10_000;
const SECONDS = 2;
/** Of either daemon, its start and all storms together, when a second has ten lines and what belongs to them. */
const LINES_MAX = 500;

const STORMS: readonly (readonly [string, readonly Partial<ForgedAdvert>[]])[] = [
  ["priority 255 with a wrong password", [{ priority: 255, password: "wrong" }]],
  ["no authentication, unknown authentication", [{ authenticationType: 0 }, { authenticationType: 77 }]],
  ["truncated", [{ cut: 1 }, { cut: 9 }, { cut: 19 }, { cut: 20 }]],
  [
    "a wrong checksum",
    [
      { checksumError: 1, priority: 255 },
      { checksumError: 9, priority: 0 },
    ],
  ],
];

const STORMS_OF_WORSE: typeof STORMS = [
  ["a lower priority", [{ priority: 50 }]],
  [
    "many lower priorities of many routers",
    [50, 51, 52, 53].flatMap((priority) => [66, 67, 68].map((host) => ({ priority, source: `192.168.1.${host}` }))),
  ],
  ["no priority at all", [{ priority: 0 }]],
];
/** Four in 5 ms, and room for what belongs to the time after. */
const ANSWERS_PER_SECOND_MAX = 1_000;

interface Cost {
  readonly sent: number;
  readonly seconds: number;
  readonly text: string;
}

function whyNot(): string | false {
  if (!daemonNames().includes("holdfast")) return "without holdfast";
  return whyNoLab(["dumpcap"]) || (findProgram("python3") === null ? "needs python3" : false);
}

/** Processor time of all threads of all processes of a daemon, in ms. */
function cpuMs(daemon: Daemon): number {
  const threads = daemon.pids.flatMap((pid) => readdirSync(`/proc/${pid}/task`).map((id) => `/proc/${pid}/task/${id}`));
  const times = threads.map((path) => Number(readFileSync(`${path}/schedstat`, "utf8").split(" ")[0]));
  return times.reduce((sum, time) => sum + time, 0) / 1e6;
}

interface Scene {
  readonly pair: Pair;
  readonly attacker: Machine;
  readonly daemons: readonly Daemon[];
}

/** @returns what it cost */
async function storm({ pair, attacker, daemons }: Scene, forgeries: readonly Partial<ForgedAdvert>[]): Promise<Cost> {
  const input = forgeries.map((forgery) => `${forgeFrame({ ...BELIEVABLE, ...forgery }).toString("hex")}\n`).join("");
  const program = `${ROOT}/test/lab/programs/send-storm.py`;
  const words = ["python3", program, "eth0", String(FRAMES_PER_SECOND), String(SECONDS)];
  const before = daemons.map(cpuMs);
  const [sent = 0, seconds = 1] = (await attacker.runOk(words, { input })).trim().split(" ").map(Number);
  const shares = daemons.map((daemon, index) => (cpuMs(daemon) - (before[index] ?? 0)) / 1000 / seconds);
  const from = pair.capture.frames.position;
  const isOfMaster = (frame: Parameters<typeof advertOf>[0]): boolean =>
    advertOf(frame)?.source === pair.first.machine.address;
  await pair.capture.frames.waitFor("the master's advert", isOfMaster, { from });
  assert.equal(pair.first.watch.changes.length, 1, "the master's address moved");
  assert.equal(pair.second.watch.changes.length, 0, "the backup took the address");
  const [master = 0, backup = 0] = shares;
  const text = `${Math.round(sent / seconds)} packets/s: master ${master.toFixed(2)}, backup ${backup.toFixed(2)} of a core`;
  return { sent, seconds, text };
}

async function weather(
  pair: Pair,
  storms: typeof STORMS,
  tell: (line: string) => void,
  judge: (cost: Cost, answers: number) => void = () => {},
): Promise<void> {
  const attacker = await pair.network.addMachine({ name: "attacker", addresses: ["192.168.1.66/24"] });
  const master = pair.startDaemon(pair.first, { priority: 200 });
  await pair.first.watch.gained(VIP);
  const backup = pair.startDaemon(pair.second, { priority: 100 });
  await backup.logged("Entering BACKUP STATE");
  const daemons = [master, backup];
  for (const [what, forgeries] of storms) {
    const from = pair.capture.frames.position;
    const cost = await storm({ pair, attacker, daemons }, forgeries);
    const frames = pair.capture.frames.items.slice(from);
    const answers = frames.filter((frame) => advertOf(frame)?.source === pair.first.machine.address).length;
    tell(`${what}: ${cost.text}; ${answers} adverts of the master`);
    judge(cost, answers);
  }
  for (const { log } of daemons) assert.ok(log.items.length < LINES_MAX, `${log.items.length} log lines`);
  await Promise.all(daemons.map((daemon) => daemon.terminate()));
}

test("storms of bad adverts change nothing", { skip: whyNot(), timeout: 60_000 }, (context) =>
  withPair(SETTINGS, ["holdfast", "holdfast"], (pair) => weather(pair, STORMS, (line) => context.diagnostic(line))),
);

/** Who claims less is told so, but not for every packet. */
test("storms of good adverts of worse routers change nothing", { skip: whyNot(), timeout: 60_000 }, (context) =>
  withPair(SETTINGS, ["holdfast", "holdfast"], (pair) =>
    weather(
      pair,
      STORMS_OF_WORSE,
      (line) => context.diagnostic(line),
      ({ sent, seconds }, answers) => {
        assert.ok(sent > ANSWERS_PER_SECOND_MAX * seconds, `no storm: ${sent} packets`);
        // What the capture holds may reach beyond the storm.
        assert.ok(answers < ANSWERS_PER_SECOND_MAX * (seconds + 2), `${answers} answers in ${seconds} s`);
        assert.ok(answers > seconds, `only ${answers} answers in ${seconds} s`);
      },
    ),
  ),
);
