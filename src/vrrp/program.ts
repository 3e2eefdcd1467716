import type { AdvertFacts, VrrpPhaseName, VrrpPlan, VrrpProgram, VrrpTrigger } from "../native/contract.ts";
import { step } from "./machine.ts";
import { effectivePriority } from "./timers.ts";
import { actionsOf, interfaceDown, type RouterEvent, type Step, type VirtualRouter, type VrrpState } from "./types.ts";

export const TRIGGERS: readonly VrrpTrigger[] = [
  "active-down",
  "adver",
  "priority-zero",
  "higher-priority",
  "equal-priority-higher-address",
  "equal-priority-lower-address",
  "equal-priority-own-address",
  "lower-priority",
  "link-lost",
  "lease-lapsed",
];

/** Stands for any advert: what the machine has the loop do never depends on more than its class. */
const SAMPLE: AdvertFacts = { source: "0.0.0.0", priority: 1, intervalUs: 1_000_000 };

/** Which plans are in force in a state. In `idle` the loop does and says nothing. */
export function phaseOf(state: VrrpState): VrrpPhaseName {
  if (state.kind === "active") return "active";
  if (state.kind !== "backup" || state.isStartupDelayed) return "idle";
  return state.preemptDelay === "pending" || state.preemptDelay === "counting" ? "held" : "backup";
}

/** What a trigger of the loop means to the machine; null where the router does not care. */
export function triggerEvent(
  router: VirtualRouter,
  trigger: VrrpTrigger,
  advert: AdvertFacts | null,
): RouterEvent | null {
  switch (trigger) {
    case "active-down":
    case "adver":
      return { kind: trigger };
    case "link-lost":
      return router.ignoresOwnInterface ? null : { kind: "fault-raised", reason: interfaceDown(router.interfaceName) };
    case "lease-lapsed":
      return { kind: "fault-raised", reason: "lease lapsed" };
    default:
      return { kind: "advert", class: trigger, advert: advert ?? SAMPLE };
  }
}

/**
 * Runs the machine ahead of time from `state`: for every trigger, in every phase that a chain of
 * triggers can reach, what the loop shall do without asking.
 */
export function deriveProgram(router: VirtualRouter, state: VrrpState): VrrpProgram {
  const plans: Record<VrrpPhaseName, readonly VrrpPlan[]> = { idle: [], backup: [], held: [], active: [] };
  const ignored: Record<VrrpPhaseName, readonly VrrpTrigger[]> = {
    idle: TRIGGERS,
    backup: TRIGGERS,
    held: TRIGGERS,
    active: TRIGGERS,
  };
  const visited = new Set<VrrpPhaseName>(["idle"]);
  const queue: VrrpState[] = [state];
  for (let from = queue.shift(); from !== undefined; from = queue.shift()) {
    const phase = phaseOf(from);
    if (visited.has(phase)) continue;
    visited.add(phase);
    const outcomes = planPhase(router, from);
    plans[phase] = outcomes.map((outcome) => outcome.plan);
    ignored[phase] = TRIGGERS.filter((trigger) => !plans[phase].some((plan) => plan.trigger === trigger));
    queue.push(...outcomes.map((outcome) => outcome.after));
  }
  return { ownPriority: effectivePriority(router, state.weight), phase: phaseOf(state), plans, ignored };
}

interface Outcome {
  readonly plan: VrrpPlan;
  readonly after: VrrpState;
}

function planPhase(router: VirtualRouter, state: VrrpState): readonly Outcome[] {
  return TRIGGERS.flatMap((trigger) => {
    const event = triggerEvent(router, trigger, null);
    if (event === null) return [];
    const result = step(router, state, event);
    if (result.effects.length === 0 && isSameButLearned(state, result.state)) return [];
    const plan: VrrpPlan = {
      trigger,
      actions: actionsOf(result.effects),
      next: phaseOf(result.state),
      isReported: mustBeReported(state, result),
    };
    return [{ plan, after: result.state }];
  });
}

/**
 * A change that the control loop takes part in. The rest is left to "heard", which says what an
 * advert taught and is not repeated for every packet.
 */
function mustBeReported(before: VrrpState, result: Step): boolean {
  const takesPart = result.effects.some(
    (effect) => effect.kind === "notify" || effect.kind === "start-timer" || effect.kind === "stop-timer",
  );
  return takesPart || !isSameButLearned(before, result.state);
}

/** True when the states differ at most in what was learned from adverts. */
export function isSameButLearned(left: VrrpState, right: VrrpState): boolean {
  return JSON.stringify(withoutLearned(left)) === JSON.stringify(withoutLearned(right));
}

function withoutLearned(state: VrrpState): VrrpState {
  return state.kind === "backup" ? { ...state, activeAdverIntervalUs: 0, activeRouter: null } : state;
}
