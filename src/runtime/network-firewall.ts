import { spawn } from "node:child_process";
import type { FirewallRemoval, FirewallWatch } from "../native/contract.ts";
import type { SpokenRecord } from "./log.ts";

const PATIENCE_MS = 10_000;
/** Two programs that fight over a table shall not keep a processor busy. */
const REPAIR_PAUSE_MS = 50;
const REMEMBERED_SENDERS = 8;

/**
 * Runs a script of nft, which is carried out as a whole or not at all.
 * @param onStart is told the process id
 * @returns what nft complained about, null for nothing
 */
export async function runNft(script: string, onStart?: (pid: number) => void): Promise<string | null> {
  return await new Promise((resolve) => {
    const child = spawn("nft", ["-f", "-"], { stdio: ["pipe", "ignore", "pipe"], timeout: PATIENCE_MS });
    if (child.pid !== undefined) onStart?.(child.pid);
    let complaint = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint += text;
    });
    child.once("error", (error) => resolve(error.message));
    child.once("close", (status) => resolve(status === 0 ? null : complaint.trim() || `nft ended with ${status}`));
    // A program that is not there or ends early closes the pipe; its end tells why.
    child.stdin.on("error", () => undefined);
    child.stdin.end(script);
  });
}

export interface FirewallDependencies {
  readonly log: (record: SpokenRecord) => void;
  readonly run: typeof runNft;
  readonly watch: (onRemoval: (removals: readonly FirewallRemoval[], isOverrun: boolean) => void) => FirewallWatch;
}

/** Our nftables tables; one change at a time. What somebody else removes from them is put back. */
export class Firewall {
  readonly #dependencies: FirewallDependencies;
  #table: string | null = null;
  #current = "";
  #work: Promise<unknown> = Promise.resolve();
  #watch: FirewallWatch | null = null;
  #repair: NodeJS.Timeout | null = null;
  #repairedAtMs = Number.NEGATIVE_INFINITY;
  /** Processes of ours that have changed the tables. */
  readonly #senders: number[] = [];

  constructor(dependencies: FirewallDependencies) {
    this.#dependencies = dependencies;
  }

  /** @param isForced also when the script is the one in force: interfaces in it have changed */
  set(table: string | null, script: string, isForced: boolean): Promise<void> {
    const done = this.#work.then(async () => {
      if (script === this.#current && !isForced) return;
      this.#current = script;
      this.#table = table;
      if (script === "") return;
      this.#startWatch();
      const reason = await this.#dependencies.run(script, (pid) => this.#remember(pid));
      if (reason !== null) this.#say("error", "nftables not set", { reason });
    });
    this.#work = done;
    return done;
  }

  /** Removes the tables and looks no longer after them. @param script may be empty */
  async remove(script: string): Promise<void> {
    this.stop();
    await this.#work;
    if (script === "") return;
    const reason = await this.#dependencies.run(script);
    if (reason !== null) this.#say("error", "nftables not removed", { reason });
  }

  /** The tables stay. */
  stop(): void {
    this.#watch?.close();
    this.#watch = null;
    if (this.#repair !== null) clearTimeout(this.#repair);
    this.#repair = null;
    this.#current = "";
  }

  #remember(pid: number): void {
    this.#senders.push(pid);
    if (this.#senders.length > REMEMBERED_SENDERS) this.#senders.shift();
  }

  #startWatch(): void {
    if (this.#watch !== null) return;
    try {
      this.#watch = this.#dependencies.watch((removals, isOverrun) => this.#onRemoval(removals, isOverrun));
    } catch (error) {
      this.#say("warning", "nftables not watched", { reason: String(error) });
    }
  }

  #onRemoval(removals: readonly FirewallRemoval[], isOverrun: boolean): void {
    const isOurs = ({ family, table, senderPort }: FirewallRemoval): boolean =>
      table === this.#table && (family === "ip" || family === "ip6") && !this.#senders.includes(senderPort);
    if (this.#current === "" || this.#repair !== null || !(isOverrun || removals.some(isOurs))) return;
    const waitMs = Math.max(0, this.#repairedAtMs + REPAIR_PAUSE_MS - performance.now());
    this.#repair = setTimeout(() => {
      this.#repair = null;
      this.#repairedAtMs = performance.now();
      this.#say("warning", "nftables table changed by others, restoring", { table: this.#table });
      void this.set(this.#table, this.#current, true);
    }, waitMs);
  }

  #say(level: SpokenRecord["level"], message: string, fields: Readonly<Record<string, string | null>>): void {
    const text = [`${message}:`, ...Object.values(fields)].join(" ");
    this.#dependencies.log({ level, message, fields, text });
  }
}
