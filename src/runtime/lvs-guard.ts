import {
  createGuardState,
  type GuardConfig,
  type GuardEffect,
  type GuardEvent,
  type GuardPlace,
  isHeld,
  relocate,
  stepGuard,
} from "../checker/guard.ts";
import type { PlannedTarget } from "../checker/targets.ts";
import type { VirtualServer } from "../model/lvs.ts";
import type { SpokenRecord } from "./log.ts";
import type { LookedAt } from "./lvs-network-look.ts";
import type { ProbeReport } from "./lvs-probes.ts";
import type { LvsClock } from "./lvs-types.ts";
import { speakHoldBegan, speakHoldEnded } from "./lvs-wording.ts";

/** Between two looks at the network while verdicts are held. */
const LOOK_INTERVAL_US = 1_000_000;

export interface FailureGuardDependencies {
  readonly clock: LvsClock;
  readonly log: (record: SpokenRecord) => void;
  /** @returns what is wrong with this machine's own network, null for nothing */
  readonly lookAtNetwork: (targets: readonly LookedAt[]) => Promise<string | null>;
  /** What is loud enough to be mailed. */
  readonly onAlert: (record: SpokenRecord) => void;
  /** Verdicts that were held and take effect now, or went through and are taken back (`isUp`). */
  readonly onLateVerdicts: (reports: readonly ProbeReport[], isUp: boolean) => void;
}

/** Runs the correlated-failure guard between the probes and the pools. */
export class FailureGuard {
  readonly #dependencies: FailureGuardDependencies;
  #config: GuardConfig = { poolSizes: [], windowUs: 0 };
  readonly #state = createGuardState();
  /** Of what is down, by target. */
  readonly #reports = new Map<string, ProbeReport>();
  #cancelTimer: (() => void) | null = null;
  #isClosed = false;

  constructor(dependencies: FailureGuardDependencies) {
    this.#dependencies = dependencies;
  }

  /** Targets that the configuration has no more are forgotten, those that are held stay held. */
  configure(virtualServers: readonly VirtualServer[], targets: ReadonlyMap<string, PlannedTarget>): void {
    this.#config = {
      poolSizes: virtualServers.map(({ isGuarded, realServers }) => (isGuarded === true ? realServers.length : null)),
      windowUs: Math.max(0, ...virtualServers.map(longestNoticeUs)),
    };
    for (const [id, report] of this.#reports) {
      const target = targets.get(id);
      if (target === undefined) this.#forget(id);
      else this.#reports.set(id, { ...report, target });
    }
    relocate(this.#state, (id) => {
      const target = targets.get(id);
      return target === undefined ? null : placesOf(target);
    });
  }

  isHeld(target: string): boolean {
    return isHeld(this.#state, target);
  }

  /** @returns whether the verdict takes effect now */
  admits(report: ProbeReport): boolean {
    const { target, verdict } = report;
    if (verdict === null || verdict.isUp) {
      this.#forget(target.id);
      return true;
    }
    this.#reports.set(target.id, report);
    const atUs = this.#dependencies.clock.nowUs();
    const effects = this.#step({ kind: "down", target: target.id, places: placesOf(target), atUs });
    const isAdmitted = effects.some((effect) => effect.kind === "pass");
    if (effects.some(({ kind }) => kind === "look")) void this.#look();
    return isAdmitted;
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
  }

  #forget(target: string): void {
    this.#reports.delete(target);
    this.#step({ kind: "up", target });
  }

  #step(event: GuardEvent): readonly GuardEffect[] {
    return stepGuard(this.#config, this.#state, event);
  }

  async #look(): Promise<void> {
    const down = [...this.#reports.values()].map(({ target: { probe } }) => ({
      family: probe.family,
      address: probe.address,
    }));
    // What can't be looked at is no reason to hold anything.
    const problem = await this.#dependencies.lookAtNetwork(down).catch(() => null);
    if (this.#isClosed) return;
    this.#carryOut(this.#step({ kind: "network", problem, atUs: this.#dependencies.clock.nowUs() }));
    if (this.#state.mode.kind === "watching") return;
    this.#cancelTimer = this.#dependencies.clock.after(LOOK_INTERVAL_US, () => void this.#look());
  }

  #carryOut(effects: readonly GuardEffect[]): void {
    const { log, onAlert, onLateVerdicts } = this.#dependencies;
    const of = (kind: "pass" | "take-back"): readonly ProbeReport[] =>
      effects.flatMap((effect) => (effect.kind === kind ? (this.#reports.get(effect.target) ?? []) : []));
    for (const effect of effects) {
      if (effect.kind !== "hold-began" && effect.kind !== "hold-ended") continue;
      const record = effect.kind === "hold-began" ? speakHoldBegan(effect) : speakHoldEnded(effect.targets);
      log(record);
      onAlert(record);
    }
    const [passed, takenBack] = [of("pass"), of("take-back")];
    if (takenBack.length > 0) onLateVerdicts(takenBack, true);
    if (passed.length > 0) onLateVerdicts(passed, false);
  }
}

function placesOf({ askers }: PlannedTarget): readonly GuardPlace[] {
  return askers.map(({ virtualServer, server }) => ({ pool: virtualServer, server }));
}

/** From an outage to the last verdict about it. */
function longestNoticeUs({ realServers }: VirtualServer): number {
  const times = realServers.flatMap(({ checkers }) =>
    checkers.map(
      ({ timing: { delayLoopUs, retries, delayBeforeRetryUs, connectTimeoutUs } }) =>
        delayLoopUs + retries * delayBeforeRetryUs + (retries + 1) * connectTimeoutUs,
    ),
  );
  return Math.max(0, ...times);
}
