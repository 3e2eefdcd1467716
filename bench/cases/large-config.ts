import { setTimeout as pause } from "node:timers/promises";
import { waitUntil } from "../../test/helpers/event-log.ts";
import { nowMs } from "../../test/helpers/process.ts";
import type { BenchCase, Sample, Subject } from "../case.ts";
import { CheckBed, daemonConfig, PORT, whyNoNativeChecks } from "../check-bed.ts";
import { probeLoopLateness } from "../daemon-metrics.ts";
import { OngoingWork, ongoingText } from "../ongoing-work.ts";
import { settingOf } from "../scale.ts";
import { cpuUsOf, untilQuiet } from "../usage.ts";
import { whyNoVrrp } from "../vrrp-bed.ts";

const PER_SERVICE = 4;
const TIMEOUT_MS = 120_000;
/** keepalived compares each server with all: 98 s for 20,000, several times as long for more. */
const RELOAD_TIMEOUT_MS = 600_000;
const MOST_OF_KEEPALIVED = 20_000;
/** The first checks come at random moments of the first interval, which so long makes cost next to nothing. */
const FIRST_CHECKS_PER_SEC = 10;
const SHORTEST_LOOP_SEC = 60;
/** Servers with which keepalived is given a second reload. */
const MOST_TWICE = 5_000;
/** For comparison: how late things are while nothing else goes on. */
const IDLE_MS = 3_000;

async function load(subject: Subject, count: number): Promise<Sample> {
  const bed = await CheckBed.start(subject, { count, delayLoopSec: 6, perService: PER_SERVICE }, false);
  try {
    const isProbing = (): true | null => (bed.tcpCounter("ActiveOpens") > 0 ? true : null);
    await waitUntil("a probe", isProbing, { timeoutMs: TIMEOUT_MS, intervalMs: 2 });
    return { firstProbeMs: performance.now() - bed.startedMs, cpuMs: cpuUsOf(bed.pids) / 1_000 };
  } finally {
    await bed.close();
  }
}

interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** SIGHUP with another file, until the daemon has nothing more to do. */
async function reloadOnce(bed: CheckBed, config: string): Promise<Cost> {
  const startMs = performance.now();
  const startUs = cpuUsOf(bed.pids);
  const from = bed.log.position;
  bed.reload(config);
  // A busy machine may let it wait before it begins, which is not the quiet that is looked for
  const hasBegun = ({ text }: { readonly text: string }): boolean => text.includes("Reinitializing ipvs");
  await bed.log.waitFor("the reload", hasBegun, { from, timeoutMs: RELOAD_TIMEOUT_MS });
  const begun = { wallMs: performance.now() - startMs, cpuMs: (cpuUsOf(bed.pids) - startUs) / 1_000 };
  const rest = await untilQuiet(bed.pids, RELOAD_TIMEOUT_MS);
  return { wallMs: begun.wallMs + rest.wallMs, cpuMs: begun.cpuMs + rest.cpuMs };
}

/** The first reload compiles code and finds nothing kept, so the second one is measured apart. */
async function reload(subject: Subject, count: number): Promise<Sample> {
  const delayLoopSec = Math.max(SHORTEST_LOOP_SEC, Math.ceil(count / FIRST_CHECKS_PER_SEC));
  const besideText = ongoingText(subject, PORT);
  const servers = { count, delayLoopSec, perService: PER_SERVICE, besideText };
  const bed = await CheckBed.start(subject, servers, false);
  try {
    const work = await OngoingWork.watch(bed);
    await work.untilDone(nowMs());
    await untilQuiet(bed.pids, TIMEOUT_MS);
    const idle = await work.during(() => pause(IDLE_MS));
    const reloadTo = (firstWeight: number): ReturnType<typeof work.during<Cost>> =>
      work.during(() => reloadOnce(bed, daemonConfig({ ...servers, firstWeight }, subject)));
    const first = await reloadTo(2);
    // keepalived compares each server with all others, every time.
    const later = subject === "keepalived" && count > MOST_TWICE ? null : await reloadTo(3);
    const late = [first.late, ...(later === null ? [] : [later.late])];
    return {
      ...first.result,
      ...(later === null ? {} : { laterWallMs: later.result.wallMs, laterCpuMs: later.result.cpuMs }),
      advertLateMs: Math.max(...late.map(({ advertMs }) => advertMs)),
      probeLateMs: Math.max(...late.map(({ probeMs }) => probeMs)),
      idleAdvertLateMs: idle.late.advertMs,
      idleProbeLateMs: idle.late.probeMs,
      ...(subject === "holdfast" ? await probeLoopLateness(bed) : {}),
    };
  } finally {
    await bed.close();
  }
}

export const LOAD: BenchCase = {
  name: "load",
  meaning:
    "start of the process to the first TCP check, 20,000 real servers in 5,000 virtual servers (IPVS in memory, for keepalived imagined); CPU time up to then",
  variants: ["servers=20000"],
  smoke: "servers=40",
  subjects: ["keepalived", "holdfast"],
  whyNot: (subject) => whyNoNativeChecks(subject),
  run: (subject, variant) => load(subject, settingOf(variant, "servers")),
};

export const RELOAD: BenchCase = {
  name: "reload",
  meaning:
    "SIGHUP with the weight of one real server changed, until the daemon uses less than a tenth of a core again (seen every 20 ms), and its CPU time, the same for a second one (later); meanwhile, the most that an advert of advert_int 0.1 (on the wire) or a check of one of 50 further servers with delay_loop 1 (on the loopback device) came later than the interval after the one before, beside the same for 3 s without a reload (idle); for holdfast the latest timer of the probe loop since its start",
  variants: ["servers=5000", "servers=20000", "servers=37000"],
  smoke: "servers=40",
  subjects: ["keepalived", "holdfast"],
  whyNot: (subject, variant) =>
    subject === "keepalived" && settingOf(variant, "servers") > MOST_OF_KEEPALIVED
      ? "keepalived would take many minutes"
      : (whyNoVrrp(subject) ?? whyNoNativeChecks(subject)),
  run: (subject, variant) => reload(subject, settingOf(variant, "servers")),
};
