import { applicationCheckersOf } from "../checker/application.ts";
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
import { asksUrls, type PlannedTarget } from "../checker/targets.ts";
import type { CheckerTiming, VirtualServer } from "../model/lvs.ts";
import type { SpokenRecord } from "./log.ts";
import type { LookedAt } from "./lvs-network-look.ts";
import type { LvsClock, LvsPoolEvent } from "./lvs-types.ts";
import { speakHoldBegan, speakHoldEnded } from "./lvs-wording.ts";

/** Between two looks at the network while verdicts are held. */
const LOOK_INTERVAL_US = 1_000_000;

/** A check on the probe loop or beside it, as the guard sees it. */
export interface GuardedCheck extends Pick<PlannedTarget, "id" | "askers"> {
  readonly probe: LookedAt;
}

export interface GuardedVerdict {
  readonly check: GuardedCheck;
  readonly isUp: boolean;
  readonly isFirst: boolean;
  readonly cause: LvsPoolEvent["cause"];
}

export interface FailureGuardDependencies {
  readonly clock: LvsClock;
  readonly log: (record: SpokenRecord) => void;
  /** @returns what is wrong with this machine's own network, null for nothing */
  readonly lookAtNetwork: (targets: readonly LookedAt[]) => Promise<string | null>;
  /** What is loud enough to be mailed. */
  readonly onAlert: (record: SpokenRecord) => void;
  /** Verdicts that were held and take effect now, or went through and are taken back (`isUp`). */
  readonly onLateVerdicts: (verdicts: readonly GuardedVerdict[]) => void;
}

/** Runs the correlated-failure guard between the checks and the pools. */
export class FailureGuard {
  readonly #dependencies: FailureGuardDependencies;
  #config: GuardConfig = { poolSizes: [], windowUs: 0 };
  readonly #state = createGuardState();
  /** Of what is down, by check. */
  readonly #verdicts = new Map<string, GuardedVerdict>();
  #cancelTimer: (() => void) | null = null;
  #isClosed = false;

  constructor(dependencies: FailureGuardDependencies) {
    this.#dependencies = dependencies;
  }

  /** Checks that the configuration has no more are forgotten, those that are held stay held. @param checks by id */
  configure(virtualServers: readonly VirtualServer[], checks: (id: string) => GuardedCheck | undefined): void {
    this.#config = {
      poolSizes: virtualServers.map(({ isGuarded, realServers }) => (isGuarded === true ? realServers.length : null)),
      windowUs: virtualServers.reduce((longest, one) => Math.max(longest, longestNoticeUs(one)), 0),
    };
    for (const [id, verdict] of this.#verdicts) {
      const check = checks(id);
      if (check === undefined) this.#forget(id);
      else this.#verdicts.set(id, { ...verdict, check });
    }
    relocate(this.#state, (id) => {
      const check = checks(id);
      return check === undefined ? null : placesOf(check);
    });
  }

  isHeld(target: string): boolean {
    return isHeld(this.#state, target);
  }

  /** @returns whether the verdict takes effect now */
  admits(verdict: GuardedVerdict): boolean {
    const { check, isUp } = verdict;
    if (isUp) {
      this.#forget(check.id);
      return true;
    }
    this.#verdicts.set(check.id, verdict);
    const atUs = this.#dependencies.clock.nowUs();
    const effects = this.#step({ kind: "down", target: check.id, places: placesOf(check), atUs });
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
    this.#verdicts.delete(target);
    this.#step({ kind: "up", target });
  }

  #step(event: GuardEvent): readonly GuardEffect[] {
    return stepGuard(this.#config, this.#state, event);
  }

  async #look(): Promise<void> {
    const down = [...this.#verdicts.values()].map(({ check: { probe } }) => ({
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
    const of = (kind: "pass" | "take-back"): readonly GuardedVerdict[] =>
      effects.flatMap((effect) => (effect.kind === kind ? (this.#verdicts.get(effect.target) ?? []) : []));
    for (const effect of effects) {
      if (effect.kind !== "hold-began" && effect.kind !== "hold-ended") continue;
      const record = effect.kind === "hold-began" ? speakHoldBegan(effect) : speakHoldEnded(effect.targets);
      log(record);
      onAlert(record);
    }
    const late = [...of("take-back").map((verdict) => ({ ...verdict, isUp: true })), ...of("pass")];
    if (late.length > 0) onLateVerdicts(late);
  }
}

function placesOf({ askers }: GuardedCheck): readonly GuardPlace[] {
  return askers.map(({ virtualServer, server }) => ({ pool: virtualServer, server }));
}

/** From an outage to the last verdict about it. */
function longestNoticeUs({ realServers }: VirtualServer): number {
  let longestUs = 0;
  for (const server of realServers) {
    for (const checker of server.checkers) {
      longestUs = Math.max(longestUs, noticeUs(checker.timing, asksUrls(checker) ? checker.urls.length : 1));
    }
    for (const { check, timing } of applicationCheckersOf(server)) {
      // Files and sessions have no rhythm of ours.
      if (check.kind !== "misc") continue;
      const connectTimeoutUs = check.timeoutUs === 0 ? timing.delayLoopUs : check.timeoutUs;
      longestUs = Math.max(longestUs, noticeUs({ ...timing, connectTimeoutUs }, 1));
    }
  }
  return longestUs;
}

/** @param turns how many checks it takes until all that is checked had its turn */
function noticeUs(
  { delayLoopUs, retries, delayBeforeRetryUs, connectTimeoutUs }: CheckerTiming,
  turns: number,
): number {
  return turns * delayLoopUs + retries * delayBeforeRetryUs + (retries + 1) * connectTimeoutUs;
}
