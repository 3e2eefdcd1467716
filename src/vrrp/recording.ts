import type { Microseconds } from "../model/units.ts";
import { ownCause, type TransitionCause, transitionCause } from "./cause.ts";
import type { AdvertClass, RouterEvent, StateName, VrrpState } from "./types.ts";

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
  /** That the configuration of that time gave, 1..255; a reload may have changed it since. */
  readonly basePriority: number;
  /** For steps that changed the state, null for others. */
  readonly counts: RecordedCounts | null;
}

/** How often an instance went from one state to another for one cause. */
export interface TransitionCount {
  readonly from: StateName;
  readonly to: StateName;
  readonly cause: TransitionCause;
  readonly count: number;
}

export interface LastTransition {
  readonly to: StateName;
  /** As `ownCause` has it. */
  readonly cause: TransitionCause;
}

/** Counts changes of state by cause. */
export class TransitionCounter {
  readonly #counts = new Map<string, TransitionCount>();
  #heard: AdvertClass | null = null;
  #last: LastTransition | null = null;

  /** Null before the first one. */
  get last(): LastTransition | null {
    return this.#last;
  }

  add(from: StateName, event: RouterEvent, to: StateName): void {
    if (event.kind === "advert") this.#heard = event.class;
    if (from === to) return;
    const cause = transitionCause(event, this.#heard);
    const key = `${from} ${to} ${cause}`;
    this.#last = { to, cause: ownCause(event, this.#heard) };
    this.#counts.set(key, { from, to, cause, count: (this.#counts.get(key)?.count ?? 0) + 1 });
    this.#heard = null;
  }

  counts(): readonly TransitionCount[] {
    return [...this.#counts.values()];
  }
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
