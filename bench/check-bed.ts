import { join } from "node:path";
import type { EventLog } from "../test/helpers/event-log.ts";
import { descendantsOf, type Line, linesOf } from "../test/helpers/process.ts";
import { findProgram, ROOT } from "../test/helpers/repository.ts";
import { whyNoLab } from "../test/lab/capabilities.ts";
import { ALL_FLAGS, CONFIG_PATH, Daemon, daemonProgram } from "../test/lab/daemon.ts";
import type { Machine } from "../test/lab/machine.ts";
import { Network } from "../test/lab/network.ts";
import { daemonNameOf, type Subject } from "./case.ts";
import { imaginedIpvs } from "./ipvs-preload.ts";

const PORT = 8_080;

export interface CheckedServers {
  readonly count: number;
  readonly delayLoopSec: number;
  /** holdfast sends a SYN only; the others connect. */
  readonly isHalfOpen?: boolean;
}

/** Health checks of servers on the loopback device of a machine, by a program that runs natively. */
export class CheckBed {
  readonly machine: Machine;
  /** Of the subject. */
  readonly log: EventLog<Line>;
  readonly #network: Network;
  readonly #spawned: number;

  private constructor(
    network: Network,
    machine: Machine,
    subject: { readonly log: EventLog<Line>; readonly pid: number },
  ) {
    this.#network = network;
    this.machine = machine;
    this.log = subject.log;
    this.#spawned = subject.pid;
  }

  /** @param isKernelIpvs false: a table in memory, or one that is only imagined */
  static async start(subject: Subject, servers: CheckedServers, isKernelIpvs: boolean): Promise<CheckBed> {
    const network = await Network.build();
    try {
      const machine = await network.addMachine({ name: "director", addresses: ["10.0.0.5/8"] });
      const listener = machine.spawn([process.execPath, join(ROOT, "dist/bench/programs/listen.js"), String(PORT)]);
      await linesOf(listener.stdout, listener.stderr).waitFor("the servers", (line) => line.text === "ready");
      return new CheckBed(network, machine, startSubject(machine, subject, servers, isKernelIpvs));
    } catch (error) {
      await network.close();
      throw error;
    }
  }

  /** Of all its processes. */
  get pids(): readonly number[] {
    return descendantsOf(this.#spawned);
  }

  /** @param name of a counter of TCP in the machine's network namespace */
  tcpCounter(name: string): number {
    const [names = "", values = ""] = this.machine
      .readNetFile("snmp")
      .split("\n")
      .filter((line) => line.startsWith("Tcp:"));
    return Number(values.split(" ")[names.split(" ").indexOf(name)]);
  }

  /** Servers that were taken for dead, although all of them answer. */
  get wrongResults(): number {
    return this.log.items.filter(({ text }) => /Removing service|is DOWN/.test(text)).length;
  }

  close(): Promise<void> {
    return this.#network.close();
  }
}

/** @returns why a subject can't check servers natively, or null */
export function whyNoNativeChecks(subject: Subject): string | null {
  if (subject === "haproxy") return findProgram("haproxy") === null ? "haproxy is not there" : whyNoLab() || null;
  if (daemonProgram(daemonNameOf(subject)) === null) return `${subject} is not there`;
  if (subject === "keepalived" && findProgram("cc") === null) return "needs a C compiler for its imagined IPVS";
  return whyNoLab() || null;
}

function startSubject(
  machine: Machine,
  subject: Subject,
  servers: CheckedServers,
  isKernelIpvs: boolean,
): { readonly log: EventLog<Line>; readonly pid: number } {
  const before = new Set(descendantsOf(process.pid));
  const log =
    subject === "haproxy" ? startHaproxy(machine, servers) : startDaemon(machine, subject, servers, isKernelIpvs);
  const pid = descendantsOf(process.pid).find((one) => !before.has(one));
  if (pid === undefined) throw new Error(`${subject} is not there`);
  return { log, pid };
}

function startDaemon(
  machine: Machine,
  subject: Subject,
  servers: CheckedServers,
  isKernelIpvs: boolean,
): EventLog<Line> {
  const imagined = subject === "keepalived" ? imaginedIpvs() : { HOLDFAST_IPVS: "memory" };
  const env = isKernelIpvs ? {} : imagined;
  const config = daemonConfig(servers, subject === "holdfast" && servers.isHalfOpen === true);
  return new Daemon(machine, { name: daemonNameOf(subject), config, flags: [...ALL_FLAGS, "-C"], env }).log;
}

function startHaproxy(machine: Machine, servers: CheckedServers): EventLog<Line> {
  machine.writeFile(CONFIG_PATH, haproxyConfig(servers));
  const child = machine.spawn([findProgram("haproxy") ?? "haproxy", "-db", "-f", CONFIG_PATH]);
  return linesOf(child.stdout, child.stderr);
}

function addressOf(index: number): string {
  return `127.1.${index >> 8}.${index & 255}`;
}

function daemonConfig({ count, delayLoopSec }: CheckedServers, isHalfOpen: boolean): string {
  const option = isHalfOpen ? "\n half_open" : "";
  const servers = Array.from({ length: count }, (_, index) => {
    return `  real_server ${addressOf(index)} ${PORT} {\n TCP_CHECK {\n connect_timeout 3${option}\n }\n }`;
  });
  const head = ["delay_loop", delayLoopSec, "\n lb_algo rr\n lb_kind NAT\n protocol TCP\n"].join(" ");
  return `virtual_server 10.0.1.1 80 {\n ${head}${servers.join("\n")}\n}\n`;
}

/** The same checks; one listener, without which it does not start. */
function haproxyConfig({ count, delayLoopSec }: CheckedServers): string {
  const servers = Array.from({ length: count }, (_, index) => {
    return `  server s${index} ${addressOf(index)}:${PORT} check inter ${delayLoopSec}s`;
  });
  const timeouts = ["connect 3s", "check 3s", "client 10s", "server 10s"].map((words) => `  timeout ${words}`);
  const front = ["frontend front", "  bind 127.0.0.1:8181", "  default_backend pool"];
  return [...["defaults", "  mode tcp"], ...timeouts, ...front, "backend pool", ...servers, ""].join("\n");
}
