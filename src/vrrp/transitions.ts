import type { AdvertFacts, VrrpAction } from "../native/contract.ts";
import { armActiveDown, effectivePriority, lowerPriorityAnnouncement, takeoverAnnouncement } from "./timers.ts";
import {
  type ActiveState,
  type AdoptingState,
  type BackupState,
  type FaultReason,
  type FaultState,
  isHold,
  isShared,
  type NoteEffect,
  type PreemptDelay,
  type Step,
  shownState,
  type VirtualRouter,
  type VrrpEffect,
  type VrrpState,
} from "./types.ts";

type NoteFields = NoteEffect["fields"];

export function note(message: NoteEffect["message"], fields: NoteFields = {}): NoteEffect {
  return { kind: "note", level: "info", message, fields };
}

/** Only with detailed logging. */
export function detail(message: NoteEffect["message"], fields: NoteFields = {}): NoteEffect {
  return { ...note(message, fields), level: "detail" };
}

export function warn(message: NoteEffect["message"], fields: NoteFields = {}): NoteEffect {
  return { ...note(message, fields), level: "warning" };
}

export function fail(message: NoteEffect["message"], fields: NoteFields = {}): NoteEffect {
  return { ...note(message, fields), level: "error" };
}

export function stay(state: VrrpState, ...effects: readonly VrrpEffect[]): Step {
  return { state, effects };
}

export function advertFields(router: VirtualRouter, state: VrrpState, advert: AdvertFacts): NoteFields {
  return {
    source: advert.source,
    priority: advert.priority,
    ownPriority: effectivePriority(router, state.weight),
  };
}

function stateNote(to: VrrpState["kind"], isInitial: boolean): NoteEffect {
  return note("state change", { state: to, isInitial });
}

/** Says and tells that the state looks different from outside, when it does. */
export function showChange(router: VirtualRouter, from: VrrpState, to: VrrpState): readonly VrrpEffect[] {
  const shown = shownState(to);
  return shown === shownState(from) ? [] : [stateNote(shown, false), notify(router, from, shown)];
}

function notify(router: VirtualRouter, from: VrrpState, to: VrrpState["kind"] | "stop"): VrrpEffect {
  return { kind: "notify", from: shownState(from), to, priority: effectivePriority(router, from.weight) };
}

/** The preempt delay of a router that has just become a backup. */
export function freshPreemptDelay(router: VirtualRouter): PreemptDelay {
  return router.preemptDelayUs > 0 && router.preemptMode && router.priority !== 255 ? "pending" : "off";
}

/** The control loop's timers of a state that is left. */
function stopTimers(state: VrrpState): readonly VrrpEffect[] {
  const isCounting = state.kind === "backup" && state.preemptDelay === "counting";
  const isContested = state.kind === "active" && state.ownerConflict !== undefined;
  return [
    ...(isCounting ? [{ kind: "stop-timer", timer: "preempt-delay" } as const] : []),
    ...(isContested ? [{ kind: "stop-timer", timer: "owner-conflict" } as const] : []),
  ];
}

/** Withdrawal without a word on the wire. */
function withdraw(router: VirtualRouter): readonly VrrpEffect[] {
  return [
    { kind: "disarm-adver" },
    { kind: "cancel-announce" },
    ...details(router.virtualRules, "removing virtual rules"),
    ...details(router.virtualRoutes, "removing virtual routes"),
    ...details(router.virtualAddresses, "removing addresses"),
    ...details(router.excludedAddresses, "removing excluded addresses"),
    ...firewallDetails(router, "removing firewall"),
    { kind: "remove-addresses" },
  ];
}

/** A line about objects, where there are any. */
function details(objects: readonly unknown[] | undefined, message: NoteEffect["message"]): readonly VrrpEffect[] {
  return objects === undefined || objects.length === 0 ? [] : [detail(message)];
}

/** A line about the interval in force, where it changes. */
function intervalDetail(message: NoteEffect["message"], fromUs: number, toUs: number): readonly VrrpEffect[] {
  return fromUs === toUs ? [] : [detail(message, { fromUs, toUs })];
}

/** The rules themselves are there as long as the daemon is. */
function firewallDetails(router: VirtualRouter, message: NoteEffect["message"]): readonly VrrpEffect[] {
  const hasRule = router.acceptMode === false && router.priority !== 255;
  return hasRule ? [detail(message)] : [];
}

/** §6.4.2 and §6.4.3 of RFC 9568, from the active state or at startup. */
export function becomeBackup(
  router: VirtualRouter,
  from: VrrpState,
  options: {
    readonly isInitial: boolean;
    /** Advert that made us yield. */
    readonly advert: AdvertFacts | null;
    /** Null while the startup delay has not passed. */
    readonly timer: VrrpAction | null;
    readonly priorityZeros: number;
  },
): Step {
  const { advert } = options;
  const holdsAddresses = from.kind === "active" || from.kind === "adopting";
  const learns = advert !== null && router.version === 3;
  const state: BackupState = {
    kind: "backup",
    weight: from.weight,
    isStartupDelayed: from.isStartupDelayed,
    activeAdverIntervalUs: learns ? advert.intervalUs : router.advertisementIntervalUs,
    activeRouter: advert === null ? null : { address: advert.source, priority: advert.priority },
    preemptDelay: freshPreemptDelay(router),
  };
  // One that an operator has released was shown as a backup before.
  const isNews = shownState(from) !== "backup";
  const effects: readonly VrrpEffect[] = [
    ...(from.kind === "active" ? stopTimers(from) : []),
    ...intervalDetail("advertisement interval learned", router.advertisementIntervalUs, state.activeAdverIntervalUs),
    ...(isNews ? [stateNote("backup", options.isInitial)] : []),
    ...priorityZeros(options.priorityZeros),
    ...(holdsAddresses ? withdraw(router) : []),
    ...(options.timer === null ? [] : [options.timer]),
    ...(isNews ? [notify(router, from, "backup")] : []),
  ];
  return { state, effects };
}

/** Backup with a full timer, or active at once for the address owner. */
export function enterService(router: VirtualRouter, from: VrrpState, isInitial: boolean): Step {
  const isDelayed = from.isStartupDelayed;
  const timer = isDelayed ? null : armActiveDown(router, from.weight, "rule");
  if (isDelayed || !startsActive(router, isInitial)) {
    return becomeBackup(router, from, { isInitial, advert: null, timer, priorityZeros: 0 });
  }
  const { state, effects } = becomeActive(router, from);
  // keepalived: an owner's first wait is over at once, and nobody is told of it.
  return { state, effects: isInitial ? [detail("advertisement timeout"), ...effects] : effects };
}

// keepalived: an owner that says `state BACKUP` waits as others do, at the start and after a fault.
export function startsActive(router: VirtualRouter, isInitial: boolean): boolean {
  // keepalived: a sync group starts as backup unless this holds for every member.
  if (router.group !== undefined) return isInitial ? router.group.startsActive : router.group.isOwned;
  return router.priority === 255 && router.wantsActive;
}

/** §6.4.2 of RFC 9568: the Active_Down_Timer fired. */
export function becomeActive(router: VirtualRouter, from: VrrpState): Step {
  const state: ActiveState = { kind: "active", weight: from.weight, isStartupDelayed: false };
  const effects: readonly VrrpEffect[] = [
    ...stopTimers(from),
    { kind: "send-advert", priority: effectivePriority(router, from.weight) },
    stateNote("active", false),
    ...(from.kind === "backup"
      ? intervalDetail("own advertisement interval", from.activeAdverIntervalUs, router.advertisementIntervalUs)
      : []),
    ...firewallDetails(router, "setting firewall"),
    ...details(router.virtualAddresses, "setting addresses"),
    ...details(router.excludedAddresses, "setting excluded addresses"),
    ...details(router.virtualRoutes, "setting virtual routes"),
    ...details(router.virtualRules, "setting virtual rules"),
    { kind: "add-addresses" },
    { kind: "announce", rule: takeoverAnnouncement(router) },
    { kind: "arm-adver", intervalUs: router.advertisementIntervalUs },
    notify(router, from, "active"),
  ];
  return { state, effects };
}

/** keepalived: the rest of a sync group follows the member whose timer ended last. */
export function followToActive(router: VirtualRouter, state: BackupState | AdoptingState): Step {
  const { state: active, effects } = becomeActive(router, state);
  return { state: active, effects: [{ kind: "disarm-active-down" }, ...effects] };
}

function priorityZeros(count: number): readonly VrrpEffect[] {
  if (count === 0) return [];
  const adverts = Array.from({ length: count }, (): VrrpAction => ({ kind: "send-advert", priority: 0 }));
  return [...adverts, detail("priority 0 sent")];
}

/** keepalived: priority 0 is sent twice by the instance that has the cause, once and without a word by others of its group. */
function faultAdverts(hasCause: boolean): readonly VrrpEffect[] {
  return hasCause ? priorityZeros(2) : [{ kind: "send-advert", priority: 0 }];
}

/** keepalived: a state that the RFC does not have. */
export function becomeFault(
  router: VirtualRouter,
  from: VrrpState,
  reasons: readonly FaultReason[],
  isInitial: boolean,
): Step {
  const state: FaultState = { kind: "fault", weight: from.weight, isStartupDelayed: from.isStartupDelayed, reasons };
  const own = reasons.filter((reason) => !isShared(reason));
  const broken = own.filter((reason) => !isHold(reason));
  const startupReasons = isInitial ? broken.map((reason) => note("startup fault", { reason })) : [];
  const shown = shownState(state);
  const isNews = shown !== from.kind;
  const effects: readonly VrrpEffect[] = [
    ...stopTimers(from),
    ...startupReasons,
    ...(isNews ? [stateNote(shown, isInitial)] : []),
    ...(from.kind === "active" ? [...faultAdverts(own.length > 0), ...withdraw(router)] : []),
    ...(from.kind === "backup" || from.kind === "adopting" ? [{ kind: "disarm-active-down" } as const] : []),
    ...(from.kind === "adopting" ? withdraw(router) : []),
    ...(isNews ? [notify(router, from, shown)] : []),
  ];
  return { state, effects };
}

/** §6.4.2 and §6.4.3 of RFC 9568: Shutdown. */
export function becomeInitialize(router: VirtualRouter, from: VrrpState, isSilent: boolean): Step {
  const leaves = from.kind === "active" && !isSilent;
  const effects: readonly VrrpEffect[] = [
    ...stopTimers(from),
    ...(from.kind === "backup" || from.kind === "adopting" ? [{ kind: "disarm-active-down" } as const] : []),
    ...(from.kind === "adopting" && !isSilent ? withdraw(router) : []),
    ...(leaves ? [...priorityZeros(1), ...withdraw(router)] : []),
    ...(from.kind === "active" && isSilent
      ? [{ kind: "disarm-adver" } as const, { kind: "cancel-announce" } as const]
      : []),
    notify(router, from, "stop"),
  ];
  const reasons = from.kind === "fault" || from.kind === "initialize" ? from.reasons : [];
  return { state: { kind: "initialize", weight: from.weight, isStartupDelayed: false, reasons }, effects };
}

/** keepalived: neighbours may have believed the other router, so they are told again. */
export function announceAgain(router: VirtualRouter): readonly VrrpEffect[] {
  const rule = lowerPriorityAnnouncement(router);
  return rule.repeat > 0 ? [{ kind: "announce", rule }] : [];
}
