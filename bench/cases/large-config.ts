import { waitUntil } from "../../test/helpers/event-log.ts";
import type { BenchCase, Sample, Subject } from "../case.ts";
import { CheckBed, daemonConfig, whyNoNativeChecks } from "../check-bed.ts";
import { settingOf } from "../scale.ts";
import { cpuUsOf, untilQuiet } from "../usage.ts";

const PER_SERVICE = 4;
const TIMEOUT_MS = 120_000;
/** keepalived compares each server with all: 98 s for 20,000, several times as long for more. */
const RELOAD_TIMEOUT_MS = 600_000;
const MOST_OF_KEEPALIVED = 20_000;
/** The first checks come at random moments of the first interval, which so long makes cost next to nothing. */
const FIRST_CHECKS_PER_SEC = 10;
const SHORTEST_LOOP_SEC = 60;

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

async function reload(subject: Subject, count: number): Promise<Sample> {
  const delayLoopSec = Math.max(SHORTEST_LOOP_SEC, Math.ceil(count / FIRST_CHECKS_PER_SEC));
  const servers = { count, delayLoopSec, perService: PER_SERVICE };
  const bed = await CheckBed.start(subject, servers, false);
  try {
    const isProbing = (): true | null => (bed.tcpCounter("ActiveOpens") > 0 ? true : null);
    await waitUntil("a probe", isProbing, { timeoutMs: TIMEOUT_MS });
    await untilQuiet(bed.pids, TIMEOUT_MS);
    const startMs = performance.now();
    const startUs = cpuUsOf(bed.pids);
    bed.reload(daemonConfig({ ...servers, firstWeight: 2 }, subject));
    // A busy machine may let it wait before it begins, which is not the quiet that is looked for
    await bed.log.waitFor("the reload", ({ text }) => text.includes("Reinitializing ipvs"), { timeoutMs: TIMEOUT_MS });
    const begun = { wallMs: performance.now() - startMs, cpuMs: (cpuUsOf(bed.pids) - startUs) / 1_000 };
    const rest = await untilQuiet(bed.pids, RELOAD_TIMEOUT_MS);
    return { wallMs: begun.wallMs + rest.wallMs, cpuMs: begun.cpuMs + rest.cpuMs };
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
    "SIGHUP with the weight of one real server changed, until the daemon uses less than a tenth of a core again (seen every 20 ms), and its CPU time",
  variants: ["servers=5000", "servers=20000", "servers=37000"],
  smoke: "servers=40",
  subjects: ["keepalived", "holdfast"],
  whyNot: (subject, variant) =>
    subject === "keepalived" && settingOf(variant, "servers") > MOST_OF_KEEPALIVED
      ? "keepalived would take many minutes"
      : whyNoNativeChecks(subject),
  run: (subject, variant) => reload(subject, settingOf(variant, "servers")),
};
