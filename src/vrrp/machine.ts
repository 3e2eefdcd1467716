import type { AdvertFacts, VrrpAction } from "../native/contract.ts";
import { stepActive } from "./step-active.ts";
import { stepBackup } from "./step-backup.ts";
import { armActiveDown, armAdoption, armSkew, effectivePriority, electedRouter, shiftActiveDown } from "./timers.ts";
import {
  becomeActive,
  becomeBackup,
  becomeFault,
  becomeInitialize,
  enterService,
  fail,
  followToActive,
  note,
  showChange,
  startsActive,
  stay,
} from "./transitions.ts";
import type {
  AdoptingState,
  FaultReason,
  FaultState,
  InitializeState,
  RouterEvent,
  Step,
  VirtualRouter,
  VrrpState,
} from "./types.ts";

/**
 * One VRRP instance: one event in, the new state and ordered effects out.
 * @see RFC 9568 §6.4, RFC 3768 §6.4
 */
export function step(router: VirtualRouter, state: VrrpState, event: RouterEvent): Step {
  if (event.kind === "weight") return stepWeight(router, state, event.weight);
  if (event.kind === "effect-failed") {
    const { action, errno, reason, address } = event;
    return stay(state, fail("effect failed", { action, errno, reason, address }));
  }
  switch (state.kind) {
    case "initialize":
      return stepInitialize(router, state, event);
    case "adopting":
      return stepAdopting(router, state, event);
    case "backup":
      return stepBackup(router, state, event);
    case "active":
      return stepActive(electedRouter(router, state), state, event);
    case "fault":
      return stepFault(router, state, event);
  }
}

/** §6.4.1. */
function stepInitialize(router: VirtualRouter, state: InitializeState, event: RouterEvent): Step {
  switch (event.kind) {
    case "startup": {
      const delayed: InitializeState = { ...state, isStartupDelayed: event.isDelayed };
      if (state.reasons.length > 0) return becomeFault(router, delayed, state.reasons, true);
      return enterService(router, delayed, true);
    }
    case "adopt":
      if (startsActive(router, true) && !event.isHeldBack) return enterService(router, state, true);
      return {
        state: { kind: "adopting", weight: state.weight, isStartupDelayed: false, isHeldBack: event.isHeldBack },
        effects: [note("adopting addresses"), armAdoption(router, state.weight)],
      };
    case "fault-raised":
      return stay({ ...state, reasons: withReason(state.reasons, event.reason) });
    case "fault-cleared":
      return stay({ ...state, reasons: state.reasons.filter((reason) => reason !== event.reason) });
    default:
      return stay(state);
  }
}

/** Not in the RFC: silence means that nobody took over, and anything else that somebody did. */
function stepAdopting(router: VirtualRouter, state: AdoptingState, event: RouterEvent): Step {
  const yieldWith = (timer: VrrpAction, advert: AdvertFacts | null): Step =>
    becomeBackup(router, state, { isInitial: true, advert, timer, priorityZeros: 0 });
  switch (event.kind) {
    case "released":
      return stay({ ...state, isHeldBack: false });
    case "active-down":
      return state.isHeldBack ? stay(state, armAdoption(router, state.weight)) : becomeActive(router, state);
    case "group-active":
      return state.isHeldBack ? stay(state) : followToActive(router, state);
    case "advert": {
      const isGoodBye = event.class === "priority-zero";
      const arm = isGoodBye ? armSkew : armActiveDown;
      return yieldWith(arm(router, state.weight, "advert"), isGoodBye ? null : event.advert);
    }
    case "group-backup":
      return yieldWith(armActiveDown(router, state.weight, "rule"), null);
    case "fault-raised":
      return becomeFault(router, state, [event.reason], true);
    case "shutdown":
      return becomeInitialize(router, state, event.isSilent);
    default:
      return stay(state);
  }
}

/** keepalived: adverts are ignored and no timer runs. */
function stepFault(router: VirtualRouter, state: FaultState, event: RouterEvent): Step {
  switch (event.kind) {
    case "fault-raised": {
      const after: FaultState = { ...state, reasons: withReason(state.reasons, event.reason) };
      return stay(after, ...showChange(router, state, after));
    }
    case "fault-cleared": {
      const reasons = state.reasons.filter((reason) => reason !== event.reason);
      if (reasons.length === 0) return returnToService(router, state);
      const after: FaultState = { ...state, reasons };
      return stay(after, ...showChange(router, state, after));
    }
    case "startup-delay-expired":
      return stay({ ...state, isStartupDelayed: false });
    case "shutdown":
      return becomeInitialize(router, state, event.isSilent);
    default:
      return stay(state);
  }
}

/** keepalived: peers of unicast may have forgotten where this router is, so they are told. */
function returnToService(router: VirtualRouter, state: FaultState): Step {
  const entered = enterService(router, state, false);
  const isUnicast = (router.unicastPeers ?? []).length > 0 && router.interfaceName !== "";
  return isUnicast ? { ...entered, effects: [...entered.effects, { kind: "announce-source" }] } : entered;
}

function withReason(reasons: readonly FaultReason[], reason: FaultReason): readonly FaultReason[] {
  return reasons.includes(reason) ? reasons : [...reasons, reason];
}

/** keepalived: tracked weights move the priority; a running timer follows the change of Skew_Time. */
function stepWeight(router: VirtualRouter, before: VrrpState, weight: number): Step {
  const from = effectivePriority(router, before.weight);
  const to = effectivePriority(router, weight);
  const state: VrrpState = { ...before, weight };
  if (from === to) return stay(state);
  const shifts = before.kind === "backup" && !before.isStartupDelayed;
  return stay(
    state,
    note("effective priority changed", { from, to }),
    ...(shifts ? [shiftActiveDown(router, from, to)] : []),
  );
}
