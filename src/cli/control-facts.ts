import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import type { LatenessSummary } from "../native/contract.ts";
import type { LvsUsage } from "../runtime/lvs-types.ts";

const RESOLUTION_MS = 50;
const US_NS = 1000;
const SHORTEST_USAGE_AGE_MS = 1000;

/** How late timers of this thread fire. Measured by Node's own code: a tick runs no JavaScript. */
export class LoopLag {
  readonly #delays: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#delays.enable();
  }

  summary(): LatenessSummary {
    const { count } = this.#delays;
    // What Node tells is the time from tick to tick.
    const us = (ns: number): number => (count === 0 ? 0 : Math.max(0, Math.round(ns / US_NS - RESOLUTION_MS * 1000)));
    const { max } = this.#delays;
    return { count, p50Us: us(this.#delays.percentile(50)), p99Us: us(this.#delays.percentile(99)), maxUs: us(max) };
  }

  close(): void {
    this.#delays.disable();
  }
}

/** Many readers at a time cost the kernel one reading of its table a second. */
export function sharedUsage(read: () => Promise<LvsUsage | null>, nowMs: () => number): () => Promise<LvsUsage | null> {
  let atMs = Number.NEGATIVE_INFINITY;
  let last: Promise<LvsUsage | null> = Promise.resolve(null);
  return () => {
    if (nowMs() - atMs >= SHORTEST_USAGE_AGE_MS) {
      atMs = nowMs();
      last = read();
    }
    return last;
  };
}
