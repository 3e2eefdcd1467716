import { type AdvertClass, type FaultReason, isHold, type RouterEvent } from "./types.ts";

/** Why an instance changed its state, in few enough words to count by. `vrrp/why.ts` tells it at length. */
export type TransitionCause =
  | "startup"
  | "shutdown"
  | "silence"
  | "good-bye"
  | "preemption"
  | "higher-priority"
  | "same-priority"
  | "link"
  | "tracking"
  | "operator"
  | "sync-group"
  | "stalled"
  | "addresses-removed"
  | "other";

/** @param heard the last news of another router since the change before */
export function transitionCause(event: RouterEvent, heard: AdvertClass | null): TransitionCause {
  switch (event.kind) {
    case "startup":
    case "adopt":
    case "released":
    case "startup-delay-expired":
      return "startup";
    case "shutdown":
      return "shutdown";
    case "active-down":
      return silenceCause(heard);
    case "preempt-delay-expired":
      return "preemption";
    case "advert":
      return advertCause(event.class);
    case "fault-raised":
    case "fault-cleared":
      return faultCause(event.reason);
    case "group-active":
    case "group-backup":
      return "sync-group";
    case "stalled":
    case "addresses-removed":
      return event.kind;
    default:
      return "other";
  }
}

/** The same of a router by itself: a member that its sync group pulls along goes by what it heard, too. */
export function ownCause(event: RouterEvent, heard: AdvertClass | null): TransitionCause {
  return event.kind === "group-active" ? silenceCause(heard) : transitionCause(event, heard);
}

function silenceCause(heard: AdvertClass | null): TransitionCause {
  if (heard === "priority-zero") return "good-bye";
  return heard === "lower-priority" ? "preemption" : "silence";
}

function advertCause(kind: AdvertClass): TransitionCause {
  if (kind === "priority-zero") return "good-bye";
  return kind.startsWith("equal-") ? "same-priority" : "higher-priority";
}

function faultCause(reason: FaultReason): TransitionCause {
  if (isHold(reason)) return "operator";
  if (reason === "sync group") return "sync-group";
  if (reason === "lease lapsed") return "stalled";
  return reason.startsWith("tracked ") ? "tracking" : "link";
}
