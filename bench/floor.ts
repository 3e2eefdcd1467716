import { runOk } from "../test/helpers/process.ts";
import { findProgram } from "../test/helpers/repository.ts";
import type { Sample } from "./case.ts";
import { compiled } from "./compiled.ts";
import { scaledMs } from "./scale.ts";

export interface FloorOptions {
  readonly kind: "tcp" | "icmp" | "syn";
  /** Each is asked once a second. */
  readonly targets: number;
  /** Where something listens on all addresses of the loopback device. */
  readonly port: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** @returns why it can't run here, or null */
export function whyNoFloor(): string | null {
  return findProgram("c++") === null ? "needs a C++ compiler" : null;
}

/** What the kernel alone costs: bare system calls at the same rate, by `programs/floor.cc`. */
export async function measureFloor({ kind, targets, port, warmUpMs, measureMs }: FloorOptions): Promise<Sample> {
  const words = ["c++", "-std=c++20", "-O2", "-Wall"];
  const program = compiled({ source: "programs/floor.cc", name: "floor", words });
  const times = [scaledMs(warmUpMs), scaledMs(measureMs)];
  const output = await runOk([program, kind, ...[targets, port, ...times].map(String)]);
  return JSON.parse(output.trim().split("\n").at(-1) ?? "{}");
}
