import { waitUntil } from "../../test/helpers/event-log.ts";
import { whyNoUml } from "../../test/lab/uml.ts";
import type { BenchCase, Sample, Subject } from "../case.ts";
import { CheckBed, type CheckedServers, whyNoNativeChecks } from "../check-bed.ts";
import { isInGuest, trialInGuest } from "../guest.ts";
import { rest, settingOf } from "../scale.ts";
import { cpuUsOf, rssMiBOf } from "../usage.ts";

const WARM_UP_MS = 6_000;
const MEASURE_MS = 10_000;

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
  await rest(WARM_UP_MS);
  const start = usageOf(bed, isHalfOpen);
  await rest(MEASURE_MS);
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

async function trial(subject: Subject, count: number, check: CheckedServers["check"] = "tcp"): Promise<Sample> {
  const isHalfOpen = check === "syn" && subject === "holdfast";
  const bed = await CheckBed.start(subject, { count, delayLoopSec: 1, check }, isInGuest());
  try {
    return await measure(bed, subject, count, isHalfOpen);
  } finally {
    await bed.close();
  }
}

export const CHECKS_TCP: BenchCase = {
  name: "checks-tcp",
  meaning:
    "TCP checks once a second by the whole daemon, to servers on the loopback device: CPU time of all its threads for each connect; natively (IPVS table in memory, for keepalived one that is only imagined, see bench/preload), and in a User-Mode Linux guest, where system calls cost twenty times as much",
  variants: ["native servers=5000", "uml servers=200"],
  smoke: "native servers=20",
  subjects: ["keepalived", "haproxy", "holdfast"],
  whyNot(subject, variant) {
    if (!variant.startsWith("uml")) return whyNoNativeChecks(subject);
    return subject === "haproxy" ? "it needs no IPVS" : whyNoNativeChecks(subject) || whyNoUml() || null;
  },
  run(subject, variant) {
    if (variant.startsWith("uml") && !isInGuest()) return trialInGuest("checks-tcp", subject, variant);
    return trial(subject, settingOf(variant, "servers"));
  },
};

export const PROBE_TCP_HALFOPEN: BenchCase = {
  name: "probe-tcp-halfopen",
  meaning:
    "as checks-tcp, natively, with `half_open` in holdfast's TCP_CHECK: CPU time of all threads of the daemon for each check; the others have no such check and connect",
  variants: ["servers=5000"],
  smoke: "servers=20",
  subjects: ["keepalived", "haproxy", "holdfast"],
  whyNot: (subject) => whyNoNativeChecks(subject),
  run: (subject, variant) => trial(subject, settingOf(variant, "servers"), "syn"),
};

export const PROBE_HTTP: BenchCase = {
  name: "probe-http",
  meaning:
    "HTTP_GET once a second of status and digest (haproxy: of the status) by the whole daemon, to one server on the loopback device: CPU time of all its threads for each check",
  variants: ["servers=4000"],
  smoke: "servers=20",
  subjects: ["keepalived", "haproxy", "holdfast"],
  whyNot: (subject) => whyNoNativeChecks(subject),
  run: (subject, variant) => trial(subject, settingOf(variant, "servers"), "http"),
};

export const PROBE_HTTPS: BenchCase = {
  name: "probe-https",
  meaning:
    "as probe-http, by SSL_GET: holdfast resumes sessions, on a worker thread; keepalived makes a full handshake each time",
  variants: ["servers=300"],
  smoke: "servers=20",
  subjects: ["keepalived", "haproxy", "holdfast"],
  whyNot: (subject) => whyNoNativeChecks(subject),
  run: (subject, variant) => trial(subject, settingOf(variant, "servers"), "https"),
};
