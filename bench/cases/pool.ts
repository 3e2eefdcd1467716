import { findProgram } from "../../test/helpers/repository.ts";
import type { BenchCase, Sample, Subject } from "../case.ts";
import { CheckBed, type CheckedServers, whyNoNativeChecks } from "../check-bed.ts";
import { CONTROL_WORDS, probeLoopLateness } from "../daemon-metrics.ts";
import { settingOf } from "../scale.ts";
import { measureChecks } from "./probes.ts";

const WARM_UP_MS = 10_000;
const TIMEOUT_MS = 120_000;
const CORE = "0";

async function pin(bed: CheckBed): Promise<void> {
  for (const pid of bed.pids)
    await bed.machine.runOk(["taskset", "--all-tasks", "--cpu-list", "--pid", CORE, String(pid)]);
}

async function trial(subject: Subject, servers: CheckedServers): Promise<Sample> {
  const bed = await CheckBed.start(subject, servers, false);
  try {
    await pin(bed);
    const waits = { warmUpMs: WARM_UP_MS, timeoutMs: TIMEOUT_MS };
    const { checksPerSec, cpuPerCheckUs } = await measureChecks(bed, subject, servers, waits);
    return {
      checksPerSec,
      cpuShare: (checksPerSec * cpuPerCheckUs) / 1_000_000,
      wrongResults: bed.wrongResults,
      ...(subject === "holdfast" ? await probeLoopLateness(bed) : {}),
    };
  } finally {
    await bed.close();
  }
}

export const POOL: BenchCase = {
  name: "pool",
  meaning:
    "one pool, each server checked once a second by the whole daemon on one core, over the loopback device, whose kernel answers in the sender's own time (syn: half-open, keepalived connects): checks done, share of the core, servers wrongly taken for dead, and by holdfast's own count how late timers of its probe loop fired since the start",
  variants: ["tcp servers=40000", "syn servers=100000"],
  smoke: "tcp servers=20",
  subjects: ["keepalived", "holdfast"],
  whyNot: (subject) => (findProgram("taskset") === null ? "needs taskset" : whyNoNativeChecks(subject)),
  run(subject, variant) {
    const check = variant.startsWith("syn") ? "syn" : "tcp";
    const beside = subject === "holdfast" ? { besideText: `global_defs {\n${CONTROL_WORDS}}\n` } : {};
    return trial(subject, { count: settingOf(variant, "servers"), delayLoopSec: 1, check, ...beside });
  },
};
