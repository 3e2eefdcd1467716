import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { createProber, type ProbeTarget, probeTarget } from "holdfast";
import type { BenchCase, Sample } from "../case.ts";
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

function targetAt(kind: "tcp" | "icmp" | "syn", port: number, index: number): ProbeTarget {
  const address = `127.${1 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
  return probeTarget({ kind, address, port: kind === "icmp" ? 0 : port, timeoutUs: TIMEOUT_US });
}

async function trial(kind: "tcp" | "icmp" | "syn", count: number): Promise<Sample> {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, "0.0.0.0");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const threadsBefore = new Set(readdirSync("/proc/self/task"));
  let reported = 0;
  const loop = createProber((events) => {
    reported += events.length;
  });
  const schedule = { expected: "success", intervalUs: INTERVAL_US, unexpectedIntervalUs: INTERVAL_US } as const;
  for (let index = 0; index < count; index++) {
    loop.addTarget(index, targetAt(kind, address.port, index), schedule, Math.floor((index / count) * INTERVAL_US));
  }
  await rest(WARM_UP_MS);
  const [cpuBefore, before, startMs] = [threadCpuUs(), loop.counters(), performance.now()];
  await rest(MEASURE_MS);
  const [cpuAfter, after, elapsedMs] = [threadCpuUs(), loop.counters(), performance.now() - startMs];
  const health = loop.health();
  loop.close();
  server.close();
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

export const ADDON_TCP: BenchCase = {
  name: "addon-tcp",
  meaning:
    "the addon alone: full TCP connects to a listening socket over the loopback device, so that the CPU time holds both ends of the handshake; from /proc/self/task/*/schedstat",
  variants: ["targets=1000", "targets=5000"],
  smoke: "targets=50",
  subjects: ["holdfast"],
  whyNot: () => null,
  run: (_subject, variant) => trial("tcp", Number(variant.split("=")[1])),
};

export const ADDON_ICMP: BenchCase = {
  name: "addon-icmp",
  meaning:
    "the addon alone: echo requests over the loopback device, whose kernel answers in the sender's own time; from /proc/self/task/*/schedstat",
  variants: ["targets=1000", "targets=5000"],
  smoke: "targets=50",
  subjects: ["holdfast"],
  whyNot: () => (process.getuid?.() === 0 ? null : "needs root for its raw socket"),
  run: (_subject, variant) => trial("icmp", Number(variant.split("=")[1])),
};

export const ADDON_SYN: BenchCase = {
  name: "addon-syn",
  meaning:
    "the addon alone: half-open probes of a listening socket over the loopback device, so that the CPU time holds both ends; from /proc/self/task/*/schedstat",
  variants: ["targets=5000", "targets=40000"],
  smoke: "targets=50",
  subjects: ["holdfast"],
  whyNot: () => (process.getuid?.() === 0 ? null : "needs root for its raw socket"),
  run: (_subject, variant) => trial("syn", Number(variant.split("=")[1])),
};
