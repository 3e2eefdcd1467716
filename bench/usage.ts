import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

const LOOK_EVERY_MS = 20;
/** A tenth of a core. */
const QUIET_SHARE = 0.1;
const QUIET_MS = 500;

/** CPU time of all threads of the processes, from schedstat, in microseconds. */
export function cpuUsOf(pids: readonly number[]): number {
  return sum(pids.flatMap((pid) => readdirSync(`/proc/${pid}/task`).map((id) => threadCpuUs(pid, id))));
}

/**
 * Waits until the processes have used less than a tenth of a core for half a second.
 * @returns from now to when that began, and the CPU time used meanwhile
 */
export async function untilQuiet(
  pids: readonly number[],
  timeoutMs: number,
): Promise<{ readonly wallMs: number; readonly cpuMs: number }> {
  const startMs = performance.now();
  const startUs = cpuUsOf(pids);
  let busy = { atMs: startMs, cpuUs: startUs };
  let last = busy;
  while (performance.now() - busy.atMs < QUIET_MS) {
    if (performance.now() - startMs > timeoutMs) throw new Error("it never becomes quiet");
    await pause(LOOK_EVERY_MS);
    const now = { atMs: performance.now(), cpuUs: cpuUsOf(pids) };
    if (now.cpuUs - last.cpuUs > QUIET_SHARE * 1_000 * (now.atMs - last.atMs)) busy = now;
    last = now;
  }
  return { wallMs: busy.atMs - startMs, cpuMs: (busy.cpuUs - startUs) / 1_000 };
}

/** Resident memory; pages that several processes share count for each of them. */
export function rssMiBOf(pids: readonly number[]): number {
  return sum(pids.map((pid) => kibibytes(`/proc/${pid}/status`, "VmRSS"))) / 1_024;
}

/** Proportional share: pages that several processes share are divided among them. */
export function pssMiBOf(pids: readonly number[]): number {
  return sum(pids.map((pid) => kibibytes(`/proc/${pid}/smaps_rollup`, "Pss"))) / 1_024;
}

function threadCpuUs(pid: number, thread: string): number {
  return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]) / 1_000;
}

/** Open file descriptors, those of sockets among them. */
export function descriptorsOf(pids: readonly number[]): number {
  return sum(pids.map((pid) => readdirSync(`/proc/${pid}/fd`).length));
}

function kibibytes(path: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(readFileSync(path, "utf8"))?.[1] ?? 0);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
