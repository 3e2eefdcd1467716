import { readdirSync, readFileSync } from "node:fs";

/** CPU time of all threads of the processes, from schedstat, in microseconds. */
export function cpuUsOf(pids: readonly number[]): number {
  return sum(pids.flatMap((pid) => readdirSync(`/proc/${pid}/task`).map((id) => threadCpuUs(pid, id))));
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

function kibibytes(path: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(readFileSync(path, "utf8"))?.[1] ?? 0);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
