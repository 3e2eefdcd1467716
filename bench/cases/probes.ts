import { waitUntil } from "../../test/helpers/event-log.ts";
import { whyNoUml } from "../../test/lab/uml.ts";
import type { BenchCase, Sample, Subject } from "../case.ts";
import { CheckBed, type CheckedServers, type KernelCounter, whyNoNativeChecks } from "../check-bed.ts";
import { isInGuest, trialInGuest } from "../guest.ts";
import { rest, settingOf } from "../scale.ts";
import { cpuUsOf, rssMiBOf } from "../usage.ts";

/** Past what a load leaves to do: holdfast collects its garbage after 15 s. */
const WARM_UP_MS = 20_000;
const MEASURE_MS = 10_000;
const TIMEOUT_MS = 30_000;

interface Usage {
  readonly atMs: number;
  readonly cpuUs: number;
  /** In the machine's network namespace. */
  readonly checks: number;
  /** Connections that a server's kernel completed there. */
  readonly accepts: number;
}

/** What the kernel counts of each check. A SYN by a raw socket counts nowhere, but the kernel ends each such check by RST. */
function checkCounter(subject: Subject, check: CheckedServers["check"]): KernelCounter {
  if (check === "icmp") return { protocol: "Icmp", name: "InEchos" };
  return { protocol: "Tcp", name: check === "syn" && subject === "holdfast" ? "OutRsts" : "ActiveOpens" };
}

function usageOf(bed: CheckBed, counter: KernelCounter): Usage {
  return {
    atMs: performance.now(),
    cpuUs: cpuUsOf(bed.pids),
    checks: bed.counter(counter),
    accepts: bed.tcpCounter("PassiveOpens"),
  };
}

interface CheckRate {
  readonly checksPerSec: number;
  readonly cpuPerCheckUs: number;
  readonly acceptsPerCheck: number;
}

/** From when each server was checked once, and a while for the rest to settle. */
export async function measureChecks(
  bed: CheckBed,
  subject: Subject,
  { count, check }: CheckedServers,
  { warmUpMs, timeoutMs }: { readonly warmUpMs: number; readonly timeoutMs: number },
): Promise<CheckRate> {
  const counter = checkCounter(subject, check);
  try {
    await waitUntil("checks", () => (bed.counter(counter) >= count ? true : null), { timeoutMs });
  } catch (error) {
    const text = bed.log.items.map((line) => line.text).join("\n");
    throw new Error(`${subject} checks nothing:\n${text.slice(-2_000)}`, { cause: error });
  }
  await rest(warmUpMs);
  const start = usageOf(bed, counter);
  await rest(MEASURE_MS);
  const end = usageOf(bed, counter);
  const checks = end.checks - start.checks;
  return {
    checksPerSec: (checks / (end.atMs - start.atMs)) * 1_000,
    cpuPerCheckUs: (end.cpuUs - start.cpuUs) / checks,
    acceptsPerCheck: (end.accepts - start.accepts) / checks,
  };
}

async function trial(subject: Subject, count: number, check: CheckedServers["check"] = "tcp"): Promise<Sample> {
  const servers = { count, delayLoopSec: 1, check };
  const bed = await CheckBed.start(subject, servers, isInGuest());
  try {
    const rate = await measureChecks(bed, subject, servers, { warmUpMs: WARM_UP_MS, timeoutMs: TIMEOUT_MS });
    return { ...rate, rssMiB: rssMiBOf(bed.pids), wrongResults: bed.wrongResults };
  } finally {
    await bed.close();
  }
}

export const PROBE_TCP: BenchCase = {
  name: "probe-tcp",
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
    if (variant.startsWith("uml") && !isInGuest()) return trialInGuest("probe-tcp", subject, variant);
    return trial(subject, settingOf(variant, "servers"));
  },
};

export const PROBE_TCP_HALFOPEN: BenchCase = {
  name: "probe-tcp-halfopen",
  meaning:
    "as probe-tcp, natively, with `half_open` in holdfast's TCP_CHECK: CPU time of all threads of the daemon for each check; the others have no such check and connect",
  variants: ["servers=5000"],
  smoke: "servers=20",
  subjects: ["keepalived", "haproxy", "holdfast"],
  whyNot: (subject) => whyNoNativeChecks(subject),
  run: (subject, variant) => trial(subject, settingOf(variant, "servers"), "syn"),
};

export const PROBE_ICMP: BenchCase = {
  name: "probe-icmp",
  meaning:
    "PING_CHECK once a second by the whole daemon, to addresses of the loopback device, whose kernel answers in the sender's own time: CPU time of all its threads for each check",
  variants: ["servers=5000"],
  smoke: "servers=20",
  subjects: ["keepalived", "holdfast"],
  whyNot: (subject) => whyNoNativeChecks(subject),
  run: (subject, variant) => trial(subject, settingOf(variant, "servers"), "icmp"),
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
