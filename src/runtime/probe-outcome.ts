/**
 * What the end of a probe means, for probes that JavaScript carries out: the rules of `native/probe/schedule.cc`, which
 * says why they are so.
 */
import type { ProbeReason, ProbeResult, ProbeSchedule, ProbeStage } from "../native/contract.ts";

/** How a probe ended. Only a verdict says something about the server. */
export type ProbeOutcome =
  | {
      readonly kind: "verdict";
      readonly result: ProbeResult;
      readonly reason: ProbeReason;
      readonly stage: ProbeStage;
      readonly errno: number;
    }
  /** It failed on this machine. */
  | { readonly kind: "local" }
  /** It was judged so late that nobody can tell. */
  | { readonly kind: "late" };

const RETRY_FLOOR_US = 100_000;
const LATE_RETRY_US = 1_000_000;
const LATE_FLOOR_US = 50_000;

const REASONS: Readonly<Record<string, ProbeReason>> = {
  ECONNREFUSED: "refused",
  ETIMEDOUT: "timeout",
  ECONNRESET: "reset",
  EPIPE: "reset",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  EHOSTDOWN: "unreachable",
  ENONET: "unreachable",
  EACCES: "unreachable",
  ENOPROTOOPT: "unreachable",
};
const LOCAL_CODES: ReadonlySet<string> = new Set(["ENETDOWN", "ENODEV", "ENOBUFS", "ENOMEM", "EADDRNOTAVAIL"]);

export function isExpected(schedule: ProbeSchedule, result: ProbeResult): boolean {
  return schedule.expected === result;
}

/** From the end of a probe to the start of the next one. */
export function delayAfterUs(schedule: ProbeSchedule, outcome: ProbeOutcome): number {
  const retryUs = Math.max(schedule.unexpectedIntervalUs, RETRY_FLOOR_US);
  if (outcome.kind === "local") return retryUs;
  if (outcome.kind === "late") return Math.min(retryUs, LATE_RETRY_US);
  return isExpected(schedule, outcome.result) ? schedule.intervalUs : schedule.unexpectedIntervalUs;
}

export function succeeded(stage: ProbeStage): ProbeOutcome {
  return { kind: "verdict", result: "success", reason: "ok", stage, errno: 0 };
}

export function failed(reason: ProbeReason, stage: ProbeStage, errno = 0): ProbeOutcome {
  return { kind: "verdict", result: "failure", reason, stage, errno };
}

const NO_WAY: ReadonlySet<string> = new Set(["ENETUNREACH", "EHOSTUNREACH", "ENETDOWN"]);

/** The socket could not be made or connected. @param code for example `EMFILE` */
export function judgeBegin(code: string, errno: number): ProbeOutcome {
  if (code === "ECONNREFUSED") return failed("refused", "connect", errno);
  return NO_WAY.has(code) ? failed("unreachable", "route", errno) : { kind: "local" };
}

/** An error of a socket after the probe had left. @param code for example `ECONNRESET` */
export function judgeError(code: string, stage: ProbeStage, errno: number): ProbeOutcome {
  return LOCAL_CODES.has(code) ? { kind: "local" } : failed(REASONS[code] ?? "other", stage, errno);
}

/** A success or a timeout that was handled long after the time was over says nothing. */
export function judgeTime(outcome: ProbeOutcome, elapsedUs: number, timeoutUs: number): ProbeOutcome {
  if (outcome.kind !== "verdict") return outcome;
  const dependsOnTime = outcome.result === "success" || outcome.reason === "timeout";
  const isTooLate = elapsedUs - timeoutUs > Math.max(LATE_FLOOR_US, timeoutUs / 4);
  return dependsOnTime && isTooLate ? { kind: "late" } : outcome;
}
