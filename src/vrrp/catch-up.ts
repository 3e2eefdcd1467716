import type { VrrpPhaseName } from "../native/contract.ts";
import { phaseOf } from "./program.ts";
import { becomeActive, becomeBackup, becomeFault } from "./transitions.ts";
import { isControlEffect, type Step, type VirtualRouter, type VrrpEffect, type VrrpState } from "./types.ts";

/**
 * The state of a router whose reports were lost and whose loop is found in `phase`. Whatever led
 * there has been carried out, so only the effects of the control loop are returned.
 */
export function catchUp(router: VirtualRouter, state: VrrpState, phase: VrrpPhaseName): Step {
  if (phaseOf(state) === phase) return { state, effects: [] };
  const { state: found, effects } = enter(router, state, phase);
  return { state: found, effects: effects.filter(isTold) };
}

function enter(router: VirtualRouter, state: VrrpState, phase: VrrpPhaseName): Step {
  switch (phase) {
    case "active":
      return becomeActive(router, state);
    case "idle":
      return becomeFault(router, state, ["lease lapsed"], false);
    case "adopting":
      return { state, effects: [] };
    case "backup":
    case "held":
      return enterBackup(router, state, phase);
  }
}

function enterBackup(router: VirtualRouter, from: VrrpState, phase: "backup" | "held"): Step {
  const options = { isInitial: false, advert: null, timer: null, priorityZeros: 0 };
  const { state, effects } = becomeBackup(router, from, options);
  const isPassed = phase === "backup" && state.kind === "backup" && state.preemptDelay === "pending";
  const found: VrrpState = isPassed ? { ...state, preemptDelay: "passed" } : state;
  return { state: found, effects: from.kind === "backup" ? [] : effects };
}

function isTold(effect: VrrpEffect): boolean {
  return isControlEffect(effect) && (effect.kind !== "note" || effect.message === "state change");
}
