import { isSameModel } from "../model/equality.ts";
import type { VrrpScript } from "../model/tracking.ts";
import { carryScript, initialScript, type ScriptResult, type ScriptState, stepScript } from "../tracking/script.ts";
import type { SpokenRecord } from "./log.ts";
import { resolveCommand } from "./script-command.ts";
import type { ScriptEnd, ScriptRun, ScriptRunner } from "./script-runner.ts";
import type { VrrpClock } from "./vrrp-types.ts";

export interface ScriptTrackersDependencies {
  readonly runner: Pick<ScriptRunner, "start">;
  readonly clock: VrrpClock;
  readonly log: (record: SpokenRecord) => void;
  /** A verdict changed. */
  readonly onNews: () => void;
}

/** Reasons that lie in the script; any other says something about this machine, not about what the script looks at. */
const SCRIPT_AT_FAULT = ["ENOENT", "EACCES", "EPERM", "ENOEXEC", "ENOTDIR", "ELOOP", "EISDIR"];

/** One `vrrp_script`, run at its interval. */
class ScriptTracker {
  readonly script: VrrpScript;
  state: ScriptState;
  readonly #dependencies: ScriptTrackersDependencies;
  readonly #command: ReturnType<typeof resolveCommand>;
  #run: ScriptRun | null = null;
  /** The deadline has passed and the verdict is given; the run is being ended. */
  #isOverdue = false;
  #cancel: () => void = () => undefined;
  #dueAtUs: number;
  #isClosed = false;

  constructor(script: VrrpScript, state: ScriptState, dependencies: ScriptTrackersDependencies) {
    this.script = script;
    this.state = state;
    this.#dependencies = dependencies;
    this.#command = resolveCommand(script.command);
    this.#dueAtUs = dependencies.clock.nowUs();
  }

  get isRunning(): boolean {
    return this.#run !== null;
  }

  begin(): void {
    this.#dueAtUs = this.#dependencies.clock.nowUs();
    this.#tick();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
    this.#run?.terminate();
  }

  /** Runs follow a fixed rhythm; beats that were missed are left out. */
  #tick(): void {
    const { clock } = this.#dependencies;
    const { intervalUs } = this.script;
    this.#begin();
    const nowUs = clock.nowUs();
    this.#dueAtUs += intervalUs * Math.max(1, Math.floor((nowUs - this.#dueAtUs) / intervalUs));
    if (this.#dueAtUs <= nowUs) this.#dueAtUs += intervalUs;
    this.#cancel = clock.after(this.#dueAtUs - nowUs, () => this.#tick());
  }

  #begin(): void {
    const { name, timeoutUs } = this.script;
    if (this.#run !== null) {
      this.#say("info", "script still running", `Track script ${name} is already running, expect idle - skipping run`);
      return;
    }
    this.#isOverdue = false;
    const start = { ...this.#command, timeoutMs: Math.max(1, Math.round(timeoutUs / 1000)) };
    this.#run = this.#dependencies.runner.start(start, {
      onTimeout: () => {
        this.#isOverdue = true;
        this.#take({ kind: "timed-out" });
      },
      onEnd: (end) => {
        this.#run = null;
        if (!this.#isOverdue) this.#onEnd(end);
      },
    });
  }

  #onEnd(end: ScriptEnd): void {
    if (end.kind !== "not-started") this.#take(end);
    else if (SCRIPT_AT_FAULT.includes(end.reason)) this.#take({ kind: "not-runnable", reason: end.reason });
    else if (!this.#isClosed) {
      const { name } = this.script;
      this.#say("warning", "script not started", `VRRP_Script(${name}) could not be started: ${end.reason}`);
    }
  }

  #take(result: ScriptResult): void {
    if (this.#isClosed) return;
    const { state, notes, isNews } = stepScript(this.script.name, this.script, this.state, result);
    this.state = state;
    for (const { kind, text } of notes) this.#say("info", `script ${kind}`, text);
    if (isNews) this.#dependencies.onNews();
  }

  #say(level: SpokenRecord["level"], message: string, text: string): void {
    this.#dependencies.log({ level, message, fields: { script: this.script.name }, text });
  }
}

/** How a script fares. */
export interface TrackedScriptState extends ScriptState {
  readonly isRunning: boolean;
}

/** All scripts that somebody tracks. */
export class ScriptTrackers {
  readonly #dependencies: ScriptTrackersDependencies;
  #trackers: ReadonlyMap<string, ScriptTracker> = new Map();

  constructor(dependencies: ScriptTrackersDependencies) {
    this.#dependencies = dependencies;
  }

  /** keepalived: running scripts are ended and known ones keep their verdict. `begin` runs them. */
  configure(scripts: readonly VrrpScript[], isReload: boolean): void {
    const before = this.#trackers;
    for (const tracker of before.values()) tracker.close();
    const states = scripts.map((script) => this.#stateFor(script, before.get(script.name) ?? null, isReload));
    this.#trackers = new Map(
      scripts.map((script, index) => {
        const state = states[index] ?? initialScript(script);
        return [script.name, new ScriptTracker(script, state, this.#dependencies)];
      }),
    );
  }

  /** The first run of each is at once. */
  begin(): void {
    for (const tracker of this.#trackers.values()) tracker.begin();
  }

  /** Null: nothing is known yet. */
  isGood(name: string): boolean | null {
    return this.#trackers.get(name)?.state.isGood ?? null;
  }

  /** By name. */
  states(): ReadonlyMap<string, TrackedScriptState> {
    return new Map([...this.#trackers].map(([name, { state, isRunning }]) => [name, { ...state, isRunning }]));
  }

  close(): void {
    for (const tracker of this.#trackers.values()) tracker.close();
  }

  #stateFor(script: VrrpScript, before: ScriptTracker | null, isReload: boolean): ScriptState {
    if (before === null || !isReload || !isSameCommand(before.script, script)) return initialScript(script);
    const state = carryScript(script, before.state);
    if (state.isGood !== null) {
      const text = `VRRP_Script(${script.name}) considered ${state.isGood ? "successful" : "unsuccessful"} on reload`;
      this.#dependencies.log({ level: "info", message: "script kept", fields: { script: script.name }, text });
    }
    return state;
  }
}

function isSameCommand(left: VrrpScript, right: VrrpScript): boolean {
  return isSameModel(left.command.argv, right.command.argv) && isSameModel(left.command.user, right.command.user);
}
