import type { ApplicationChecker } from "../model/checks.ts";
import type { CheckerTiming, RealServer } from "../model/lvs.ts";
import type { Microseconds } from "../model/units.ts";
import { type PolicyState, pendingPolicy, stepPolicy } from "./policy.ts";

/** How a script of a MISC_CHECK ended. */
export type MiscEnd =
  | { readonly kind: "exited"; readonly status: number }
  | { readonly kind: "signalled"; readonly signal: number }
  /** Ended by a signal after its time was over. */
  | { readonly kind: "timed-out" };

export interface MiscState {
  readonly policy: PolicyState;
  /** What the last good run with `misc_dynamic` asked for; null is the configured weight. */
  readonly weight: number | null;
}

export interface MiscRules {
  readonly timing: CheckerTiming;
  /** `misc_dynamic` */
  readonly setsWeight: boolean;
}

export interface MiscStep {
  readonly state: MiscState;
  readonly isGood: boolean;
  readonly verdict: { readonly isUp: boolean; readonly isFirst: boolean; readonly retries: number } | null;
  /** The failure is the `retry`-th that will be retried; 0 if it is none. */
  readonly retry: number;
  /** From the start of the run to the next one. */
  readonly waitUs: Microseconds;
}

/** The number of weights that an exit status can ask for begins here. */
const FIRST_WEIGHT_STATUS = 2;

const LARGEST_WEIGHT = 65_535;
const LARGEST_PRODUCT = 2 ** 31 - 1;

const NONE: readonly ApplicationChecker[] = [];

/** The checkers of a server that are carried out beside the probe loop, in the order of the configuration. */
export function applicationCheckersOf(server: RealServer): readonly ApplicationChecker[] {
  if (!isConfigured(server) || server.applicationCheckers.length === 0) return NONE;
  return server.applicationCheckers.filter(
    ({ check }) => check.kind === "misc" || check.kind === "file" || check.kind === "bfd",
  );
}

interface WithApplicationCheckers extends RealServer {
  readonly applicationCheckers: readonly ApplicationChecker[];
}

function isConfigured(server: RealServer): server is WithApplicationCheckers {
  return "applicationCheckers" in server;
}

/** keepalived: the value of a file is known at once, so alpha means nothing there. */
export function startsFailed({ check, timing }: ApplicationChecker): boolean {
  return check.kind !== "file" && timing.isAlpha;
}

export function pendingMisc(isDecidedAtOnce: boolean): MiscState {
  return { policy: pendingPolicy(isDecidedAtOnce), weight: null };
}

/** One run has ended. */
export function stepMisc({ timing, setsWeight }: MiscRules, state: MiscState, end: MiscEnd): MiscStep {
  const isGood = end.kind === "exited" && (end.status === 0 || (setsWeight && end.status >= FIRST_WEIGHT_STATUS));
  const { state: policy, effects } = stepPolicy(timing, state.policy, isGood ? "success" : "failure");
  const verdict = effects.find((effect) => effect.kind === "verdict") ?? null;
  const retry = effects.find((effect) => effect.kind === "retry")?.retry ?? 0;
  return {
    state: { policy, weight: isGood && setsWeight ? weightOf(end.status) : state.weight },
    isGood,
    verdict: verdict === null ? null : { isUp: verdict.isUp, isFirst: verdict.isFirst, retries: verdict.retries },
    retry,
    waitUs:
      retry > 0
        ? timing.delayBeforeRetryUs
        : isGood
          ? timing.delayLoopUs
          : (timing.downDelayLoopUs ?? timing.delayLoopUs),
  };
}

function weightOf(status: number): number | null {
  return status === 0 ? null : status - FIRST_WEIGHT_STATUS;
}

export interface FileEffect {
  /** Added to the server's weight. */
  readonly weight: number;
  readonly isFailed: boolean;
}

/** Value x weight counts; without a weight anything but 0 is a failure, and so is a product at the lowest limit. */
export function fileEffect(rule: { readonly weight: number; readonly isReversed: boolean }, value: number): FileEffect {
  if (rule.weight === 0) return { weight: 0, isFailed: (value !== 0) !== rule.isReversed };
  const product = value * rule.weight * (rule.isReversed ? -1 : 1);
  if (product <= -LARGEST_PRODUCT) return { weight: 0, isFailed: true };
  return { weight: Math.min(LARGEST_PRODUCT, product), isFailed: false };
}

/** @param added by files */
export function effectiveWeight(base: number, added: readonly number[]): number {
  const sum = added.reduce((total, one) => total + one, base);
  return Math.max(0, Math.min(LARGEST_WEIGHT, sum));
}
