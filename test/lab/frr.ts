import type { ChildProcess } from "node:child_process";
import type { EventLog } from "../helpers/event-log.ts";
import { type Line, linesOf } from "../helpers/process.ts";
import type { Machine } from "./machine.ts";

const PROGRAMS = "/usr/lib/frr";
const FOLDER = "/run/frr";

/** What `show bfd peers json` says of a session. */
export interface FrrPeer {
  readonly peer: string;
  readonly status: string;
  readonly diagnostic: string;
  readonly "remote-diagnostic": string;
  readonly "remote-receive-interval": number;
  readonly "remote-transmit-interval": number;
  readonly "remote-detect-multiplier": number;
}

/** FRR's BFD daemon in a machine, with the zebra that it learns the interfaces from. */
export class FrrBfd {
  readonly log: EventLog<Line>;
  readonly #machine: Machine;
  readonly #child: ChildProcess;

  private constructor(machine: Machine, child: ChildProcess) {
    this.#machine = machine;
    this.#child = child;
    this.log = linesOf(child.stdout, child.stderr);
  }

  /** @param peers lines of a `bfd` block */
  static async start(machine: Machine, peers: string): Promise<FrrBfd> {
    machine.writeFile(`${FOLDER}/zebra.conf`, "log stdout\n");
    machine.writeFile(`${FOLDER}/bfdd.conf`, `log stdout\nbfd\n${peers}\n`);
    await machine.runOk(["chown", "-R", "frr:frr", FOLDER]);
    const common = (name: string): readonly string[] => [
      ...[`${PROGRAMS}/${name}`, "-f", `${FOLDER}/${name}.conf`, "-i", `${FOLDER}/${name}.pid`],
      ...["--vty_socket", FOLDER, "-z", `${FOLDER}/zserv.api`],
    ];
    await machine.runOk([...common("zebra"), "-d"]);
    const socket = `${FOLDER}/bfdd.sock`;
    return new FrrBfd(machine, machine.spawn([...common("bfdd"), "--bfdctl", socket, "--log", "stdout"]));
  }

  async peers(): Promise<readonly FrrPeer[]> {
    const words = ["vtysh", "--vty_socket", FOLDER, "-d", "bfdd", "-c", "show bfd peers json"];
    const { status, stdout } = await this.#machine.run(words);
    return status === 0 ? (JSON.parse(stdout) as readonly FrrPeer[]) : [];
  }

  /** Asks until the only session has the status. */
  async became(status: string): Promise<FrrPeer> {
    const untilMs = performance.now() + 15_000;
    for (;;) {
      const peers = await this.peers();
      const found = peers.find((peer) => peer.status === status);
      if (found !== undefined) return found;
      if (performance.now() > untilMs)
        throw new Error(`no session is ${status}: ${JSON.stringify(peers)}\n${this.text}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  get text(): string {
    return this.log.items.map(({ text }) => text).join("\n");
  }

  get pid(): number | null {
    return this.#machine.pidOf(this.#child);
  }
}
