import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { waitUntil } from "../../test/helpers/event-log.ts";
import { ROOT } from "../../test/helpers/repository.ts";
import { runInUml, whyNoUml } from "../../test/lab/uml.ts";
import type { BenchCase, Sample, Subject } from "../case.ts";
import { CheckBed, whyNoNativeChecks } from "../check-bed.ts";
import { cpuUsOf, rssMiBOf } from "../usage.ts";

const WARM_UP_MS = 6_000;
const MEASURE_MS = 10_000;
const UML_TIMEOUT_MS = 150_000;

interface Usage {
  readonly atMs: number;
  readonly cpuUs: number;
  /** In the machine's network namespace. */
  readonly connects: number;
  /** Connections that a server's kernel completed there. */
  readonly accepts: number;
}

/** A SYN by a raw socket counts nowhere, but the kernel ends each of these checks by RST. */
function checksOf(bed: CheckBed, isHalfOpen: boolean): number {
  return bed.tcpCounter(isHalfOpen ? "OutRsts" : "ActiveOpens");
}

function usageOf(bed: CheckBed, isHalfOpen: boolean): Usage {
  return {
    atMs: performance.now(),
    cpuUs: cpuUsOf(bed.pids),
    connects: checksOf(bed, isHalfOpen),
    accepts: bed.tcpCounter("PassiveOpens"),
  };
}

async function measure(bed: CheckBed, subject: Subject, count: number, isHalfOpen: boolean): Promise<Sample> {
  try {
    await waitUntil("checks", () => (checksOf(bed, isHalfOpen) >= count ? true : null), { timeoutMs: 30_000 });
  } catch (error) {
    const text = bed.log.items.map((line) => line.text).join("\n");
    throw new Error(`${subject} checks nothing:\n${text.slice(-2_000)}`, { cause: error });
  }
  await pause(WARM_UP_MS);
  const start = usageOf(bed, isHalfOpen);
  await pause(MEASURE_MS);
  const end = usageOf(bed, isHalfOpen);
  const checks = end.connects - start.connects;
  return {
    checksPerSec: (checks / (end.atMs - start.atMs)) * 1_000,
    cpuPerCheckUs: (end.cpuUs - start.cpuUs) / checks,
    acceptsPerCheck: (end.accepts - start.accepts) / checks,
    rssMiB: rssMiBOf(bed.pids),
    wrongResults: bed.wrongResults,
  };
}

async function trial(subject: Subject, count: number, isHalfOpen = false): Promise<Sample> {
  const isKernelIpvs = process.env["IN_GUEST"] !== undefined;
  const bed = await CheckBed.start(subject, { count, delayLoopSec: 1, isHalfOpen }, isKernelIpvs);
  try {
    return await measure(bed, subject, count, isHalfOpen && subject === "holdfast");
  } finally {
    await bed.close();
  }
}

/** The same trial inside a guest whose kernel has IPVS. */
async function trialInUml(subject: Subject, count: number): Promise<Sample> {
  const words = [process.execPath, join(ROOT, "dist/bench/trial.js"), "checks-tcp", subject, `native servers=${count}`];
  const result = await runInUml({ words, timeoutMs: UML_TIMEOUT_MS, env: { IN_GUEST: "1" } });
  const line = result.output.trim().split("\n").at(-1) ?? "";
  if (result.status !== 0) throw new Error(`status ${result.status}\n${result.output}`);
  const sample: Sample = JSON.parse(line);
  return sample;
}

export const CHECKS_TCP: BenchCase = {
  name: "checks-tcp",
  meaning:
    "TCP checks once a second by the whole daemon, to servers on the loopback device: CPU time of all its threads for each connect; natively (IPVS table in memory, for keepalived one that is only imagined, see bench/preload), and in a User-Mode Linux guest, where system calls cost twenty times as much",
  variants: ["native servers=5000", "uml servers=200"],
  subjects: ["keepalived", "haproxy", "holdfast"],
  whyNot(subject, variant) {
    if (!variant.startsWith("uml")) return whyNoNativeChecks(subject);
    return subject === "haproxy" ? "it needs no IPVS" : whyNoNativeChecks(subject) || whyNoUml() || null;
  },
  run(subject, variant) {
    const count = Number(variant.split("=")[1]);
    return variant.startsWith("uml") ? trialInUml(subject, count) : trial(subject, count);
  },
};

export const PROBE_TCP_HALFOPEN: BenchCase = {
  name: "probe-tcp-halfopen",
  meaning:
    "as checks-tcp, natively, with `half_open` in holdfast's TCP_CHECK: CPU time of all threads of the daemon for each check; the others have no such check and connect",
  variants: ["servers=5000"],
  subjects: ["keepalived", "haproxy", "holdfast"],
  whyNot: (subject) => whyNoNativeChecks(subject),
  run: (subject, variant) => trial(subject, Number(variant.split("=")[1]), true),
};
