import type { TrackProcess } from "../model/tracking.ts";
import type { Microseconds } from "../model/units.ts";

/** What the machine needs of a tracked process. */
export type ProcessRules = Pick<TrackProcess, "quorum" | "quorumMaximum" | "forkDelayUs" | "terminateDelayUs">;

export interface ProcessState {
  readonly count: number;
  readonly hasQuorum: boolean;
  /** A change waits for its delay. */
  readonly isDelayed: boolean;
}

export type ProcessEvent = { readonly kind: "count"; readonly count: number } | { readonly kind: "delay-passed" };

export interface ProcessStep {
  readonly state: ProcessState;
  /** Null leaves the timer alone. */
  readonly timer: { readonly kind: "start"; readonly delayUs: Microseconds } | { readonly kind: "stop" } | null;
  readonly isNews: boolean;
}

function isQuorum({ quorum, quorumMaximum }: ProcessRules, count: number): boolean {
  return count >= quorum && (quorumMaximum === null || count <= quorumMaximum);
}

export function initialProcess(rules: ProcessRules, count: number): ProcessState {
  return { count, hasQuorum: isQuorum(rules, count), isDelayed: false };
}

/** The number of processes changed, or a delay has passed. */
export function stepProcess(rules: ProcessRules, state: ProcessState, event: ProcessEvent): ProcessStep {
  if (event.kind === "delay-passed") {
    if (!state.isDelayed) return { state, timer: null, isNews: false };
    return settle(rules, { ...state, isDelayed: false }, null);
  }
  const next: ProcessState = { ...state, count: event.count };
  const isChange = isQuorum(rules, event.count) !== state.hasQuorum;
  if (!isChange) {
    return { state: { ...next, isDelayed: false }, timer: state.isDelayed ? { kind: "stop" } : null, isNews: false };
  }
  if (state.isDelayed) return { state: next, timer: null, isNews: false };
  const delayUs = event.count > state.count ? rules.forkDelayUs : rules.terminateDelayUs;
  if (delayUs === 0) return settle(rules, next, null);
  return { state: { ...next, isDelayed: true }, timer: { kind: "start", delayUs }, isNews: false };
}

function settle(rules: ProcessRules, state: ProcessState, timer: ProcessStep["timer"]): ProcessStep {
  const hasQuorum = isQuorum(rules, state.count);
  return { state: { ...state, hasQuorum }, timer, isNews: hasQuorum !== state.hasQuorum };
}

/** A running process as /proc shows it. */
export interface ProcessFacts {
  /** At most 15 octets. */
  readonly name: string;
  /** Empty for threads of the kernel. */
  readonly argv: readonly string[];
}

const LONGEST_NAME_BYTES = 15;

/** @returns whether the process is one of those that are counted */
export function matchesProcess(
  wanted: Pick<TrackProcess, "command" | "parameterMatch" | "matchesFullCommand">,
  { name, argv }: ProcessFacts,
): boolean {
  const [command = "", ...parameters] = wanted.command;
  const needsArguments = wanted.matchesFullCommand || wanted.parameterMatch !== "none";
  if (!needsArguments) return name === command.slice(0, LONGEST_NAME_BYTES);
  if (argv[0] !== command) return false;
  return wanted.parameterMatch === "none" || matchesParameters(wanted.parameterMatch, parameters, argv.slice(1));
}

function matchesParameters(
  rule: Exclude<TrackProcess["parameterMatch"], "none">,
  wanted: readonly string[],
  found: readonly string[],
): boolean {
  if (rule === "exact" && wanted.length !== found.length) return false;
  const last = wanted.length - 1;
  return wanted.every((word, index) =>
    rule === "partial" && index === last ? found[index]?.startsWith(word) === true : found[index] === word,
  );
}
