import { existsSync } from "node:fs";
import type { EventLog } from "../helpers/event-log.ts";
import { type Line, linesOf, sendSignal } from "../helpers/process.ts";
import type { Machine } from "./machine.ts";

const FOLDER = "/usr/lib/frr";

export function whyNoFrr(): string | false {
  return existsSync(`${FOLDER}/vrrpd`) && existsSync(`${FOLDER}/zebra`) ? false : "needs FRR's vrrpd and zebra";
}

export interface FrrRouter {
  readonly version: 2 | 3;
  readonly vrid: number;
  readonly priority: number;
  readonly advertisementIntervalMs: number;
  /** Without prefix length. */
  readonly addresses: readonly string[];
}

function config({ version, vrid, priority, advertisementIntervalMs, addresses }: FrrRouter): string {
  const lines = [
    `vrrp ${vrid} version ${version}`,
    `vrrp ${vrid} priority ${priority}`,
    `vrrp ${vrid} advertisement-interval ${advertisementIntervalMs}`,
    ...addresses.map((address) => `vrrp ${vrid} ${address.includes(":") ? "ipv6" : "ip"} ${address}`),
  ];
  return `hostname frr\ninterface eth0\n ${lines.join("\n ")}\n!\n`;
}

/** FRR wants the macvlan with the virtual router's MAC to be there, with the addresses on it. */
async function addMacvlan(machine: Machine, { vrid, addresses }: FrrRouter): Promise<void> {
  const isIpv6 = addresses[0]?.includes(":") === true;
  const mac = `00:00:5e:00:0${isIpv6 ? 2 : 1}:${vrid.toString(16).padStart(2, "0")}`;
  const name = `vrrp${isIpv6 ? 6 : 4}-2-${vrid}`;
  const prefix = isIpv6 ? 64 : 24;
  await machine.ip(
    [
      `link add ${name} link eth0 address ${mac} type macvlan mode bridge`,
      ...addresses.map((address) => `addr add ${address}/${prefix} dev ${name}${isIpv6 ? " nodad" : ""}`),
      `link set ${name} up`,
    ].join("\n"),
  );
}

/** FRR's zebra and vrrpd in a machine. Each may be started once; vrrpd again after it was stopped. */
export class Frr {
  readonly #machine: Machine;
  readonly #router: FrrRouter;
  readonly #logs: EventLog<Line>[] = [];
  #vrrpd: ReturnType<Machine["spawn"]> | null = null;

  private constructor(machine: Machine, router: FrrRouter) {
    this.#machine = machine;
    this.#router = router;
  }

  static async prepare(machine: Machine, router: FrrRouter): Promise<Frr> {
    await machine.runOk(["sh", "-c", "mkdir -p /run/frr && chown frr:frr /run/frr"]);
    machine.writeFile("/run/frr/lab.conf", config(router));
    await addMacvlan(machine, router);
    const frr = new Frr(machine, router);
    frr.#start("zebra");
    return frr;
  }

  get text(): string {
    return this.#logs.flatMap((log) => log.items.map(({ text }) => text)).join("\n");
  }

  start(): void {
    this.#vrrpd = this.#start("vrrpd");
  }

  /** In good order: it says priority 0. */
  stop(): void {
    const pid = this.#vrrpd === null ? null : this.#machine.pidOf(this.#vrrpd);
    if (pid !== null) sendSignal(pid, "SIGTERM");
  }

  show(): Promise<string> {
    return this.#machine.runOk(["vtysh", "-d", "vrrpd", "-c", `show vrrp ${this.#router.vrid}`]);
  }

  #start(program: "zebra" | "vrrpd"): ReturnType<Machine["spawn"]> {
    const words = ["-f", "/run/frr/lab.conf", "-A", "127.0.0.1", "--log", "stdout", "-i", `/run/frr/${program}.pid`];
    const child = this.#machine.spawn([`${FOLDER}/${program}`, ...words]);
    this.#logs.push(linesOf(child.stdout, child.stderr));
    return child;
  }
}
