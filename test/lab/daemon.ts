import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { EventLog } from "../helpers/event-log.ts";
import { descendantsOf, ended, type Line, linesOf, nowMs, sendSignal } from "../helpers/process.ts";
import { findProgram, ROOT } from "../helpers/repository.ts";
import type { Machine } from "./machine.ts";

/** Names another keepalived than the one in PATH. */
export const PEER_VARIABLE = "HOLDFAST_PEER";

export type DaemonName = "holdfast" | "keepalived";

/** The same flags go to both: that is what drop-in means. */
export const VRRP_FLAGS: readonly string[] = ["-n", "-l", "-D", "-G", "-P"];
export const ALL_FLAGS: readonly string[] = ["-n", "-l", "-D", "-G"];
export const CONFIG_PATH = "/run/lab/etc/keepalived.conf";

export function daemonProgram(name: DaemonName): string | null {
  if (name === "keepalived") return process.env[PEER_VARIABLE] || findProgram("keepalived");
  const path = join(ROOT, "bin", "holdfast");
  return existsSync(path) ? path : null;
}

export interface DaemonOptions {
  readonly name: DaemonName;
  readonly config: string;
  readonly flags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** What the daemon is started by, for example `setpriv` with options. */
  readonly wrapper?: readonly string[];
}

export interface DaemonEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running daemon in a machine. */
export class Daemon {
  readonly name: DaemonName;
  readonly log: EventLog<Line>;
  readonly ended: Promise<DaemonEnd>;
  readonly #machine: Machine;
  readonly #child: ChildProcess;

  constructor(machine: Machine, options: DaemonOptions) {
    const program = daemonProgram(options.name);
    if (program === null) throw new Error(`${options.name} is not there`);
    machine.writeFile(CONFIG_PATH, options.config);
    this.name = options.name;
    this.#machine = machine;
    this.#child = machine.spawn(
      [...(options.wrapper ?? []), program, "-f", CONFIG_PATH, ...(options.flags ?? VRRP_FLAGS)],
      {
        ...process.env,
        ...options.env,
      },
    );
    this.log = linesOf(this.#child.stdout, this.#child.stderr);
    this.ended = ended(this.#child);
  }

  /** All that it logged, for messages of failed tests. */
  get text(): string {
    return this.log.items.map((line) => line.text).join("\n");
  }

  /** Of all its processes, the first one first. */
  get pids(): readonly number[] {
    return descendantsOf(this.#child.pid ?? 0);
  }

  /** Waits for a log line that holds the text. */
  async logged(text: string, options: { readonly from?: number; readonly timeoutMs?: number } = {}): Promise<Line> {
    try {
      return await this.log.waitFor(`"${text}"`, (line) => line.text.includes(text), options);
    } catch (error) {
      throw new Error(`${this.name} on ${this.#machine.name}: no "${text}" in its log:\n${this.text}`, {
        cause: error,
      });
    }
  }

  /**
   * The whole daemon stops to exist at one moment, as in a power cut: children are stopped first, since they would
   * leave in good order when their parent dies. (The parent is not: nsenter would stop with it.)
   * @returns when
   */
  crash(): number {
    const [parent, ...children] = this.pids;
    for (const pid of children) sendSignal(pid, "SIGSTOP");
    const atMs = nowMs();
    if (parent !== undefined) sendSignal(parent, "SIGKILL");
    for (const pid of children) sendSignal(pid, "SIGKILL");
    return atMs;
  }

  /** @returns when */
  signal(signal: NodeJS.Signals): number {
    const pid = this.#machine.pidOf(this.#child);
    const atMs = nowMs();
    if (pid !== null) sendSignal(pid, signal);
    // nsenter stops with the daemon, but does not go on with it.
    if (signal === "SIGCONT" && this.#child.pid !== undefined) sendSignal(this.#child.pid, signal);
    return atMs;
  }

  /** SIGTERM, and waits for the end. */
  async terminate(): Promise<DaemonEnd> {
    this.signal("SIGTERM");
    return await this.ended;
  }

  reload(config: string): number {
    this.#machine.writeFile(CONFIG_PATH, config);
    return this.signal("SIGHUP");
  }
}
