import type { CheckerTiming } from "../model/lvs.ts";
import type { Microseconds } from "../model/units.ts";
import type { ProbeResult, ProbeSchedule } from "../native/contract.ts";

/**
 * What is known of one target. `failures` counts failures in a row that have not decided anything yet.
 */
export type PolicyState =
  /** No verdict yet. With `isDecidedAtOnce` the first result is the verdict, without retries. */
  | { readonly kind: "pending"; readonly isDecidedAtOnce: boolean; readonly failures: number }
  | { readonly kind: "up"; readonly failures: number }
  | { readonly kind: "down" };

/** Most targets are in one of these two: they share them, and hold no state of their own. */
export const SETTLED_UP: PolicyState = { kind: "up", failures: 0 };
export const SETTLED_DOWN: PolicyState = { kind: "down" };

export type PolicyEffect =
  /** `retries` failures came before the deciding one and were retried. */
  | { readonly kind: "verdict"; readonly isUp: boolean; readonly isFirst: boolean; readonly retries: number }
  /** A failure that will be retried; the `retry`-th. */
  | { readonly kind: "retry"; readonly retry: number }
  /**
   * `restartUs`: null lets the running wait go on; else the probing starts afresh that long after
   * the result.
   */
  | { readonly kind: "schedule"; readonly schedule: ProbeSchedule; readonly restartUs: Microseconds | null };

export interface PolicyStep {
  readonly state: PolicyState;
  /** Executed in this order. */
  readonly effects: readonly PolicyEffect[];
}

/** Servers known from the start are judged by their first result; those that a reload brings are not. */
export function pendingPolicy(isDecidedAtOnce: boolean): PolicyState {
  return { kind: "pending", isDecidedAtOnce, failures: 0 };
}

/**
 * What the probe loop has to do and to report in a state: a settled state expects its own result, so
 * it costs nothing; while failures are being counted every result is reported.
 */
export function scheduleFor(timing: CheckerTiming, state: PolicyState): ProbeSchedule {
  const { delayLoopUs: intervalUs, delayBeforeRetryUs, downDelayLoopUs = intervalUs } = timing;
  switch (state.kind) {
    case "down":
      return { expected: "failure", intervalUs: downDelayLoopUs, unexpectedIntervalUs: intervalUs };
    case "up":
      return {
        expected: state.failures === 0 ? "success" : "none",
        intervalUs,
        unexpectedIntervalUs: isLastAttempt(timing, state.failures) ? downDelayLoopUs : delayBeforeRetryUs,
      };
    case "pending": {
      const isDeciding = state.isDecidedAtOnce || isLastAttempt(timing, state.failures);
      return { expected: "none", intervalUs, unexpectedIntervalUs: isDeciding ? downDelayLoopUs : delayBeforeRetryUs };
    }
  }
}

/**
 * One reported result. Results that a settled state expects, which arrive when a change of schedule
 * was still on its way, change nothing.
 * @see behaviour of keepalived's checkers: first result without retries, then `retry` further
 *   failures bring a server down and one success brings it up
 */
export function stepPolicy(timing: CheckerTiming, state: PolicyState, result: ProbeResult): PolicyStep {
  return result === "success" ? onSuccess(timing, state) : onFailure(timing, state);
}

function onSuccess(timing: CheckerTiming, state: PolicyState): PolicyStep {
  if (state.kind === "up" && state.failures === 0) return { state, effects: [] };
  const next = SETTLED_UP;
  const effects: PolicyEffect[] = [];
  if (state.kind !== "up") {
    effects.push({ kind: "verdict", isUp: true, isFirst: state.kind === "pending", retries: 0 });
  }
  const waitsUs = scheduleFor(timing, state).unexpectedIntervalUs;
  effects.push({
    kind: "schedule",
    schedule: scheduleFor(timing, next),
    restartUs: waitsUs === timing.delayLoopUs ? null : timing.delayLoopUs,
  });
  return { state: next, effects };
}

function onFailure(timing: CheckerTiming, state: PolicyState): PolicyStep {
  if (state.kind === "down") return { state, effects: [] };
  const isFirst = state.kind === "pending";
  if ((isFirst && state.isDecidedAtOnce) || isLastAttempt(timing, state.failures)) {
    const next = SETTLED_DOWN;
    return {
      state: next,
      effects: [
        { kind: "verdict", isUp: false, isFirst, retries: state.failures },
        { kind: "schedule", schedule: scheduleFor(timing, next), restartUs: null },
      ],
    };
  }
  const next: PolicyState = { ...state, failures: state.failures + 1 };
  return {
    state: next,
    effects: [
      { kind: "retry", retry: next.failures },
      { kind: "schedule", schedule: scheduleFor(timing, next), restartUs: null },
    ],
  };
}

/** Whether one more failure decides. */
function isLastAttempt(timing: CheckerTiming, failures: number): boolean {
  return failures >= timing.retries;
}
