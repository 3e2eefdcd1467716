import {
  type PolicyEffect,
  type PolicyState,
  pendingPolicy,
  SETTLED_UP,
  scheduleFor,
  stepPolicy,
} from "../checker/policy.ts";
import type { Asker, EndpointId, KnownTargets, PlannedTarget, TargetId } from "../checker/targets.ts";
import {
  scheduleOfWalk,
  startWalk,
  stepWalk,
  type UrlRoute,
  type UrlWalk,
  type WalkEffect,
} from "../checker/url-walk.ts";
import type { HttpUrl } from "../model/lvs.ts";
import type { Microseconds } from "../model/units.ts";
import type {
  LoopHealth,
  ProbeCounters,
  ProbeEvent,
  ProbeLoop,
  ProbeSchedule,
  ProbeTarget,
} from "../native/contract.ts";
import type { CheckerResult, CheckerStatus, CheckerVerdict, LvsClock } from "./lvs-types.ts";

/** keepalived's pause between activation and the earliest first check. */
const ACTIVATION_DELAY_US = 1_000_000;

/** First checks that servers wait for are spread over no more than this. */
const LONGEST_WAIT_US = 2_000_000;

/** keepalived: their first result is retried like any other. */
const RETRIED_FROM_THE_START: ReadonlySet<PlannedTarget["kind"]> = new Set(["smtp"]);

/** A result that matters: it decided something, or is a failure that will be retried. */
export interface ProbeReport {
  readonly target: PlannedTarget;
  readonly isSuccess: boolean;
  readonly reason: ProbeEvent["reason"];
  readonly stage: ProbeEvent["stage"];
  readonly verdict: Omit<Extract<PolicyEffect, { kind: "verdict" }>, "kind"> | null;
  /** A url passed while the server was not known to be up; then there is no verdict. */
  readonly passedUrl: HttpUrl | null;
}

export interface ProbesDependencies {
  openProbeLoop(onEvents: (events: readonly ProbeEvent[]) => void): ProbeLoop;
  readonly clock: LvsClock;
  readonly random: () => number;
  /** Of one batch, in the order of the results. */
  readonly onReports: (reports: readonly ProbeReport[]) => void;
}

interface LiveTarget {
  planned: PlannedTarget;
  /** The number by which the loop knows it; never used twice, so late results of old ones are known. */
  number: number;
  /** Where it is on its way through its urls; one that always asks the same stays at the first. */
  walk: UrlWalk;
  /** All who ask rest (`ha_suspend`): it keeps its verdict and is not on the loop. */
  isSuspended: boolean;
  /** The last result that was news, in fields of its own: an object more for each target would be felt. Null before the first. */
  lastReason: CheckerResult["reason"] | null;
  lastLatencyUs: Microseconds;
  lastAtUs: Microseconds;
}

/** Runs the planned targets on the probe loop, one policy machine each. */
export class Probes {
  private readonly deps: ProbesDependencies;
  private readonly loop: ProbeLoop;
  private readonly byId = new Map<TargetId, LiveTarget>();
  private readonly byNumber = new Map<number, LiveTarget>();
  private nextNumber = 1;
  private isClosed = false;
  private rests: (asker: Asker) => boolean = () => false;

  constructor(deps: ProbesDependencies) {
    this.deps = deps;
    this.loop = deps.openProbeLoop((events) => this.onEvents(events));
  }

  /**
   * Targets that stay keep their state and rhythm. A new one starts with the verdict of an old one that
   * asked the same of the same server, so that a change of times takes nobody out or in.
   * @param plan null leaves all as it is
   * @param isReload servers that a reload brings are retried before their first verdict
   * @param waits whether an asker is out of the pool until the first result, so that it can't wait a whole warm-up
   */
  replaceAll(
    plan: ReadonlyMap<TargetId, PlannedTarget> | null,
    isReload: boolean,
    waits: (asker: Asker) => boolean = () => false,
  ): void {
    if (plan !== null) this.replacePlan(plan, isReload, waits);
    this.applySuspension();
  }

  private replacePlan(
    plan: ReadonlyMap<TargetId, PlannedTarget>,
    isReload: boolean,
    waits: (asker: Asker) => boolean,
  ): void {
    const known = new Map<EndpointId, PolicyState>();
    for (const [id, live] of this.byId) {
      const { policy } = live.walk;
      if (policy.kind !== "pending") known.set(live.planned.endpoint, settled(policy));
      if (!plan.has(id)) this.remove(live);
    }
    for (const [id, planned] of plan) {
      const live = this.byId.get(id);
      if (live !== undefined) live.planned = planned;
      else
        this.add(
          planned,
          known.get(planned.endpoint) ?? pendingPolicy(!isReload && !RETRIED_FROM_THE_START.has(planned.kind)),
          planned.askers.some(waits),
        );
    }
  }

  /** @param rests whether an asker does not want to know for the time being (`ha_suspend`) */
  useSuspension(rests: (asker: Asker) => boolean): void {
    this.rests = rests;
  }

  /** Who rests has changed. Those who run again are asked soon, since what is known of them is old. */
  applySuspension(): void {
    for (const live of this.byId.values()) {
      const isSuspended = live.planned.askers.every(this.rests);
      if (isSuspended === live.isSuspended) continue;
      live.isSuspended = isSuspended;
      if (isSuspended) {
        live.walk = startWalk(settled(live.walk.policy));
        this.withdraw(live);
      } else {
        const spreadUs = Math.min(live.planned.timing.delayLoopUs, LONGEST_WAIT_US);
        this.launch(live, Math.floor(this.deps.random() * spreadUs));
      }
    }
  }

  /** What runs now. */
  readonly planned: KnownTargets = { get: (id) => this.byId.get(id)?.planned };

  verdictOf(id: TargetId): CheckerVerdict {
    return this.byId.get(id)?.walk.policy.kind ?? "pending";
  }

  statusOf(id: TargetId): Omit<CheckerStatus, "kind"> {
    const live = this.byId.get(id);
    const state = live?.walk.policy ?? pendingPolicy(true);
    return { verdict: state.kind, failures: state.kind === "down" ? 0 : state.failures, last: lastOf(live) };
  }

  counters(): ProbeCounters | null {
    return this.isClosed ? null : this.loop.counters();
  }

  /** Null when it is closed. */
  health(): LoopHealth | null {
    return this.isClosed ? null : this.loop.health();
  }

  /** Idempotent. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.byNumber.clear();
    this.loop.close();
  }

  private add(planned: PlannedTarget, state: PolicyState, isWaitedFor: boolean): void {
    const live: LiveTarget = {
      planned,
      number: 0,
      walk: startWalk(state),
      isSuspended: false,
      lastReason: null,
      lastLatencyUs: 0,
      lastAtUs: 0,
    };
    this.byId.set(planned.id, live);
    if (planned.askers.every(this.rests)) {
      live.isSuspended = true;
      return;
    }
    const { warmupUs } = planned.timing;
    const spreadUs = isWaitedFor ? Math.min(warmupUs, LONGEST_WAIT_US) : warmupUs;
    this.launch(live, ACTIVATION_DELAY_US + Math.floor(this.deps.random() * spreadUs));
  }

  private launch(live: LiveTarget, firstDelayUs: Microseconds): void {
    live.number = this.nextNumber;
    this.nextNumber += 1;
    this.byNumber.set(live.number, live);
    this.loop.addTarget(live.number, probeOf(live), paced(scheduleOf(live)), firstDelayUs);
  }

  private withdraw(live: LiveTarget): void {
    this.byNumber.delete(live.number);
    this.loop.removeTarget(live.number);
  }

  private remove(live: LiveTarget): void {
    this.byId.delete(live.planned.id);
    if (!live.isSuspended) this.withdraw(live);
  }

  private onEvents(events: readonly ProbeEvent[]): void {
    const reports: ProbeReport[] = [];
    for (const event of events) {
      const live = this.byNumber.get(event.target);
      if (live === undefined) continue;
      // Each event brings a text of its own; most say the same
      live.lastReason = event.reason === "ok" ? "ok" : event.reason;
      live.lastLatencyUs = event.latencyUs;
      live.lastAtUs = event.atUs;
      for (const effect of stepTarget(live, event)) this.execute(live, effect, event, reports);
    }
    if (reports.length > 0) this.deps.onReports(reports);
  }

  private execute(
    live: LiveTarget,
    effect: PolicyEffect | WalkEffect,
    event: ProbeEvent,
    reports: ProbeReport[],
  ): void {
    const { planned: target } = live;
    const { reason, stage } = event;
    const report = { target, reason, stage, verdict: null, passedUrl: null };
    switch (effect.kind) {
      case "verdict": {
        const { isUp, isFirst, retries } = effect;
        reports.push({ ...report, isSuccess: isUp, verdict: { isUp, isFirst, retries } });
        return;
      }
      case "url-passed":
        reports.push({ ...report, isSuccess: true, passedUrl: target.walk?.urls[effect.url] ?? null });
        return;
      case "retry":
        reports.push({ ...report, isSuccess: false });
        return;
      case "schedule":
        if (effect.restartUs === null) this.loop.setSchedule(live.number, paced(effect.schedule));
        else this.restart(live, event.atUs + effect.restartUs);
    }
  }

  private restart(live: LiveTarget, startAtUs: Microseconds): void {
    this.withdraw(live);
    this.launch(live, Math.max(0, startAtUs - this.deps.clock.nowUs()));
  }
}

function lastOf(live: LiveTarget | undefined): CheckerResult | null {
  if (live === undefined || live.lastReason === null) return null;
  return { reason: live.lastReason, latencyUs: live.lastLatencyUs, atUs: live.lastAtUs };
}

function routeOf({ timing, walk }: PlannedTarget): UrlRoute | null {
  return walk === null ? null : { timing, urls: walk.urls.length, recoversFast: walk.recoversFast };
}

/** One result. @returns what is to be done, in this order */
function stepTarget(live: LiveTarget, { result }: ProbeEvent): readonly (PolicyEffect | WalkEffect)[] {
  const route = routeOf(live.planned);
  if (route !== null) {
    const step = stepWalk(route, live.walk, result);
    live.walk = step.state;
    return step.effects;
  }
  const step = stepPolicy(live.planned.timing, live.walk.policy, result);
  live.walk = startWalk(step.state);
  return step.effects;
}

function scheduleOf({ planned, walk }: LiveTarget): ProbeSchedule {
  const route = routeOf(planned);
  return route === null ? scheduleFor(planned.timing, walk.policy) : scheduleOfWalk(route, walk);
}

/** `delay_before_retry 0` and rounds without pauses: the loop wants a microsecond. */
function paced({ expected, intervalUs, unexpectedIntervalUs }: ProbeSchedule): ProbeSchedule {
  return { expected, intervalUs: Math.max(1, intervalUs), unexpectedIntervalUs: Math.max(1, unexpectedIntervalUs) };
}

function probeOf({ planned, walk }: LiveTarget): ProbeTarget {
  return planned.probeOf(walk.url);
}

/** The same verdict without the failures counted so far. */
function settled(state: PolicyState): PolicyState {
  return state.kind === "up" ? SETTLED_UP : state;
}
