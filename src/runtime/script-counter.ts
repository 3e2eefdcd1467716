import type { Microseconds } from "../model/units.ts";
import type { ProbeKindCounters } from "../native/contract.ts";

/** As those of the native loops. */
const BOUNDS_US: readonly Microseconds[] = [
  50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
  5_000_000, 10_000_000,
];

/** Counts runs of check scripts as the probe loop counts probes. */
export class ScriptCounter {
  readonly #counts = new Array<number>(BOUNDS_US.length + 1).fill(0);
  #sumUs = 0;
  #succeeded = 0;
  #failed = 0;
  #local = 0;

  ended(isSuccess: boolean, tookUs: Microseconds): void {
    const bound = BOUNDS_US.findIndex((end) => tookUs <= end);
    const bucket = bound === -1 ? BOUNDS_US.length : bound;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sumUs += tookUs;
    if (isSuccess) this.#succeeded += 1;
    else this.#failed += 1;
  }

  notStarted(): void {
    this.#local += 1;
  }

  counters(): ProbeKindCounters {
    return {
      succeeded: this.#succeeded,
      failed: this.#failed,
      local: this.#local,
      late: 0,
      latency: { boundsUs: BOUNDS_US, counts: [...this.#counts], sumUs: this.#sumUs },
    };
  }
}
