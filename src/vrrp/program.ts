import { boundInterface } from "../model/bound-interface.ts";
import type {
  AdvertFacts,
  VrrpGroupTrigger,
  VrrpPhaseName,
  VrrpPlan,
  VrrpProgram,
  VrrpTrigger,
} from "../native/contract.ts";
import { step } from "./machine.ts";
import { armActiveDown, effectivePriority, electedRouter, stalledAfterUs } from "./timers.ts";
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
  "session-lost",
  "stalled",
  "group-active",
  "group-backup",
  "group-fault",
  "group-announce",
];

/** Stands for any advert: what the machine has the loop do never depends on more than its class. */
const SAMPLE: AdvertFacts = { source: "0.0.0.0", priority: 1, intervalUs: 1_000_000 };

/** Which plans are in force in a state. In `idle` the loop does and says nothing. */
export function phaseOf(state: VrrpState): VrrpPhaseName {
  if (state.kind === "active" || state.kind === "adopting") return state.kind;
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
      return router.ignoresOwnInterface || router.isLinkLossDelayed === true
        ? null
        : { kind: "fault-raised", reason: interfaceDown(boundInterface(router) ?? "") };
    case "lease-lapsed":
      return { kind: "fault-raised", reason: "lease lapsed" };
    case "session-lost":
      // Which one it is, the session's own report tells.
      return { kind: "fault-raised", reason: "tracked BFD session down" };
    case "stalled":
      return stalledAfterUs(router) === null ? null : { kind: "stalled" };
    case "group-fault":
      return router.group === undefined ? null : { kind: "fault-raised", reason: "sync group" };
    case "group-active":
    case "group-backup":
    case "group-announce":
      return router.group === undefined ? null : { kind: trigger };
    default: {
      if (router.priority === 255 && router.ownerIgnoresAdverts === true) return null;
      return { kind: "advert", class: trigger, advert: advert ?? SAMPLE };
    }
  }
}

/**
 * Runs the machine ahead of time from `state`: for every trigger, in every phase that a chain of
 * triggers can reach, what the loop shall do without asking.
 */
export function deriveProgram(router: VirtualRouter, state: VrrpState): VrrpProgram {
  const plans: Record<VrrpPhaseName, readonly VrrpPlan[]> = {
    idle: [],
    adopting: [],
    backup: [],
    held: [],
    active: [],
  };
  const ignored: Record<VrrpPhaseName, readonly VrrpTrigger[]> = {
    idle: TRIGGERS,
    adopting: TRIGGERS,
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
  return {
    ownPriority: effectivePriority(electedRouter(router, state), state.weight),
    phase: phaseOf(state),
    stalledAfterUs: stalledAfterUs(router),
    plans,
    ignored,
  };
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
      ...groupPart(router, trigger, state, result),
    };
    return [{ plan, after: result.state }];
  });
}

/** keepalived: a sync group moves together, and becomes active only when all members wish it. */
function groupPart(
  router: VirtualRouter,
  trigger: VrrpTrigger,
  before: VrrpState,
  result: Step,
): Pick<VrrpPlan, "whileOthersWait" | "pulls"> {
  if (router.group === undefined || trigger.startsWith("group-")) return { whileOthersWait: null, pulls: null };
  const pulls = pulledBy(before, result);
  // keepalived: a member that has to wait restarts its full timer.
  const wait = pulls === "group-active" ? [armActiveDown(router, before.weight, "last")] : null;
  return { whileOthersWait: wait, pulls };
}

function pulledBy(before: VrrpState, { state: after, effects }: Step): VrrpGroupTrigger | null {
  if (after.kind !== before.kind) {
    if (after.kind === "active") return "group-active";
    if (after.kind === "backup") return "group-backup";
    return after.kind === "fault" ? "group-fault" : null;
  }
  return effects.some((effect) => effect.kind === "announce") ? "group-announce" : null;
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
