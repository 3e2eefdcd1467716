import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { createProber, type ProbeTarget, probeTarget } from "holdfast";
import type { BenchCase, Sample, Subject } from "../case.ts";
import { measureFloor, whyNoFloor } from "../floor.ts";
import { rest } from "../scale.ts";

const WARM_UP_MS = 2_000;
const MEASURE_MS = 5_000;
const TIMEOUT_US = 1_000_000;
const INTERVAL_US = 1_000_000;

/** CPU time of each thread of this process in microseconds. */
function threadCpuUs(): ReadonlyMap<string, number> {
  const ids = readdirSync("/proc/self/task");
  return new Map(
    ids.map((id) => [id, Number(readFileSync(`/proc/self/task/${id}/schedstat`, "utf8").split(" ")[0]) / 1_000]),
  );
}

type Kind = "tcp" | "icmp" | "syn";

function targetAt(kind: Kind, port: number, index: number): ProbeTarget {
  const address = `127.${1 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
  return probeTarget({ kind, address, port: kind === "icmp" ? 0 : port, timeoutUs: TIMEOUT_US });
}

async function trial(kind: Kind, subject: Subject, variant: string): Promise<Sample> {
  const count = Number(variant.split("=")[1]);
  const server = createServer((socket) => socket.destroy());
  server.listen(0, "0.0.0.0");
  await once(server, "listening");
  try {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const { port } = address;
    if (subject !== "floor") return await measureAddon(kind, count, port);
    return await measureFloor({ kind, targets: count, port, warmUpMs: WARM_UP_MS, measureMs: MEASURE_MS });
  } finally {
    server.close();
  }
}

async function measureAddon(kind: Kind, count: number, port: number): Promise<Sample> {
  const threadsBefore = new Set(readdirSync("/proc/self/task"));
  let reported = 0;
  const loop = createProber((events) => {
    reported += events.length;
  });
  const schedule = { expected: "success", intervalUs: INTERVAL_US, unexpectedIntervalUs: INTERVAL_US } as const;
  for (let index = 0; index < count; index++) {
    loop.addTarget(index, targetAt(kind, port, index), schedule, Math.floor((index / count) * INTERVAL_US));
  }
  await rest(WARM_UP_MS);
  const [cpuBefore, before, startMs] = [threadCpuUs(), loop.counters(), performance.now()];
  await rest(MEASURE_MS);
  const [cpuAfter, after, elapsedMs] = [threadCpuUs(), loop.counters(), performance.now() - startMs];
  const health = loop.health();
  loop.close();
  const usedUs = [...cpuAfter].map(([id, us]) => ({ id, us: us - (cpuBefore.get(id) ?? 0) }));
  const probeUs = usedUs.filter(({ id }) => !threadsBefore.has(id)).reduce((sum, { us }) => sum + us, 0);
  const allUs = usedUs.reduce((sum, { us }) => sum + us, 0);
  const probes = after.succeeded - before.succeeded;
  return {
    probesPerSec: (probes / elapsedMs) * 1_000,
    cpuPerProbeUs: probeUs / probes,
    otherThreadsPerProbeUs: (allUs - probeUs) / probes,
    tickLatenessP99Us: health.lateness.p99Us,
    wrongResults: reported + after.failed,
  };
}

function whyNot(kind: Kind, subject: Subject): string | null {
  if (kind !== "tcp" && process.getuid?.() !== 0) return "needs root for its raw socket";
  return subject === "floor" ? whyNoFloor() : null;
}

function addonCase(kind: Kind, targets: readonly number[], what: string): BenchCase {
  return {
    name: `addon-${kind}`,
    meaning: `the addon alone: ${what}; from /proc/self/task/*/schedstat; floor: bare system calls at the same rate`,
    variants: targets.map((count) => `targets=${count}`),
    smoke: "targets=50",
    subjects: ["holdfast", "floor"],
    whyNot: (subject) => whyNot(kind, subject),
    run: (subject, variant) => trial(kind, subject, variant),
  };
}

export const ADDON_TCP: BenchCase = addonCase(
  "tcp",
  [1_000, 5_000],
  "full TCP connects to a listening socket over the loopback device, so that the CPU time holds both ends of the handshake",
);

export const ADDON_ICMP: BenchCase = addonCase(
  "icmp",
  [1_000, 5_000],
  "echo requests over the loopback device, whose kernel answers in the sender's own time",
);

export const ADDON_SYN: BenchCase = addonCase(
  "syn",
  [5_000, 40_000],
  "half-open probes of a listening socket over the loopback device, so that the CPU time holds both ends",
);
