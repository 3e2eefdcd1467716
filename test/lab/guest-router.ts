import { existsSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EventLog, waitUntil } from "../helpers/event-log.ts";
import { sendSignal } from "../helpers/process.ts";
import { daemonProgram, VRRP_FLAGS } from "./daemon.ts";
import type { Network } from "./network.ts";
import { runInUml, type UmlGuest, type UmlResult } from "./uml.ts";

export interface GuestRouterOptions {
  /** With prefix length, on eth0. */
  readonly address: string;
  readonly config: string;
  /** The guest ends after so long in any case. */
  readonly timeoutMs: number;
}

const TAP = "p-guest";
const CONFIG = "keepalived.conf";
const COMMAND = "command.sh";

/** Waits for commands until the daemon ends. */
const SCRIPT = `
set -e
ip link set vec0 name eth0
ip addr add "$ADDRESS" dev eth0
ip link set eth0 up
ip monitor address &
cp "$JOB/${CONFIG}" /run/${CONFIG}
"$@" -f /run/${CONFIG} &
daemon=$!
while kill -0 $daemon; do
  if [ -e "$JOB/${COMMAND}" ]; then sh "$JOB/${COMMAND}"; rm "$JOB/${COMMAND}"; fi
  sleep 0.2
done
`;

/** A User-Mode Linux guest on the switch that runs holdfast, and that can be paused as a whole as a virtual machine is. */
export class GuestRouter {
  /** What the daemon says, and what `ip monitor address` tells of the guest. */
  readonly lines = new EventLog<string>();
  readonly #ended: Promise<UmlResult>;
  #guest: UmlGuest | null = null;

  private constructor(network: Network, options: GuestRouterOptions) {
    const { pid } = network.sandbox.holder;
    this.#ended = runInUml({
      words: ["sh", "-c", SCRIPT, "sh", daemonProgram("holdfast") ?? "", ...VRRP_FLAGS],
      timeoutMs: options.timeoutMs,
      env: { ADDRESS: options.address },
      tap: { name: TAP, enter: (words) => ["nsenter", "-t", String(pid), "-n", "--", ...words] },
      onBoot: (guest) => {
        this.#guest = guest;
        writeFileSync(join(guest.folder, CONFIG), options.config);
      },
      onLine: (line) => this.lines.push(line),
    });
  }

  static async start(network: Network, options: GuestRouterOptions): Promise<GuestRouter> {
    const commands = `tuntap add dev ${TAP} mode tap\nlink set ${TAP} master br0 up`;
    await network.sandbox.runOk(["ip", "-batch", "-"], { input: commands });
    return new GuestRouter(network, options);
  }

  get text(): string {
    return this.lines.items.join("\n");
  }

  /** Waits for a line that holds the text. */
  async said(text: string, from = 0): Promise<void> {
    await this.lines.waitFor(`"${text}" of the guest`, (line) => line.includes(text), { from, timeoutMs: 60_000 });
  }

  pause(): void {
    this.#signal("SIGSTOP");
  }

  resume(): void {
    this.#signal("SIGCONT");
  }

  /** Runs commands of the shell in the guest and waits for their end. */
  async command(text: string): Promise<void> {
    const path = join(this.#guest?.folder ?? "", COMMAND);
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
    await waitUntil("the guest's command", () => (existsSync(path) ? null : true));
  }

  async close(): Promise<void> {
    if (this.#guest !== null) sendSignal(-this.#guest.pid, "SIGKILL");
    await this.#ended;
  }

  #signal(signal: "SIGSTOP" | "SIGCONT"): void {
    if (this.#guest !== null) sendSignal(this.#guest.pid, signal);
  }
}
