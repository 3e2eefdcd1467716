import type { CheckerTiming } from "../model/lvs.ts";
import type { Microseconds } from "../model/units.ts";
import type { ProbeResult, ProbeSchedule } from "../native/contract.ts";
import { type PolicyEffect, type PolicyState, pendingPolicy, SETTLED_DOWN, SETTLED_UP, stepPolicy } from "./policy.ts";

/** What a checker walks through: its urls are asked for one after the other. */
export interface UrlRoute {
  readonly timing: CheckerTiming;
  /** 1 or more. */
  readonly urls: number;
  /** `fast_recovery`: no pauses in a round that may bring a server up. */
  readonly recoversFast: boolean;
}

/** How far a walk has come. */
export interface UrlWalk {
  readonly policy: PolicyState;
  /** Asked for next. */
  readonly url: number;
  /** The server is down, and a url has passed since: once all of them have, in order, it is up. */
  readonly isRecovering: boolean;
}

export type WalkEffect =
  | Extract<PolicyEffect, { kind: "verdict" | "retry" }>
  /** A url passed while the server is not known to be up. */
  | { readonly kind: "url-passed"; readonly url: number }
  /** `restartUs`: null lets the running wait go on, with the same url; else `url` is asked for that long after the result. */
  | {
      readonly kind: "schedule";
      readonly schedule: ProbeSchedule;
      readonly url: number;
      readonly restartUs: Microseconds | null;
    };

export interface WalkStep {
  readonly state: UrlWalk;
  /** Executed in this order. */
  readonly effects: readonly WalkEffect[];
}

/** Shared like the states in them. */
const SETTLED_WALKS: ReadonlyMap<PolicyState, UrlWalk> = new Map(
  [SETTLED_UP, SETTLED_DOWN].map((policy) => [policy, { policy, url: 0, isRecovering: false }]),
);

/** At the first url. */
export function startWalk(policy: PolicyState = pendingPolicy(true)): UrlWalk {
  return SETTLED_WALKS.get(policy) ?? { policy, url: 0, isRecovering: false };
}

/**
 * What the probe loop does by itself. Only where the same url is asked for again after the expected result does a
 * settled state cost nothing.
 */
export function scheduleOfWalk(route: UrlRoute, state: UrlWalk): ProbeSchedule {
  const { policy, isRecovering } = state;
  // What is to come at once is started from here: the loop would ask for the old url again before it is told the next.
  const intervalUs = waitAfter(route, state, "success") || route.timing.delayLoopUs;
  const failureUs = waitAfter(route, state, "failure");
  if (policy.kind === "down" && !isRecovering) {
    return { expected: "failure", intervalUs: failureUs, unexpectedIntervalUs: intervalUs };
  }
  const isSettled = policy.kind === "up" && policy.failures === 0 && route.urls === 1;
  return { expected: isSettled ? "success" : "none", intervalUs, unexpectedIntervalUs: failureUs };
}

/**
 * One reported result.
 * @see keepalived 2.2.7, by the requests that a server saw of it: a url that failed is asked for again before the next;
 *   a server that is down has to pass a whole round, from the first url on, after the url that took it down has passed
 */
export function stepWalk(route: UrlRoute, state: UrlWalk, result: ProbeResult): WalkStep {
  return result === "success" ? onSuccess(route, state) : onFailure(route, state);
}

function onSuccess(route: UrlRoute, state: UrlWalk): WalkStep {
  const { policy, url } = state;
  const isAfterFailure = policy.kind === "down" && !state.isRecovering;
  const isLast = url + 1 >= route.urls;
  const next = isAfterFailure || isLast ? 0 : url + 1;
  const passed: readonly WalkEffect[] = policy.kind === "up" ? [] : [{ kind: "url-passed", url }];
  if (policy.kind === "up" || (isLast && !isAfterFailure)) {
    const step = stepPolicy(route.timing, policy, "success");
    const verdicts = step.effects.filter(({ kind }) => kind === "verdict");
    const to: UrlWalk = { policy: step.state, url: next, isRecovering: false };
    return moved(route, state, to, "success", [...passed, ...withoutSchedules(verdicts)]);
  }
  const kept: PolicyState = policy.kind === "pending" ? { ...policy, failures: 0 } : policy;
  const to: UrlWalk = { policy: kept, url: next, isRecovering: policy.kind === "down" };
  return moved(route, state, to, "success", passed);
}

function onFailure(route: UrlRoute, state: UrlWalk): WalkStep {
  if (state.policy.kind === "down") return moved(route, state, state, "failure", []);
  const step = stepPolicy(route.timing, state.policy, "failure");
  const to: UrlWalk = { policy: step.state, url: state.url, isRecovering: false };
  return moved(route, state, to, "failure", withoutSchedules(step.effects));
}

function withoutSchedules(effects: readonly PolicyEffect[]): readonly WalkEffect[] {
  return effects.flatMap((effect) => (effect.kind === "schedule" ? [] : [effect]));
}

/** The probe loop waits by the schedule of the old state, and asks for the url of the old state. */
function moved(
  route: UrlRoute,
  from: UrlWalk,
  to: UrlWalk,
  result: ProbeResult,
  effects: readonly WalkEffect[],
): WalkStep {
  const before = scheduleOfWalk(route, from);
  const running = before.expected === result ? before.intervalUs : before.unexpectedIntervalUs;
  const wanted = waitAfter(route, from, result);
  const restartUs = running === wanted && from.url === to.url ? null : wanted;
  return {
    state: to,
    effects: [...effects, { kind: "schedule", schedule: scheduleOfWalk(route, to), url: to.url, restartUs }],
  };
}

/** From the end of a check in this state to the next one. */
function waitAfter(
  { timing, urls, recoversFast }: UrlRoute,
  { policy, url, isRecovering }: UrlWalk,
  result: ProbeResult,
): Microseconds {
  const { delayLoopUs, delayBeforeRetryUs, retries } = timing;
  if (result === "success") {
    // Nothing is hurried once the round has brought the server up.
    const endsRound = url + 1 >= urls && (policy.kind === "pending" || isRecovering);
    return recoversFast && policy.kind !== "up" && !endsRound ? 0 : delayLoopUs;
  }
  // keepalived asks at once with fast_recovery, again and again.
  if (isRecovering) return delayBeforeRetryUs;
  const isDecided =
    policy.kind === "down" || (policy.kind === "pending" && policy.isDecidedAtOnce) || policy.failures >= retries;
  if (!isDecided) return delayBeforeRetryUs;
  return timing.downDelayLoopUs ?? Math.max(delayLoopUs, delayBeforeRetryUs);
}
