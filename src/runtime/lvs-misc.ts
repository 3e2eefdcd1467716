import { type MiscEnd, type MiscState, type MiscStep, stepMisc } from "../checker/application.ts";
import type { PolicyState } from "../checker/policy.ts";
import type { Asker } from "../checker/targets.ts";
import type { ApplicationCheck, ApplicationChecker } from "../model/checks.ts";
import type { Microseconds } from "../model/units.ts";
import type { SpokenRecord } from "./log.ts";
import { speakMiscNotStarted } from "./lvs-application-wording.ts";
import type { GuardedCheck } from "./lvs-guard.ts";
import type { LvsClock, ScriptRunStatus } from "./lvs-types.ts";
import { resolveCommand, scriptName } from "./script-command.ts";
import type { ScriptCounter } from "./script-counter.ts";
import type { ScriptEnd, ScriptRun, ScriptRunner } from "./script-runner.ts";

/** keepalived's pause between activation and the earliest first check. */
const ACTIVATION_DELAY_US = 1_000_000;
/** First checks that servers wait for are spread over no more than this. */
const LONGEST_WAIT_US = 2_000_000;

export type MiscCheck = Extract<ApplicationCheck, { kind: "misc" }>;

export interface MiscPlace {
  readonly asker: Asker;
  readonly guarded: GuardedCheck;
  readonly checker: ApplicationChecker;
  readonly check: MiscCheck;
  /** How long a run may take. */
  readonly timeoutUs: Microseconds;
}

/** What came of one run. */
export interface MiscRunResult {
  readonly end: MiscEnd;
  readonly step: MiscStep;
}

export interface MiscDependencies {
  readonly runner: Pick<ScriptRunner, "start">;
  readonly clock: LvsClock;
  readonly random: () => number;
  readonly log: (record: SpokenRecord) => void;
  readonly counter: Pick<ScriptCounter, "ended" | "notStarted">;
  readonly onRun: (runner: MiscRunner, result: MiscRunResult) => void;
}

/** One script for one server: unlike probes, scripts may do more than look, so equal ones run each for itself. */
export class MiscRunner {
  place: MiscPlace;
  state: MiscState;
  private readonly deps: MiscDependencies;
  private run: ScriptRun | null = null;
  private cancel: () => void = () => undefined;
  private startedAtUs: Microseconds = 0;
  /** Null: none has ended yet. */
  lastRun: ScriptRunStatus | null = null;
  private isOverdue = false;
  private isClosed = false;
  private isSuspended = false;

  constructor(place: MiscPlace, state: MiscState, deps: MiscDependencies) {
    this.place = place;
    this.state = state;
    this.deps = deps;
  }

  begin(isWaitedFor: boolean): void {
    const { warmupUs } = this.place.checker.timing;
    const spreadUs = isWaitedFor ? Math.min(warmupUs, LONGEST_WAIT_US) : warmupUs;
    this.wait(ACTIVATION_DELAY_US + Math.floor(this.deps.random() * spreadUs));
  }

  /** A run that is under way ends as ever. */
  suspend(isSuspended: boolean): void {
    if (isSuspended === this.isSuspended) return;
    this.isSuspended = isSuspended;
    if (isSuspended) this.cancel();
    else if (this.run === null) {
      const spreadUs = Math.min(this.place.checker.timing.delayLoopUs, LONGEST_WAIT_US);
      this.wait(Math.floor(this.deps.random() * spreadUs));
    }
  }

  close(): void {
    this.isClosed = true;
    this.cancel();
    this.run?.terminate();
  }

  private wait(delayUs: Microseconds): void {
    if (this.isSuspended) return;
    this.cancel = this.deps.clock.after(delayUs, () => this.start());
  }

  private start(): void {
    const { runner, clock } = this.deps;
    this.startedAtUs = clock.nowUs();
    this.isOverdue = false;
    const { check, timeoutUs } = this.place;
    const start = { ...resolveCommand(check.command), timeoutMs: Math.max(1, Math.round(timeoutUs / 1000)) };
    this.run = runner.start(start, {
      onTimeout: () => {
        this.isOverdue = true;
      },
      onEnd: (end) => {
        this.run = null;
        if (!this.isClosed) this.onEnd(end);
      },
    });
  }

  private onEnd(end: ScriptEnd): void {
    const { checker, check } = this.place;
    const { timing } = checker;
    if (end.kind === "not-started") {
      this.deps.counter.notStarted();
      this.deps.log(speakMiscNotStarted(scriptName(check.command), end.reason));
      this.waitSinceStart(timing.delayLoopUs);
      return;
    }
    const seen: MiscEnd = end.kind === "signalled" && this.isOverdue ? { kind: "timed-out" } : end;
    const step = stepMisc({ timing, setsWeight: check.setsWeight }, this.state, seen);
    this.state = step.state;
    this.lastRun = { atUs: this.startedAtUs, status: seen.kind === "exited" ? seen.status : 0 };
    this.deps.counter.ended(step.isGood, this.deps.clock.nowUs() - this.startedAtUs);
    this.waitSinceStart(step.waitUs);
    this.deps.onRun(this, { end: seen, step });
  }

  private waitSinceStart(delayUs: Microseconds): void {
    this.wait(Math.max(0, this.startedAtUs + delayUs - this.deps.clock.nowUs()));
  }
}

export function failuresOf(policy: PolicyState): number {
  return policy.kind === "down" ? 0 : policy.failures;
}
