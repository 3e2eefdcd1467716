import type { Microseconds } from "../model/units.ts";
import type { ActiveDownRule, AnnounceRule, VrrpAction } from "../native/contract.ts";
import type { VirtualRouter, VrrpState } from "./types.ts";

/** Skew_Time of VRRPv2 is a share of one second. @see RFC 3768 §6.1 */
const V2_SKEW_BASE_US = 1_000_000;

/**
 * Base priority and tracked weights together.
 * @returns 255 for an address owner, else 1..254
 */
export function effectivePriority(router: VirtualRouter, weight: number): number {
  if (router.priority === 255) return 255;
  return Math.min(254, Math.max(1, router.priority + weight));
}

/** The router as it takes part in the election: an owner whose rival does not give way is none for a while. */
export function electedRouter<Router extends VirtualRouter>(router: Router, state: VrrpState): Router {
  const isReduced = state.kind === "active" && state.ownerConflict?.phase === "reduced";
  return isReduced ? { ...router, priority: Math.min(router.priority, 254) } : router;
}

/** S of `ActiveDownRule`: null stands for the interval in force. */
function skewBaseUs(router: VirtualRouter): Microseconds | null {
  return router.version === 2 ? V2_SKEW_BASE_US : null;
}

/**
 * Active_Down_Interval.
 * @param from where VRRPv3 takes the interval from; VRRPv2 always uses the own one
 * @see RFC 9568 §6.1, RFC 3768 §6.1 (Master_Down_Interval)
 */
export function activeDownRule(
  router: VirtualRouter,
  weight: number,
  from: ActiveDownRule["intervalFrom"],
): ActiveDownRule {
  return {
    intervalUs: router.advertisementIntervalUs,
    intervalFrom: router.version === 3 ? from : "rule",
    multiplier: router.downTimerAdverts,
    skewNumerator: 256 - effectivePriority(router, weight),
    skewBaseUs: skewBaseUs(router),
  };
}

/** Waits for Active_Down_Interval. */
export function armActiveDown(router: VirtualRouter, weight: number, from: ActiveDownRule["intervalFrom"]): VrrpAction {
  return { kind: "arm-active-down", rule: activeDownRule(router, weight, from) };
}

/** Skew_Time alone: how a backup reacts to priority 0. */
export function armSkew(router: VirtualRouter, weight: number, from: ActiveDownRule["intervalFrom"]): VrrpAction {
  const full = armActiveDown(router, weight, from);
  return full.kind === "arm-active-down" ? { ...full, rule: { ...full.rule, multiplier: 0 } } : full;
}

/** One advert of another active router is due within this. */
export function armAdoption(router: VirtualRouter, weight: number): VrrpAction {
  const full = armActiveDown(router, weight, "rule");
  return full.kind === "arm-active-down" ? { ...full, rule: { ...full.rule, multiplier: 1 } } : full;
}

/**
 * keepalived's `timer_expired_backup`: a backup of that priority waits so long for an advert.
 * @returns null when the option is off
 */
export function stalledAfterUs(router: VirtualRouter): Microseconds | null {
  const { timerExpiredBackupPriority: priority = null, advertisementIntervalUs } = router;
  if (priority === null) return null;
  const skewUs = Math.floor(((256 - priority) * (skewBaseUs(router) ?? advertisementIntervalUs)) / 256);
  return router.downTimerAdverts * advertisementIntervalUs + skewUs;
}

/** Moves a running timer by the change of Skew_Time. */
export function shiftActiveDown(router: VirtualRouter, fromPriority: number, toPriority: number): VrrpAction {
  return { kind: "shift-active-down", skewNumerator: fromPriority - toPriority, skewBaseUs: skewBaseUs(router) };
}

/**
 * What a rule comes to.
 * @param advertIntervalUs interval of the advert that triggered it, null when none did
 * @param lastIntervalUs interval of the rule before, null when there was none
 */
export function intervalOf(
  rule: ActiveDownRule,
  advertIntervalUs: Microseconds | null,
  lastIntervalUs: Microseconds | null,
): Microseconds {
  switch (rule.intervalFrom) {
    case "rule":
      return rule.intervalUs;
    case "advert":
      return advertIntervalUs ?? rule.intervalUs;
    case "last":
      return lastIntervalUs ?? rule.intervalUs;
  }
}

/** @returns whole microseconds, rounded down */
export function activeDownIntervalUs(rule: ActiveDownRule, intervalUs: Microseconds): Microseconds {
  return rule.multiplier * intervalUs + Math.floor((rule.skewNumerator * (rule.skewBaseUs ?? intervalUs)) / 256);
}

/** GARP/NA after a takeover. */
export function takeoverAnnouncement(router: VirtualRouter): AnnounceRule {
  const { repeat, delayUs, refreshUs, refreshRepeat } = router.announce;
  return { repeat, delayUs, refreshUs, refreshRepeat };
}

/** GARP/NA after a lower advert was heard while active. */
export function lowerPriorityAnnouncement(router: VirtualRouter): AnnounceRule {
  const { lowerPriorityRepeat, lowerPriorityDelayUs, refreshUs, refreshRepeat } = router.announce;
  return { repeat: lowerPriorityRepeat, delayUs: lowerPriorityDelayUs, refreshUs, refreshRepeat };
}

/** One round of GARP/NA on request. */
export function requestedAnnouncement(router: VirtualRouter): AnnounceRule {
  const { refreshUs, refreshRepeat } = router.announce;
  return { repeat: 1, delayUs: 0, refreshUs, refreshRepeat };
}
