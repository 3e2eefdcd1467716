import { armActiveDown, armSkew } from "./timers.ts";
import {
  advertFields,
  becomeActive,
  becomeFault,
  becomeInitialize,
  detail,
  followToActive,
  freshPreemptDelay,
  note,
  startsActive,
  stay,
} from "./transitions.ts";
import type { AdvertEvent, BackupState, RouterEvent, Step, VirtualRouter, VrrpEffect } from "./types.ts";

/** One event in the backup state. @see RFC 9568 §6.4.2 */
export function stepBackup(router: VirtualRouter, state: BackupState, event: RouterEvent): Step {
  switch (event.kind) {
    case "active-down": {
      if (state.isStartupDelayed) return stay(state);
      const { state: active, effects } = becomeActive(router, state);
      return { state: active, effects: [detail("advertisement timeout"), ...effects] };
    }
    case "group-active":
      return state.isStartupDelayed ? stay(state) : followToActive(router, state);
    case "advert":
      return state.isStartupDelayed ? stay(state) : stepBackupAdvert(router, state, event);
    case "preempt-delay-expired":
      return stay(state.preemptDelay === "counting" ? { ...state, preemptDelay: "passed" } : state);
    case "startup-delay-expired":
      return state.isStartupDelayed ? endStartupDelay(router, state) : stay(state);
    case "fault-raised":
      return becomeFault(router, state, [event.reason], false);
    case "reconfigured":
      return reconfigureBackup(router, state);
    case "shutdown":
      return becomeInitialize(router, state, event.isSilent);
    default:
      return stay(state);
  }
}

function stepBackupAdvert(router: VirtualRouter, state: BackupState, event: AdvertEvent): Step {
  switch (event.class) {
    case "priority-zero":
      // §6.4.2: priority 0 sets the timer to Skew_Time.
      return stay(
        state,
        detail("priority 0 received in backup", { source: event.advert.source }),
        armSkew(router, state.weight, "last"),
      );
    case "lower-priority":
      return stepBackupLower(router, state, event);
    default: {
      const { preemptDelay, effects } = cancelPreemptDelay(state);
      return acceptAdvert(router, { ...state, preemptDelay }, event, effects);
    }
  }
}

function stepBackupLower(router: VirtualRouter, state: BackupState, event: AdvertEvent): Step {
  if (!router.preemptMode && router.priority !== 255) return acceptAdvert(router, state, event, []);
  if (state.preemptDelay === "counting") return acceptAdvert(router, state, event, []);
  if (state.preemptDelay === "pending") {
    const delayUs = router.preemptDelayUs;
    return acceptAdvert(router, { ...state, preemptDelay: "counting" }, event, [
      detail("preempt delay started", { delayUs }),
      { kind: "start-timer", timer: "preempt-delay", delayUs },
    ]);
  }
  // §6.4.2: a lower advert is discarded while Preempt_Mode holds; the running timer is left alone.
  return stay(state, note("lower priority discarded", advertFields(router, state, event.advert)));
}

function cancelPreemptDelay(state: BackupState): {
  readonly preemptDelay: BackupState["preemptDelay"];
  readonly effects: readonly VrrpEffect[];
} {
  if (state.preemptDelay === "off" || state.preemptDelay === "pending") {
    return { preemptDelay: state.preemptDelay, effects: [] };
  }
  const stopped: readonly VrrpEffect[] = [
    detail("preempt delay stopped"),
    { kind: "stop-timer", timer: "preempt-delay" },
  ];
  return { preemptDelay: "pending", effects: state.preemptDelay === "counting" ? stopped : stopped.slice(0, 1) };
}

function acceptAdvert(
  router: VirtualRouter,
  state: BackupState,
  event: AdvertEvent,
  effects: readonly VrrpEffect[],
): Step {
  const { source, priority, intervalUs } = event.advert;
  const activeAdverIntervalUs = router.version === 3 ? intervalUs : router.advertisementIntervalUs;
  return {
    state: { ...state, activeAdverIntervalUs, activeRouter: { address: source, priority } },
    effects: [
      ...effects,
      ...learnedNotes(state, source, activeAdverIntervalUs),
      armActiveDown(router, state.weight, "advert"),
    ],
  };
}

function learnedNotes(state: BackupState, source: string, intervalUs: number): readonly VrrpEffect[] {
  const before = state.activeRouter;
  const notes: VrrpEffect[] = [];
  if (before === null) notes.push(detail("active router learned", { source }));
  else if (before.address !== source) notes.push(detail("active router changed", { from: before.address, source }));
  if (state.activeAdverIntervalUs !== intervalUs) {
    const fields = { fromUs: state.activeAdverIntervalUs, toUs: intervalUs };
    notes.push(detail("advertisement interval learned", fields));
  }
  return notes;
}

function endStartupDelay(router: VirtualRouter, delayed: BackupState): Step {
  const state: BackupState = { ...delayed, isStartupDelayed: false };
  if (startsActive(router, true)) return becomeActive(router, state);
  return stay(state, armActiveDown(router, state.weight, "rule"));
}

/** keepalived: a reload restarts the timer of a backup. */
function reconfigureBackup(router: VirtualRouter, state: BackupState): Step {
  const stopped: readonly VrrpEffect[] =
    state.preemptDelay === "counting" ? [{ kind: "stop-timer", timer: "preempt-delay" }] : [];
  const timer = state.isStartupDelayed ? [] : [armActiveDown(router, state.weight, "last")];
  return stay({ ...state, preemptDelay: freshPreemptDelay(router) }, ...stopped, ...timer);
}
