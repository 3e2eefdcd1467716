import type { VrrpScript } from "../model/tracking.ts";

/** What the machine needs of a script. */
export type ScriptRules = Pick<VrrpScript, "rise" | "fall">;

/** How a run ended. One that could not be started says nothing about what the script would have found. */
export type ScriptResult =
  | { readonly kind: "exited"; readonly status: number }
  | { readonly kind: "signalled"; readonly signal: number }
  | { readonly kind: "timed-out" }
  /** The script itself is not there, or nobody may run it. */
  | { readonly kind: "not-runnable"; readonly reason: string };

export interface ScriptState {
  /** 0..rise+fall-1; good from `rise` on. */
  readonly counter: number;
  /** Exit status of the last run, initially 0. */
  readonly lastStatus: number;
  /** Null: no run has ended yet. */
  readonly isGood: boolean | null;
}

export interface ScriptNote {
  readonly kind: "status" | "succeeded" | "failed" | "timed-out";
  readonly text: string;
}

export interface ScriptStep {
  readonly state: ScriptState;
  /** Said in this order. */
  readonly notes: readonly ScriptNote[];
  readonly isNews: boolean;
}

// keepalived: one success is enough at the start, and one failure makes it bad.
export function initialScript(rules: ScriptRules): ScriptState {
  return { counter: rules.rise - 1, lastStatus: 0, isGood: null };
}

/** The verdict survives a reload; the counter starts at its end of the scale. */
export function carryScript(rules: ScriptRules, before: ScriptState): ScriptState {
  if (before.isGood === null) return initialScript(rules);
  return { ...before, counter: before.isGood ? rules.rise + rules.fall - 1 : 0 };
}

/** One run has ended. `name` is for what is said about it. */
export function stepScript(name: string, rules: ScriptRules, state: ScriptState, result: ScriptResult): ScriptStep {
  const isSuccess = result.kind === "exited" && result.status === 0;
  const lastStatus = result.kind === "exited" ? result.status : state.lastStatus;
  const counter = isSuccess ? risen(rules, state.counter) : fallen(rules, state.counter);
  const isGood = counter >= rules.rise;
  const isNews = state.isGood !== isGood;
  const next: ScriptState = { counter, lastStatus, isGood };
  const status: readonly ScriptNote[] =
    lastStatus === state.lastStatus ? [] : [{ kind: "status", text: `Script \`${name}\` now returning ${lastStatus}` }];
  return { state: next, notes: isNews ? [...status, verdictNote(name, isGood, result)] : status, isNews };
}

function risen({ rise, fall }: ScriptRules, counter: number): number {
  return counter < rise - 1 ? counter + 1 : rise + fall - 1;
}

function fallen({ rise }: ScriptRules, counter: number): number {
  return counter > rise ? counter - 1 : 0;
}

function verdictNote(name: string, isGood: boolean, result: ScriptResult): ScriptNote {
  if (isGood) return { kind: "succeeded", text: `VRRP_Script(${name}) succeeded` };
  switch (result.kind) {
    case "timed-out":
      return { kind: "timed-out", text: `VRRP_Script(${name}) timed_out` };
    case "exited":
      return { kind: "failed", text: `VRRP_Script(${name}) failed (exited with status ${result.status})` };
    case "signalled":
      return { kind: "failed", text: `VRRP_Script(${name}) failed (due to signal ${result.signal})` };
    case "not-runnable":
      return { kind: "failed", text: `VRRP_Script(${name}) failed (could not be started: ${result.reason})` };
  }
}
