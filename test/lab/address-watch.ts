import type { ChildProcess } from "node:child_process";
import { EventLog, waitUntil } from "../helpers/event-log.ts";
import { linesOf, sendSignal } from "../helpers/process.ts";
import type { Machine } from "./machine.ts";

export interface AddressEvent {
  /** Wall clock. */
  readonly atMs: number;
  readonly isAdded: boolean;
  readonly interfaceName: string;
  readonly address: string;
  readonly prefixLength: number;
}

const EVENT = /^\[(\S+)\] (Deleted )?\d+: (\S+?)(?:@\S+)?\s+inet6? ([0-9a-f.:]+)(?: peer [0-9a-f.:]+)?\/(\d+) /;

/** @param time of `ip -ts monitor`, in UTC */
export function monitorTimeMs(time: string): number {
  const [seconds = "", fraction = "0"] = time.split(".");
  return Date.parse(`${seconds}Z`) + Number(`0.${fraction}`) * 1000;
}

/** @param line of `ip -ts -o monitor address`, times in UTC */
export function parseAddressEvent(line: string): AddressEvent | null {
  const [, time = "", deleted, interfaceName = "", address = "", prefixLength] = EVENT.exec(line) ?? [];
  if (time === "") return null;
  const atMs = monitorTimeMs(time);
  return { atMs, isAdded: deleted === undefined, interfaceName, address, prefixLength: Number(prefixLength) };
}

/** 64 MiB: some 50,000 messages. */
const LARGE_BUFFER_BYTES = 64 << 20;

export interface WatchOptions {
  /** A library by which the listener gets a receive buffer for bursts of thousands: bench/preload/receive-buffer.c. */
  readonly bufferLibrary?: string | null;
}

/**
 * Every address that comes or goes in a machine, with the time at which the kernel said so. Ends, saying why, when the
 * kernel had more to say than the listener took in.
 */
export class AddressWatch {
  readonly events = new EventLog<AddressEvent>();
  readonly #machine: Machine;
  readonly #child: ChildProcess;
  readonly #held = new Set<string>();

  private constructor(machine: Machine, child: ChildProcess) {
    this.#machine = machine;
    this.#child = child;
    const lines = linesOf(child.stdout, child.stderr);
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", () => this.#take(lines));
    child.once("close", () => this.events.end("the watch ended"));
  }

  static async start(machine: Machine, { bufferLibrary = null }: WatchOptions = {}): Promise<AddressWatch> {
    const isListening = (): boolean => /^\S+ +0 +\d+ +0*[1-9a-f]/m.test(machine.readNetFile("netlink"));
    const buffer = bufferLibrary === null ? [] : ["-rcvbuf", String(LARGE_BUFFER_BYTES)];
    const preload = bufferLibrary === null ? {} : { LD_PRELOAD: bufferLibrary };
    const words = ["ip", ...buffer, "-ts", "-o", "monitor", "address"];
    const child = machine.spawn(words, { ...process.env, ...preload, TZ: "UTC" });
    const watch = new AddressWatch(machine, child);
    await waitUntil("the address watch", () => (isListening() ? true : null), { intervalMs: 5 });
    return watch;
  }

  /** All that came or went, but for link-local addresses: those the kernel makes when it likes. */
  get changes(): readonly AddressEvent[] {
    return this.events.items.filter(({ address }) => !address.startsWith("fe80:"));
  }

  /** As far as events told. */
  isHeld(address: string): boolean {
    return this.#held.has(address);
  }

  /** @returns when the address appeared; at once if it is there */
  async gained(
    address: string,
    options: { readonly from?: number; readonly timeoutMs?: number } = {},
  ): Promise<number> {
    const what = `${address} on ${this.#machine.name}`;
    const event = await this.events.waitFor(what, (item) => item.isAdded && item.address === address, options);
    return event.atMs;
  }

  /** @returns when the address went away */
  async lost(address: string, options: { readonly from?: number; readonly timeoutMs?: number } = {}): Promise<number> {
    const what = `${address} to leave ${this.#machine.name}`;
    const event = await this.events.waitFor(what, (item) => !item.isAdded && item.address === address, options);
    return event.atMs;
  }

  close(): void {
    const pid = this.#machine.pidOf(this.#child);
    if (pid !== null) sendSignal(pid, "SIGKILL");
  }

  #next = 0;

  #take(lines: ReturnType<typeof linesOf>): void {
    for (; this.#next < lines.position; this.#next += 1) {
      const text = lines.items[this.#next]?.text ?? "";
      if (text.includes("No buffer space")) this.events.end("its listener was overrun by messages of the kernel");
      const event = parseAddressEvent(text);
      if (event === null) continue;
      if (event.isAdded) this.#held.add(event.address);
      else this.#held.delete(event.address);
      this.events.push(event);
    }
  }
}
