import type { TimeHistogram } from "../native/contract.ts";

/** Those of the native loops, so that one family of metrics has one set of buckets. */
export const TIME_BOUNDS_US: readonly number[] = [
  50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
  5_000_000, 10_000_000,
];

export const NO_TIMES: TimeHistogram = {
  boundsUs: TIME_BOUNDS_US,
  counts: [...TIME_BOUNDS_US.map(() => 0), 0],
  sumUs: 0,
};

/** Counts durations that are measured in JavaScript. */
export class TimeCounts {
  private readonly counts = [...NO_TIMES.counts];
  private sumUs = 0;

  record(us: number): void {
    const bucket = TIME_BOUNDS_US.findIndex((boundUs) => us <= boundUs);
    const index = bucket < 0 ? TIME_BOUNDS_US.length : bucket;
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.sumUs += us;
  }

  read(): TimeHistogram {
    return { boundsUs: TIME_BOUNDS_US, counts: [...this.counts], sumUs: this.sumUs };
  }
}

/** Of the same buckets. */
export function addTimes(one: TimeHistogram, other: TimeHistogram): TimeHistogram {
  const counts = one.counts.map((count, index) => count + (other.counts[index] ?? 0));
  return { boundsUs: one.boundsUs, counts, sumUs: one.sumUs + other.sumUs };
}
