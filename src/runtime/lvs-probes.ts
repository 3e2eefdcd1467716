import { type PolicyEffect, type PolicyState, pendingPolicy, scheduleFor, stepPolicy } from "../checker/policy.ts";
import type { Asker, EndpointId, PlannedTarget, TargetId } from "../checker/targets.ts";
import type { Microseconds } from "../model/units.ts";
import type { ProbeCounters, ProbeEvent, ProbeLoop } from "../native/contract.ts";
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
  state: PolicyState;
  last: CheckerResult | null;
}

/** Runs the planned targets on the probe loop, one policy machine each. */
export class Probes {
  private readonly deps: ProbesDependencies;
  private readonly loop: ProbeLoop;
  private readonly byId = new Map<TargetId, LiveTarget>();
  private readonly byNumber = new Map<number, LiveTarget>();
  private plan: ReadonlyMap<TargetId, PlannedTarget> = new Map();
  private nextNumber = 1;
  private isClosed = false;

  constructor(deps: ProbesDependencies) {
    this.deps = deps;
    this.loop = deps.openProbeLoop((events) => this.onEvents(events));
  }

  /**
   * Targets that stay keep their state and rhythm. A new one starts with the verdict of an old one that
   * asked the same of the same server, so that a change of times takes nobody out or in.
   * @param isReload servers that a reload brings are retried before their first verdict
   * @param waits whether an asker is out of the pool until the first result, so that it can't wait a whole warm-up
   */
  replaceAll(
    plan: ReadonlyMap<TargetId, PlannedTarget>,
    isReload: boolean,
    waits: (asker: Asker) => boolean = () => false,
  ): void {
    const known = new Map<EndpointId, PolicyState>();
    for (const [id, live] of this.byId) {
      if (live.state.kind !== "pending") known.set(live.planned.endpoint, settled(live.state));
      if (!plan.has(id)) this.remove(live);
    }
    this.plan = plan;
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

  /** What runs now. */
  planned(): ReadonlyMap<TargetId, PlannedTarget> {
    return this.plan;
  }

  verdictOf(id: TargetId): CheckerVerdict {
    return this.byId.get(id)?.state.kind ?? "pending";
  }

  statusOf(id: TargetId): Omit<CheckerStatus, "kind"> {
    const live = this.byId.get(id);
    const state = live?.state ?? pendingPolicy(true);
    return { verdict: state.kind, failures: state.kind === "down" ? 0 : state.failures, last: live?.last ?? null };
  }

  counters(): ProbeCounters | null {
    return this.isClosed ? null : this.loop.counters();
  }

  /** Null when it is closed. */
  heartbeats(): number | null {
    return this.isClosed ? null : this.loop.health().heartbeats;
  }

  /** Idempotent. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.byNumber.clear();
    this.loop.close();
  }

  private add(planned: PlannedTarget, state: PolicyState, isWaitedFor: boolean): void {
    const live: LiveTarget = { planned, number: 0, state, last: null };
    this.byId.set(planned.id, live);
    const { warmupUs } = planned.timing;
    const spreadUs = isWaitedFor ? Math.min(warmupUs, LONGEST_WAIT_US) : warmupUs;
    this.launch(live, ACTIVATION_DELAY_US + Math.floor(this.deps.random() * spreadUs));
  }

  private launch(live: LiveTarget, firstDelayUs: Microseconds): void {
    live.number = this.nextNumber;
    this.nextNumber += 1;
    this.byNumber.set(live.number, live);
    const { probe, timing } = live.planned;
    this.loop.addTarget(live.number, probe, scheduleFor(timing, live.state), firstDelayUs);
  }

  private withdraw(live: LiveTarget): void {
    this.byNumber.delete(live.number);
    this.loop.removeTarget(live.number);
  }

  private remove(live: LiveTarget): void {
    this.byId.delete(live.planned.id);
    this.withdraw(live);
  }

  private onEvents(events: readonly ProbeEvent[]): void {
    const reports: ProbeReport[] = [];
    for (const event of events) {
      const live = this.byNumber.get(event.target);
      if (live === undefined) continue;
      live.last = { reason: event.reason, latencyUs: event.latencyUs, atUs: event.atUs };
      const step = stepPolicy(live.planned.timing, live.state, event.result);
      live.state = step.state;
      for (const effect of step.effects) this.execute(live, effect, event, reports);
    }
    if (reports.length > 0) this.deps.onReports(reports);
  }

  private execute(live: LiveTarget, effect: PolicyEffect, event: ProbeEvent, reports: ProbeReport[]): void {
    const { planned: target } = live;
    const { reason, stage } = event;
    switch (effect.kind) {
      case "verdict": {
        const { isUp, isFirst, retries } = effect;
        reports.push({ target, isSuccess: isUp, reason, stage, verdict: { isUp, isFirst, retries } });
        return;
      }
      case "retry":
        reports.push({ target, isSuccess: false, reason, stage, verdict: null });
        return;
      case "schedule":
        if (effect.restartUs === null) this.loop.setSchedule(live.number, effect.schedule);
        else this.restart(live, event.atUs + effect.restartUs);
    }
  }

  private restart(live: LiveTarget, startAtUs: Microseconds): void {
    this.withdraw(live);
    this.launch(live, Math.max(0, startAtUs - this.deps.clock.nowUs()));
  }
}

/** The same verdict without the failures counted so far. */
function settled(state: PolicyState): PolicyState {
  return state.kind === "up" ? { kind: "up", failures: 0 } : state;
}
