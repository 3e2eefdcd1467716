import type { Microseconds } from "../model/units.ts";
import { step } from "./machine.ts";
import type { RecordedCounts, RecordedStep } from "./recording.ts";
import { activeDownIntervalUs, activeDownRule, effectivePriority } from "./timers.ts";
import { isHold, type RouterEvent, type StateName, shownState, type VirtualRouter, type VrrpState } from "./types.ts";

/** Why an instance changed its state. */
export interface Explanation {
  readonly atUs: Microseconds;
  readonly from: StateName;
  readonly to: StateName;
  /** One sentence. */
  readonly cause: string;
  /** What it follows from, one line each. */
  readonly evidence: readonly string[];
}

type Advert = Extract<RouterEvent, { kind: "advert" }>;

/** How long before a change things are still evidence. */
const LOOK_BACK_US = 60_000_000;
/** Below this nobody else notices. */
const NOTABLE_LATENESS_US = 10_000;

interface Change {
  /** As it was then. */
  readonly router: VirtualRouter;
  readonly step: RecordedStep;
  readonly after: VrrpState;
  /** Since the change before. */
  readonly earlier: readonly RecordedStep[];
}

/**
 * The changes of state in a recording, newest first.
 * @param configured the router as it is now; of earlier settings only the priority is known any more
 */
export function explainRecording(configured: VirtualRouter, steps: readonly RecordedStep[]): readonly Explanation[] {
  const explanations: Explanation[] = [];
  let earlier: RecordedStep[] = [];
  let counts: RecordedCounts | null = null;
  for (const one of steps) {
    const router = routerThen(configured, one);
    const after = step(router, one.before, one.event).state;
    if (after.kind !== one.before.kind || shownState(after) !== shownState(one.before)) {
      const change: Change = { router, step: one, after, earlier };
      explanations.push({
        atUs: one.atUs,
        from: shownState(one.before),
        to: shownState(after),
        cause: causeOf(change),
        evidence: [
          ...heardEvidence(change),
          ...silenceEvidence(change),
          ...weightEvidence(change),
          ...countEvidence(one.counts, counts),
        ],
      });
      counts = one.counts ?? counts;
      earlier = [];
    } else earlier.push(one);
  }
  return explanations.reverse();
}

function routerThen(configured: VirtualRouter, { basePriority }: RecordedStep): VirtualRouter {
  return { ...configured, priority: basePriority };
}

function seconds(us: Microseconds): string {
  return `${(us / 1_000_000).toFixed(2)} s`;
}

function causeOf(change: Change): string {
  const { event, before } = change.step;
  switch (event.kind) {
    case "startup":
      return "it was started";
    case "adopt":
      return "it was started and found its addresses in place";
    case "shutdown":
      return "it was told to stop";
    case "active-down":
      return before.kind === "adopting" ? "nobody else was active while it listened" : silenceCause(change);
    case "advert":
      return advertCause(change, event);
    case "fault-raised":
      return isHold(event.reason)
        ? "an operator holds it back; holdfast status says who"
        : `a fault came up: ${event.reason}`;
    case "fault-cleared":
      return isHold(event.reason) ? "an operator has released it" : `its last fault has gone: ${event.reason}`;
    case "group-active":
      return "its sync group became active";
    case "group-backup":
      return "another member of its sync group became backup";
    case "stalled":
      return "it said nothing for so long that another router must have taken over (timer_expired_backup)";
    case "addresses-removed":
      return `somebody else removed ${event.addresses.join(", ")}`;
    case "preempt-delay-expired":
      return "its preempt delay has passed and the active router has a lower priority";
    case "startup-delay-expired":
      return "the startup delay has passed";
    case "released":
      return "everything that it tracks has reported";
    default:
      return `${event.kind}`;
  }
}

function lastAdvert({ earlier }: Change): (RecordedStep & { readonly event: Advert }) | null {
  const found = earlier.findLast(({ event }) => event.kind === "advert");
  return found?.event.kind === "advert" ? { ...found, event: found.event } : null;
}

function ownPriority({ router, step: { before } }: Change): number {
  return effectivePriority(router, before.weight);
}

function silenceCause(change: Change): string {
  const heard = lastAdvert(change);
  const { before, atUs } = change.step;
  const active = before.kind === "backup" ? before.activeRouter : null;
  if (heard?.event.class === "priority-zero") {
    return `the active router ${heard.event.advert.source} stopped in good order (priority 0, ${seconds(atUs - heard.atUs)} before)`;
  }
  if (heard?.event.class === "lower-priority") {
    const { source, priority } = heard.event.advert;
    return `the active router ${source} has priority ${priority}, lower than its own ${ownPriority(change)}, and preemption is on`;
  }
  if (active === null) return "no active router was heard since it became backup";
  return `adverts of the active router ${active.address} (priority ${active.priority}) stopped coming`;
}

function advertCause(change: Change, { class: kind, advert }: Advert): string {
  const { source, priority } = advert;
  if (kind === "priority-zero") return `${source} sent priority 0`;
  const own = ownPriority(change);
  const relation = priority > own ? `higher than its own ${own}` : `against its own ${own}`;
  return `${source} sent an advert of priority ${priority}, ${relation}`;
}

/** Adverts that say nothing new are not recorded, so the length of a silence is that of the timer that ran out. */
function silenceEvidence(change: Change): readonly string[] {
  const { router, step: last } = change;
  const { before, event } = last;
  const told = lastAdvert(change)?.event.class;
  if (event.kind !== "active-down" || before.kind !== "backup") return [];
  if (told === "priority-zero" || told === "lower-priority") return [];
  const intervalUs = router.version === 3 ? before.activeAdverIntervalUs : router.advertisementIntervalUs;
  const waitedUs = activeDownIntervalUs(activeDownRule(router, before.weight, "rule"), intervalUs);
  return [`adverts were due every ${seconds(intervalUs)}, and none came for the ${seconds(waitedUs)} that it waits`];
}

function heardEvidence(change: Change): readonly string[] {
  const { earlier, step: last } = change;
  return earlier
    .filter(({ event, atUs }) => event.kind === "advert" && last.atUs - atUs <= LOOK_BACK_US)
    .slice(-3)
    .flatMap(({ event, atUs }) =>
      event.kind === "advert"
        ? [
            `${seconds(last.atUs - atUs)} before: ${event.advert.source} said something new, priority ${event.advert.priority}`,
          ]
        : [],
    );
}

function weightEvidence(change: Change): readonly string[] {
  const { router, earlier, step: last } = change;
  return earlier
    .filter(({ atUs }) => last.atUs - atUs <= LOOK_BACK_US)
    .flatMap((one) => {
      const { event, before, atUs } = one;
      if (event.kind !== "weight") return [];
      const then = routerThen(router, one);
      const [from, to] = [effectivePriority(then, before.weight), effectivePriority(then, event.weight)];
      return [`${seconds(last.atUs - atUs)} before: own priority changed from ${from} to ${to}`];
    });
}

function countEvidence(now: RecordedCounts | null, before: RecordedCounts | null): readonly string[] {
  if (now === null) return [];
  const received = now.advertsReceived - (before?.advertsReceived ?? 0);
  const drops = Object.entries(now.dropped)
    .map(([reason, count]) => [reason, count - (before?.dropped[reason] ?? 0)] as const)
    .filter(([, count]) => count > 0)
    .map(
      ([reason, count]) =>
        `${count === 1 ? "1 advert was" : `${count} adverts were`} dropped since the change before: ${reason}`,
    );
  const isLate = now.maxLatenessUs > Math.max(NOTABLE_LATENESS_US, before?.maxLatenessUs ?? 0);
  return [
    `${received === 1 ? "1 advert was" : `${received} adverts were`} received since the change before`,
    ...drops,
    ...(isLate ? [`its own loop has been late by ${(now.maxLatenessUs / 1000).toFixed(1)} ms`] : []),
  ];
}
