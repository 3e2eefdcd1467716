import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/**
 * Node cannot fork, so the daemon is a second process in a session of its own, with a pipe on
 * which it says how its start goes. Whoever typed the command waits for that: keepalived's parent
 * returns at once, before anything can be known.
 */

/** Names the descriptor of the status pipe for the daemon; removed before anything else is started. */
const STATUS_VARIABLE = "HOLDFAST_STATUS_FD";
const STATUS_FD = 3;

/** How long a start may take before the command returns and leaves the daemon to itself. */
const PATIENCE_MS = 60_000;

type StatusLine =
  /** For the standard error of the waiting command. */
  | { readonly say: string }
  /** The daemon is up. */
  | { readonly up: true }
  /** The daemon is about to end with this code. */
  | { readonly exit: number };

/** The daemon's end of the pipe. All calls are harmless when nobody waits. */
export interface StartReporter {
  say(text: string): void;
  up(): void;
  failed(exitCode: number): void;
}

function writeStatus(fd: number, line: StatusLine): void {
  try {
    writeSync(fd, `${JSON.stringify(line)}\n`);
  } catch {
    // The waiting command was interrupted; the daemon goes on.
  }
}

/** @returns null when this process was not started by `launchDaemon` */
export function takeStartReporter(environment: NodeJS.ProcessEnv): StartReporter | null {
  const text = environment[STATUS_VARIABLE];
  delete environment[STATUS_VARIABLE];
  if (text !== String(STATUS_FD)) return null;
  let isOpen = true;
  const finish = (line: StatusLine): void => {
    if (!isOpen) return;
    writeStatus(STATUS_FD, line);
    isOpen = false;
    closeSync(STATUS_FD);
  };
  return {
    say: (say) => {
      if (isOpen) writeStatus(STATUS_FD, { say });
    },
    up: () => finish({ up: true }),
    failed: (exit) => finish({ exit }),
  };
}

/**
 * Puts /dev/null in the place of standard error (input and output have it from birth). To be called before other
 * threads open files: the number of a closed descriptor goes to the next open, wherever it happens.
 */
export function detachStandardError(): void {
  closeSync(2);
  openSync("/dev/null", "r+");
}

function parseStatus(text: string): StatusLine | null {
  try {
    const line: unknown = JSON.parse(text);
    if (typeof line !== "object" || line === null) return null;
    if ("say" in line && typeof line.say === "string") return { say: line.say };
    if ("exit" in line && typeof line.exit === "number") return { exit: line.exit };
    return "up" in line ? { up: true } : null;
  } catch {
    return null;
  }
}

export interface LaunchOptions {
  /** Program and words for `process.execPath`. */
  readonly words: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly patienceMs?: number;
  /** Where the daemon's start-up messages go. */
  readonly say: (text: string) => void;
}

/** Resolves with the code once the child has told its fate, or the patience is over. */
function awaitFate(child: ChildProcess, status: Readable, options: LaunchOptions): Promise<number> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      options.say(`holdfast: still starting in the background, pid ${child.pid}`);
      resolve(0);
    }, options.patienceMs ?? PATIENCE_MS);
    const settle = (exitCode: number): void => {
      clearTimeout(timer);
      resolve(exitCode);
    };
    child.once("error", (error) => {
      options.say(`holdfast: cannot start the daemon: ${error.message}`);
      settle(1);
    });
    let toldExitCode: number | null = null;
    // What was told before the end is read before "close".
    child.once("close", (code, signal) => {
      if (toldExitCode !== null) return settle(toldExitCode);
      options.say(`holdfast: the daemon ended ${signal ? `by ${signal}` : `with code ${code}`} before it was up`);
      settle(code === null || code === 0 ? 1 : code);
    });
    createInterface({ input: status }).on("line", (text) => {
      const line = parseStatus(text);
      if (line === null) return;
      if ("say" in line) options.say(line.say);
      else if ("exit" in line) toldExitCode = line.exit;
      else settle(0);
    });
  });
}

/**
 * Starts the daemon in a session of its own and waits until it is up or has failed.
 * @returns 0 when it is up, else the daemon's exit code
 */
export async function launchDaemon(options: LaunchOptions): Promise<number> {
  const child = spawn(process.execPath, [...options.words], {
    detached: true,
    // Standard error stays until the daemon detaches itself, so that a crash while loading is seen.
    stdio: ["ignore", "ignore", "inherit", "pipe"],
    env: { ...options.environment, [STATUS_VARIABLE]: String(STATUS_FD) },
  });
  const status = child.stdio[STATUS_FD];
  if (!status || !("read" in status)) throw new Error("launchDaemon: no status pipe");
  const exitCode = await awaitFate(child, status, options);
  child.removeAllListeners();
  child.unref();
  status.destroy();
  return exitCode;
}
