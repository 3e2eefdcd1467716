import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { EventLog } from "./event-log.ts";

export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly timeoutMs?: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** One line of output with the time at which it was read. */
export interface Line {
  readonly atMs: number;
  readonly text: string;
}

/** Wall clock in milliseconds with a fraction; the clock of packet and address time stamps. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * Runs a program to its end.
 * @returns its output; a status other than 0 is not an error here
 */
export function run(words: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const [command = "", ...rest] = words;
  return new Promise((resolve, reject) => {
    const spawnOptions: SpawnOptions = { stdio: ["pipe", "pipe", "pipe"] };
    if (options.env !== undefined) spawnOptions.env = options.env;
    if (options.cwd !== undefined) spawnOptions.cwd = options.cwd;
    const child = spawn(command, rest, spawnOptions);
    const timer = setTimeout(() => child.kill("SIGKILL"), options.timeoutMs ?? 30_000);
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    child.stdin?.on("error", () => {}); // the program may end without reading
    child.stdin?.end(options.input ?? "");
    child.once("error", reject);
    child.once("close", (status, signal) => {
      clearTimeout(timer);
      resolve({ status, signal, stdout: stdout(), stderr: stderr() });
    });
  });
}

/** Like `run`. @throws Error with the program's own words when its status is not 0 */
export async function runOk(words: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await run(words, options);
  if (result.status !== 0) {
    const why = result.signal ?? `status ${result.status}`;
    throw new Error(`${words.join(" ")}: ${why}\n${options.input ?? ""}\n${result.stdout}${result.stderr}`);
  }
  return result.stdout;
}

function collect(stream: Readable | null): () => string {
  let text = "";
  stream?.setEncoding("utf8");
  stream?.on("data", (part: string) => {
    text += part;
  });
  return () => text;
}

/** Splits streams into lines that can be waited on. */
export function linesOf(...streams: readonly (Readable | null)[]): EventLog<Line> {
  const log = new EventLog<Line>();
  let open = streams.length;
  for (const stream of streams) {
    let rest = "";
    stream?.setEncoding("utf8");
    stream?.on("data", (part: string) => {
      const pieces = (rest + part).split("\n");
      rest = pieces.pop() ?? "";
      for (const text of pieces) log.push({ atMs: nowMs(), text });
    });
    stream?.once("close", () => {
      if (rest !== "") log.push({ atMs: nowMs(), text: rest });
      open -= 1;
      if (open === 0) log.end("the program ended");
    });
  }
  return log;
}

/** Settles when the process and its output have ended. */
export function ended(child: ChildProcess): Promise<Pick<Finished, "status" | "signal">> {
  return new Promise((resolve) => child.once("close", (status, signal) => resolve({ status, signal })));
}

/** Direct children, as seen from this process' own PID namespace. */
export function childrenOf(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return text === "" ? [] : text.split(" ").map(Number);
  } catch {
    return []; // it ended
  }
}

export function descendantsOf(pid: number): readonly number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

/** @returns whether the process was there */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
