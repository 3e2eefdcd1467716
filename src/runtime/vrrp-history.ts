import type { Microseconds } from "../model/units.ts";
import type { VrrpLoop } from "../native/contract.ts";
import type { TransitionCause } from "../vrrp/cause.ts";
import { step } from "../vrrp/machine.ts";
import { type RecordedCounts, Recorder, TransitionCounter } from "../vrrp/recording.ts";
import { type ControlEffect, type RouterEvent, shownState, type VrrpState } from "../vrrp/types.ts";
import type { RunningRouter } from "./vrrp-orders.ts";
import type { VrrpInstanceSnapshot, VrrpStateChange, VrrpStateName } from "./vrrp-types.ts";

/** Enough for several changes of state with what led to them. */
const RECORDED_STEPS = 200;

/** What one instance has been through: its state as told to the outside, counts, and the last steps. */
export class InstanceHistory {
  readonly #loop: VrrpLoop;
  /** By which the loop knows it. */
  readonly #instance: number;
  /** The book may be a step ahead. */
  #told: VrrpStateName = "initialize";
  #sinceUs: Microseconds;
  #becameActive = 0;
  #releasedActive = 0;
  #activeCause: TransitionCause | null = null;
  readonly #recorder = new Recorder(RECORDED_STEPS);
  readonly #transitions = new TransitionCounter();

  constructor(instance: number, loop: VrrpLoop, nowUs: Microseconds) {
    this.#instance = instance;
    this.#loop = loop;
    this.#sinceUs = nowUs;
  }

  get told(): VrrpStateName {
    return this.#told;
  }

  /** Of the state that was told last. */
  get sinceUs(): Microseconds {
    return this.#sinceUs;
  }

  /** Notes a change of state. @returns what is to be told of it */
  move(
    instance: string,
    effect: Extract<ControlEffect, { kind: "notify" }>,
    isDeleted: boolean,
    atUs: Microseconds,
  ): VrrpStateChange {
    const from = effect.from === "adopting" ? "initialize" : effect.from;
    const cause = this.#causeOf(effect.to);
    if (effect.to === "active") {
      this.#becameActive += 1;
      this.#activeCause = cause;
    }
    if (from === "active") this.#releasedActive += 1;
    this.#told = effect.to === "stop" || effect.to === "adopting" ? "initialize" : effect.to;
    this.#sinceUs = atUs;
    const to = effect.to === "stop" ? (isDeleted ? "deleted" : "stop") : this.#told;
    return { instance, from, to, priority: effect.priority, cause, atUs };
  }

  /** A step that became a fact. */
  record(config: RunningRouter, before: VrrpState, event: RouterEvent, atUs: Microseconds): void {
    const after = step(config, before, event).state;
    this.#transitions.add(shownState(before), event, shownState(after));
    const counts = after.kind === before.kind ? null : this.#counts();
    this.#recorder.add({ atUs, before, event, basePriority: config.priority, counts });
  }

  snapshot(): Pick<
    VrrpInstanceSnapshot,
    "state" | "sinceUs" | "becameActive" | "releasedActive" | "activeCause" | "recording" | "transitions"
  > {
    return {
      state: this.#told,
      sinceUs: this.#sinceUs,
      becameActive: this.#becameActive,
      releasedActive: this.#releasedActive,
      activeCause: this.#activeCause,
      recording: this.#recorder.steps(),
      transitions: this.#transitions.counts(),
    };
  }

  /** A change is recorded before it is told, unless the loop's report of it was lost. */
  #causeOf(to: Extract<ControlEffect, { kind: "notify" }>["to"]): TransitionCause {
    const { last } = this.#transitions;
    if (to === "stop") return "shutdown";
    return last?.to === to ? last.cause : "other";
  }

  #counts(): RecordedCounts | null {
    const counters = this.#loop.counters(this.#instance);
    if (counters === null) return null;
    const { advertsSent, advertsReceived, dropped } = counters;
    return { advertsSent, advertsReceived, dropped, maxLatenessUs: this.#loop.health().lateness.maxUs };
  }
}
