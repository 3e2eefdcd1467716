import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { getSystemErrorName } from "node:util";
import { errorText } from "./error-code.ts";
import type { SpokenRecord } from "./log.ts";
import {
  encodeMakeFifo,
  encodeStart,
  encodeTerminate,
  LONGEST_REQUEST_BYTES,
  ReportReader,
  type RunnerReport,
  type RunnerUser,
} from "./script-protocol.ts";

/** What to run. */
export interface ScriptStart {
  /** Absolute. */
  readonly file: string;
  readonly argv: readonly string[];
  /** Null: the daemon's own. */
  readonly user: RunnerUser | null;
  /** SIGTERM after this, SIGKILL 2 s later; 0 for no limit. */
  readonly timeoutMs: number;
}

/** `not-started` says nothing about what the script would have found. */
export type ScriptEnd =
  | { readonly kind: "not-started"; readonly reason: string }
  | { readonly kind: "exited"; readonly status: number }
  | { readonly kind: "signalled"; readonly signal: number };

export interface ScriptListener {
  /** Called once, always later than `start`. */
  onEnd(end: ScriptEnd): void;
  /** The limit has passed; the end follows. */
  onTimeout?(): void;
}

export interface ScriptRun {
  /** SIGTERM to its process group, SIGKILL 2 s later. */
  terminate(): void;
}

/** Starts scripts in a small process of its own, so that the daemon never forks. */
export interface ScriptRunner {
  /** Starts the helper process, unless it runs already. */
  open(): void;
  start(script: ScriptStart, listener: ScriptListener): ScriptRun;
  /** @returns null, or the name of the error: `EEXIST` when something is there already */
  makeFifo(path: string, mode: number, user: RunnerUser | null): Promise<string | null>;
  /** Ends the helper and, with it, every script that still runs. Idempotent. */
  close(): void;
}

export interface ScriptRunnerOptions {
  /** The helper's executable. */
  readonly program: string;
  readonly log: (record: SpokenRecord) => void;
}

/** Variables that would change what a script does behind its author's back. */
const UNWANTED_VARIABLES = ["IFS", "LD_PRELOAD", "LD_LIBRARY_PATH"];
/** A helper that dies at once shall not be started in a loop. */
const RESTART_PAUSE_MS = 1_000;

type Waiting = { readonly kind: "script"; readonly listener: ScriptListener } | FifoRequest;

interface FifoRequest {
  readonly kind: "fifo";
  readonly done: (error: string | null) => void;
}

export function createScriptRunner(options: ScriptRunnerOptions): ScriptRunner {
  return new Runner(options);
}

export function scriptEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !UNWANTED_VARIABLES.includes(name)));
}

class Runner implements ScriptRunner {
  readonly #options: ScriptRunnerOptions;
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess | null = null;
  #startedAtMs = Number.NEGATIVE_INFINITY;
  #last = 0;
  #isClosed = false;

  constructor(options: ScriptRunnerOptions) {
    this.#options = options;
  }

  open(): void {
    if (this.#child !== null || this.#isClosed) return;
    this.#startedAtMs = performance.now();
    const child = spawn(this.#options.program, [], {
      stdio: ["pipe", "pipe", "ignore"],
      detached: true,
      env: scriptEnvironment(process.env),
    });
    this.#child = child;
    const reader = new ReportReader();
    child.stdout?.on("data", (part: Buffer) => {
      for (const report of reader.push(part)) this.#onReport(report);
    });
    // The end of the process is told by "exit" or "error"; that a pipe broke is no more news.
    child.stdin?.on("error", () => undefined);
    child.once("error", (error) => this.#onGone(child, errorText(error)));
    child.once("close", (status, signal) => this.#onGone(child, `ended (${signal ?? `status ${status}`})`));
  }

  start(script: ScriptStart, listener: ScriptListener): ScriptRun {
    const run = this.#number({ kind: "script", listener });
    const problem = this.#send(encodeStart({ run, ...script }));
    if (problem !== null) this.#refuse(run, problem);
    return { terminate: () => this.#terminate(run) };
  }

  makeFifo(path: string, mode: number, user: RunnerUser | null): Promise<string | null> {
    return new Promise((done) => {
      const run = this.#number({ kind: "fifo", done });
      const problem = this.#send(encodeMakeFifo(run, path, mode, user));
      if (problem !== null) this.#refuse(run, problem);
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#child?.stdin?.end();
  }

  #number(waiting: Waiting): number {
    this.#last = (this.#last % 0xffff_fffe) + 1;
    this.#waiting.set(this.#last, waiting);
    return this.#last;
  }

  /** @returns why it was not sent, or null */
  #send(request: Buffer): string | null {
    if (request.length > LONGEST_REQUEST_BYTES) return "too many or too long arguments";
    if (this.#child === null && performance.now() >= this.#startedAtMs + RESTART_PAUSE_MS) this.open();
    if (this.#child === null) return "the process that starts scripts is not running";
    this.#child.stdin?.write(request);
    return null;
  }

  #terminate(run: number): void {
    if (this.#waiting.has(run) && this.#child !== null) this.#child.stdin?.write(encodeTerminate(run));
  }

  #refuse(run: number, reason: string): void {
    setImmediate(() => this.#finish(run, { kind: "not-started", reason }));
  }

  #onReport(report: RunnerReport): void {
    const waiting = this.#waiting.get(report.run);
    if (waiting === undefined) return;
    switch (report.kind) {
      case "timed-out":
        if (waiting.kind === "script") waiting.listener.onTimeout?.();
        break;
      case "fifo":
        this.#waiting.delete(report.run);
        if (waiting.kind === "fifo") waiting.done(report.errno === 0 ? null : errnoName(report.errno));
        break;
      case "not-started":
        this.#finish(report.run, { kind: "not-started", reason: errnoName(report.errno) });
        break;
      case "exited":
        this.#finish(report.run, { kind: "exited", status: report.status });
        break;
      case "signalled":
        this.#finish(report.run, { kind: "signalled", signal: report.signal });
        break;
    }
  }

  #finish(run: number, end: ScriptEnd): void {
    const waiting = this.#waiting.get(run);
    if (waiting === undefined) return;
    this.#waiting.delete(run);
    if (waiting.kind === "script") waiting.listener.onEnd(end);
    else waiting.done(end.kind === "not-started" ? end.reason : "EIO");
  }

  /** What ran is lost sight of: nothing can be said about it. */
  #onGone(child: ChildProcess, reason: string): void {
    if (this.#child !== child) return;
    this.#child = null;
    if (!this.#isClosed) {
      const text = `The process that starts scripts: ${reason}`;
      this.#options.log({ level: "error", message: "script runner gone", fields: { reason }, text });
    }
    const lost = [...this.#waiting.keys()];
    for (const run of lost) this.#finish(run, { kind: "not-started", reason: "the process that starts scripts ended" });
  }
}

function errnoName(errno: number): string {
  const known = Object.values(constants.errno).includes(errno);
  return known ? getSystemErrorName(-errno) : `errno ${errno}`;
}
