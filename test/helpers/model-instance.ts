import { NO_DROPS } from "../../src/api/statistics.ts";
import type {
  AdvertFacts,
  VrrpAction,
  VrrpCounters,
  VrrpPhaseName,
  VrrpProgram,
  VrrpTransport,
} from "../../src/native/contract.ts";
import { activeDownIntervalUs, intervalOf } from "../../src/vrrp/timers.ts";

/** What the model of the loop keeps of one instance. */
export interface ModelInstance {
  readonly number: number;
  transport: VrrpTransport;
  program: VrrpProgram | null;
  phase: VrrpPhaseName;
  epoch: number;
  adverAtUs: number | null;
  activeDownAtUs: number | null;
  lastIntervalUs: number | null;
  told: AdvertFacts | null;
  wishesActive: boolean;
  hasAddresses: boolean;
  advertsSent: number;
  priorityZeroSent: number;
}

/** It has no program yet, so it does nothing. */
export function openedInstance(number: number, transport: VrrpTransport): ModelInstance {
  return {
    number,
    transport,
    program: null,
    phase: "idle",
    epoch: 0,
    adverAtUs: null,
    activeDownAtUs: null,
    lastIntervalUs: null,
    told: null,
    wishesActive: false,
    hasAddresses: false,
    advertsSent: 0,
    priorityZeroSent: 0,
  };
}

/** What an action does to the timers of an instance. @param advert that it answers to, if any */
export function applyTimer(
  instance: ModelInstance,
  action: VrrpAction,
  advert: AdvertFacts | null,
  nowUs: number,
): void {
  switch (action.kind) {
    case "arm-adver":
      instance.adverAtUs = nowUs + action.intervalUs;
      break;
    case "disarm-adver":
      instance.adverAtUs = null;
      break;
    case "disarm-active-down":
      instance.activeDownAtUs = null;
      break;
    case "arm-active-down": {
      const intervalUs = intervalOf(action.rule, advert?.intervalUs ?? null, instance.lastIntervalUs);
      instance.lastIntervalUs = intervalUs;
      instance.wishesActive = false;
      instance.activeDownAtUs = nowUs + activeDownIntervalUs(action.rule, intervalUs);
      break;
    }
    case "shift-active-down": {
      if (instance.activeDownAtUs === null) break;
      const baseUs = action.skewBaseUs ?? instance.lastIntervalUs ?? 0;
      const shiftUs = Math.trunc((action.skewNumerator * baseUs) / 256);
      instance.activeDownAtUs = Math.max(nowUs, instance.activeDownAtUs + shiftUs);
      break;
    }
    default:
      break;
  }
}

export function isSameAdvert(left: AdvertFacts | null, right: AdvertFacts): boolean {
  if (left === null) return false;
  return left.source === right.source && left.priority === right.priority && left.intervalUs === right.intervalUs;
}

export const ZERO_COUNTERS: VrrpCounters = {
  advertsSent: 0,
  advertsReceived: 0,
  priorityZeroSent: 0,
  priorityZeroReceived: 0,
  announcementsSent: 0,
  dropped: NO_DROPS,
};
