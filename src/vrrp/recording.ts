import type { Microseconds } from "../model/units.ts";
import type { RouterEvent, VrrpState } from "./types.ts";

/** Counts at the time of a step, since the start. */
export interface RecordedCounts {
  readonly advertsSent: number;
  readonly advertsReceived: number;
  /** By reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** The most that a timer of the own loop was ever late. */
  readonly maxLatenessUs: Microseconds;
}

/** A step that became a fact. `step(router, before, event)` gives what came of it, so a recording replays. */
export interface RecordedStep {
  readonly atUs: Microseconds;
  readonly before: VrrpState;
  readonly event: RouterEvent;
  /** For steps that changed the state, null for others. */
  readonly counts: RecordedCounts | null;
}

/** The last steps of an instance. */
export class Recorder {
  readonly #capacity: number;
  #steps: RecordedStep[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(step: RecordedStep): void {
    this.#steps.push(step);
    if (this.#steps.length >= 2 * this.#capacity) this.#steps = this.#steps.slice(-this.#capacity);
  }

  /** Oldest first; a copy. */
  steps(): readonly RecordedStep[] {
    return this.#steps.slice(-this.#capacity);
  }
}
