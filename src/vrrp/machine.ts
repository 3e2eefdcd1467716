import type { AdvertFacts, VrrpAction } from "../native/contract.ts";
import { contest, ownerConflict, settleConflict } from "./owner-conflict.ts";
import {
  armActiveDown,
  armAdoption,
  armSkew,
  effectivePriority,
  electedRouter,
  requestedAnnouncement,
  shiftActiveDown,
  takeoverAnnouncement,
} from "./timers.ts";
import {
  advertFields,
  announceAgain,
  becomeActive,
  becomeBackup,
  becomeFault,
  becomeInitialize,
  detail,
  enterService,
  fail,
  freshPreemptDelay,
  note,
  showChange,
  startsActive,
  stay,
  warn,
} from "./transitions.ts";
import type {
  ActiveState,
  AdoptingState,
  BackupState,
  FaultReason,
  FaultState,
  InitializeState,
  RouterEvent,
  Step,
  VirtualRouter,
  VrrpEffect,
  VrrpState,
} from "./types.ts";

type AdvertEvent = Extract<RouterEvent, { kind: "advert" }>;

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

/** §6.4.2. */
function stepBackup(router: VirtualRouter, state: BackupState, event: RouterEvent): Step {
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

/** keepalived: the rest of a sync group follows the member whose timer ended last. */
function followToActive(router: VirtualRouter, state: BackupState | AdoptingState): Step {
  const { state: active, effects } = becomeActive(router, state);
  return { state: active, effects: [{ kind: "disarm-active-down" }, ...effects] };
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

/** §6.4.3. */
function stepActive(router: VirtualRouter, state: ActiveState, event: RouterEvent): Step {
  const priority = effectivePriority(router, state.weight);
  const armAdver = { kind: "arm-adver", intervalUs: router.advertisementIntervalUs } as const;
  switch (event.kind) {
    case "adver":
      return stay(state, { kind: "send-advert", priority }, armAdver);
    case "advert":
      return stepActiveAdvert(router, state, event);
    case "stalled":
    case "group-backup": {
      const timer = armActiveDown(router, state.weight, "rule");
      return becomeBackup(router, state, { isInitial: false, advert: null, timer, priorityZeros: 0 });
    }
    case "group-announce":
      return stay(state, ...announceAgain(router));
    case "announce-requested":
      // A new announcement replaces the one under way, so of an unfinished takeover all is said again.
      return stay(
        state,
        event.isBurstDue ? announce(router) : { kind: "announce", rule: requestedAnnouncement(router) },
      );
    case "owner-conflict-expired":
      return settleConflict(state);
    case "addresses-removed":
      return event.reaction === "repair"
        ? repairAddresses(router, state, event.addresses)
        : yieldOverAddresses(router, state, event.addresses);
    case "fault-raised":
      return becomeFault(router, state, [event.reason], false);
    case "reconfigured": {
      // keepalived: every active instance speaks up around a reload.
      const added: readonly VrrpEffect[] = event.hasNewAddresses
        ? [detail("setting addresses"), { kind: "add-addresses" }, announce(router)]
        : [];
      return stay(state, { kind: "send-advert", priority }, ...added, armAdver);
    }
    case "shutdown":
      return becomeInitialize(router, state, event.isSilent);
    default:
      return stay(state);
  }
}

function stepActiveAdvert(router: VirtualRouter, state: ActiveState, event: AdvertEvent): Step {
  const priority = effectivePriority(router, state.weight);
  const fields = advertFields(router, state, event.advert);
  switch (event.class) {
    case "priority-zero":
      // §6.4.3: priority 0 is answered at once, and the Adver_Timer starts anew.
      return stay(
        state,
        detail("priority 0 received in active", { source: event.advert.source }),
        { kind: "send-advert", priority },
        { kind: "arm-adver", intervalUs: router.advertisementIntervalUs },
      );
    case "lower-priority":
      return stay(state, ...assertActive(router, priority, fields));
    case "equal-priority-lower-address":
      return contest(router, state, event, assertActive(router, priority, fields));
    case "equal-priority-own-address":
      return stay(state, warn("equal priority with own address", fields));
    case "equal-priority-higher-address":
    case "higher-priority":
      return yieldTo(router, state, event);
  }
}

/** §6.4.3: a lower advert is answered at once. keepalived: as after every advert, the Adver_Timer starts anew. */
function assertActive(
  router: VirtualRouter,
  priority: number,
  fields: Readonly<Record<string, string | number | boolean | null>>,
): readonly VrrpEffect[] {
  const isSilent = router.isSilentOnLowerPriority;
  const armAdver = { kind: "arm-adver", intervalUs: router.advertisementIntervalUs } as const;
  const advert: readonly VrrpEffect[] = isSilent ? [] : [{ kind: "send-advert", priority }, armAdver];
  return [note("lower priority while active", { ...fields, isSilent }), ...advert, ...announceAgain(router)];
}

function yieldTo(router: VirtualRouter, state: ActiveState, event: AdvertEvent): Step {
  const isEqual = event.class !== "higher-priority";
  const fields = advertFields(router, state, event.advert);
  const reason = isEqual ? "equal priority with higher address while active" : "higher priority while active";
  // keepalived: `higher_prio_send_advert`.
  const last: readonly VrrpEffect[] = router.sendsAdvertBeforeYielding
    ? [{ kind: "send-advert", priority: effectivePriority(router, state.weight) }]
    : [];
  const timer = armActiveDown(router, state.weight, "advert");
  const backup = becomeBackup(router, state, { isInitial: false, advert: event.advert, timer, priorityZeros: 0 });
  const conflict = isEqual ? ownerConflict(router, fields) : [];
  return { state: backup.state, effects: [...conflict, note(reason, fields), ...last, ...backup.effects] };
}

function announce(router: VirtualRouter): VrrpEffect {
  return { kind: "announce", rule: takeoverAnnouncement(router) };
}

function repairAddresses(router: VirtualRouter, state: ActiveState, addresses: readonly string[]): Step {
  const fields = { address: addresses[0] ?? null, others: addresses.length - 1, interface: router.interfaceName };
  return stay(state, warn("address restored", fields), { kind: "add-addresses" }, announce(router));
}

// keepalived: everything is withdrawn and, unless another router is better, back after Skew_Time.
function yieldOverAddresses(router: VirtualRouter, state: ActiveState, addresses: readonly string[]): Step {
  const notes = addresses.map((address) =>
    detail("address removed by others", { address, interface: router.interfaceName }),
  );
  const timer = armSkew(router, state.weight, "rule");
  const backup = becomeBackup(router, state, { isInitial: false, advert: null, timer, priorityZeros: 1 });
  return { state: backup.state, effects: [...notes, ...backup.effects] };
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
