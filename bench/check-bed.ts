import { createHash } from "node:crypto";
import { join } from "node:path";
import type { EventLog } from "../test/helpers/event-log.ts";
import { descendantsOf, type Line, linesOf } from "../test/helpers/process.ts";
import { findProgram, ROOT } from "../test/helpers/repository.ts";
import { whyNoLab } from "../test/lab/capabilities.ts";
import type { Capture } from "../test/lab/capture.ts";
import { ALL_FLAGS, CONFIG_PATH, Daemon, type DaemonOptions, daemonProgram } from "../test/lab/daemon.ts";
import type { Machine } from "../test/lab/machine.ts";
import { Network } from "../test/lab/network.ts";
import { daemonNameOf, type Subject } from "./case.ts";
import { imaginedIpvs } from "./ipvs-preload.ts";

/** Of all servers. */
export const PORT = 8_080;

export interface CheckedServers {
  readonly count: number;
  readonly delayLoopSec: number;
  /** `syn`: holdfast sends a SYN only, the others connect. `tcp` when not given. */
  readonly check?: "tcp" | "syn" | "icmp" | "http" | "https";
  /** Real servers of each virtual server; all of them when not given. */
  readonly perService?: number;
  /** Weight of the first one, 1 when not given. */
  readonly firstWeight?: number;
  /** Further text for the daemons, before that of the servers; they then run VRRP too. */
  readonly besideText?: string;
}

/** A counter of /proc/net/snmp, for example `InEchos` of `Icmp`. */
export interface KernelCounter {
  readonly protocol: "Tcp" | "Icmp";
  readonly name: string;
}

/** Health checks of servers on the loopback device of a machine, by a program that runs natively. */
export class CheckBed {
  readonly machine: Machine;
  /** Of the subject. */
  readonly log: EventLog<Line>;
  readonly #network: Network;
  readonly #spawned: number;
  readonly #daemon: Daemon | null;
  /** When the subject was started, on the clock of `performance.now()`. */
  readonly startedMs: number;

  private constructor(network: Network, machine: Machine, subject: StartedSubject) {
    this.#network = network;
    this.machine = machine;
    this.log = subject.log;
    this.#spawned = subject.pid;
    this.#daemon = subject.daemon;
    this.startedMs = subject.startedMs;
  }

  /** @param isKernelIpvs false: a table in memory, or one that is only imagined */
  static async start(subject: Subject, servers: CheckedServers, isKernelIpvs: boolean): Promise<CheckBed> {
    const network = await Network.build();
    try {
      const machine = await network.addMachine({ name: "director", addresses: ["10.0.0.5/8"] });
      const listener = machine.spawn([
        process.execPath,
        join(ROOT, "dist/bench/programs/listen.js"),
        String(PORT),
        servers.check ?? "tcp",
      ]);
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
    return this.counter({ protocol: "Tcp", name });
  }

  /** Of the machine's network namespace. */
  counter({ protocol, name }: KernelCounter): number {
    const [names = "", values = ""] = this.machine
      .readNetFile("snmp")
      .split("\n")
      .filter((line) => line.startsWith(`${protocol}:`));
    return Number(values.split(" ")[names.split(" ").indexOf(name)]);
  }

  /** Servers that were taken for dead, although all of them answer. */
  get wrongResults(): number {
    return this.log.items.filter(({ text }) => /Removing service|is DOWN/.test(text)).length;
  }

  /** VRRP and ARP that leaves the machine, from now on. */
  captureAdverts(): Promise<Capture> {
    return this.#network.capture();
  }

  /** The first segment of each TCP check of the servers there, from now on. @param prefix of their addresses, for example `127.2.0.0/24` */
  captureChecks(prefix: string): Promise<Capture> {
    return this.#network.captureIn(this.machine, "lo", `tcp[tcpflags] == tcp-syn and dst net ${prefix}`);
  }

  /** SIGHUP with another file; for the two daemons. */
  reload(config: string): void {
    this.#daemon?.reload(config);
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

interface StartedSubject {
  readonly log: EventLog<Line>;
  readonly pid: number;
  /** Null for haproxy. */
  readonly daemon: Daemon | null;
  readonly startedMs: number;
}

function startSubject(
  machine: Machine,
  subject: Subject,
  servers: CheckedServers,
  isKernelIpvs: boolean,
): StartedSubject {
  const before = new Set(descendantsOf(process.pid));
  const config = subject === "haproxy" ? haproxyConfig(servers) : daemonConfig(servers, subject);
  const startedMs = performance.now();
  const flags = servers.besideText === undefined ? [...ALL_FLAGS, "-C"] : ALL_FLAGS;
  const daemon = subject === "haproxy" ? null : startDaemon(machine, subject, { config, flags }, isKernelIpvs);
  const log = daemon?.log ?? startHaproxy(machine, config);
  const pid = descendantsOf(process.pid).find((one) => !before.has(one));
  if (pid === undefined) throw new Error(`${subject} is not there`);
  return { log, pid, daemon, startedMs };
}

function startDaemon(
  machine: Machine,
  subject: Subject,
  options: Pick<DaemonOptions, "config" | "flags">,
  isKernelIpvs: boolean,
): Daemon {
  const imagined = subject === "keepalived" ? imaginedIpvs() : { HOLDFAST_IPVS: "memory" };
  const env = isKernelIpvs ? {} : imagined;
  return new Daemon(machine, { ...options, name: daemonNameOf(subject), env });
}

function startHaproxy(machine: Machine, config: string): EventLog<Line> {
  machine.writeFile(CONFIG_PATH, config);
  const child = machine.spawn([findProgram("haproxy") ?? "haproxy", "-db", "-f", CONFIG_PATH]);
  return linesOf(child.stdout, child.stderr);
}

function addressOf(index: number): string {
  return `127.${1 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
}

/** MD5 of what `programs/listen.ts` answers. */
const DIGEST = createHash("md5").update("hello").digest("hex");

function checkerText({ check = "tcp" }: CheckedServers, subject: Subject): string {
  if (check === "http" || check === "https") {
    const name = check === "http" ? "HTTP_GET" : "SSL_GET";
    return `${name} {\n url {\n path /\n status_code 200\n digest ${DIGEST}\n }\n connect_timeout 3\n }`;
  }
  if (check === "icmp") return "PING_CHECK {\n }";
  const option = check === "syn" && subject === "holdfast" ? "\n half_open" : "";
  return `TCP_CHECK {\n connect_timeout 3${option}\n }`;
}

export function daemonConfig(servers: CheckedServers, subject: Subject): string {
  const { count, delayLoopSec, perService = count, firstWeight = 1, besideText = "" } = servers;
  const checker = checkerText(servers, subject);
  const serverAt = (index: number): string => {
    const weight = index === 0 ? firstWeight : 1;
    return `  real_server ${addressOf(index)} ${PORT} {\n weight ${weight}\n ${checker}\n }`;
  };
  const services = Array.from({ length: Math.ceil(count / perService) }, (_, service) => {
    const length = Math.min(perService, count - service * perService);
    const blocks = Array.from({ length }, (_unused, index) => serverAt(service * perService + index));
    const head = ` delay_loop ${delayLoopSec}\n lb_algo rr\n lb_kind NAT\n protocol TCP\n`;
    return `virtual_server 10.1.${service >> 8}.${service & 255} 80 {\n${head}${blocks.join("\n")}\n}\n`;
  });
  return besideText + services.join("");
}

/** The same checks; one listener, without which it does not start. */
function haproxyConfig({ count, delayLoopSec, check }: CheckedServers): string {
  const tls = check === "https" ? " check-ssl verify none" : "";
  const servers = Array.from({ length: count }, (_, index) => {
    return `  server s${index} ${addressOf(index)}:${PORT} check${tls} inter ${delayLoopSec}s`;
  });
  const timeouts = ["connect 3s", "check 3s", "client 10s", "server 10s"].map((words) => `  timeout ${words}`);
  const front = ["frontend front", "  bind 127.0.0.1:8181", "  default_backend pool"];
  const isWeb = check === "http" || check === "https";
  const http = isWeb ? ["  option httpchk GET /", "  http-check expect status 200"] : [];
  return [...["defaults", "  mode tcp"], ...timeouts, ...front, "backend pool", ...http, ...servers, ""].join("\n");
}
