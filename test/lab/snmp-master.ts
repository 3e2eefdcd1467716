import type { ChildProcess } from "node:child_process";
import { findProgram } from "../helpers/repository.ts";
import type { Machine } from "./machine.ts";

/** Where the master listens for subagents. */
export const SNMP_SOCKET = "/run/lab/agentx";
/** enterprises.debian.project.5 */
export const KEEPALIVED_ROOT = ".1.3.6.1.4.1.9586.100.5";

const AGENT = "127.0.0.1:1161";
const CONFIG_PATH = "/run/lab/snmpd.conf";

function config(trapSink: string | null): string {
  const lines = ["rwcommunity public", "master agentx", `agentXSocket unix:${SNMP_SOCKET}`];
  if (trapSink !== null) lines.push(`trap2sink ${trapSink} public`);
  return `${lines.join("\n")}\n`;
}

/** @returns why there can be no master here, or false: fits `skip` of node:test */
export function whyNoSnmp(...more: readonly string[]): string | false {
  const missing = ["snmpd", "snmpwalk", "snmpset", ...more].filter((name) => findProgram(name) === null);
  return missing.length > 0 && `missing: ${missing.join(", ")}`;
}

/** Net-snmp's master agent, which answers for those that connect to it. */
export class SnmpMaster {
  readonly process: ChildProcess;
  readonly #machine: Machine;

  private constructor(machine: Machine, process: ChildProcess) {
    this.#machine = machine;
    this.process = process;
  }

  /** @param trapSink HOST:PORT that notifications are passed on to */
  static async start(machine: Machine, trapSink: string | null = null): Promise<SnmpMaster> {
    // It asks for the names of who asks; no name server is there to be waited for.
    await machine.runOk(["mount", "--bind", "/dev/null", "/etc/resolv.conf"]);
    machine.writeFile(CONFIG_PATH, config(trapSink));
    const words = ["snmpd", "-f", "-C", "-c", CONFIG_PATH, "-Lf", "/dev/null", `udp:${AGENT}`];
    const master = new SnmpMaster(machine, machine.spawn(words));
    await master.answers();
    return master;
  }

  /** It says so itself, but not when it can be asked. */
  async answers(): Promise<void> {
    const ask = `until snmpget -v2c -c public -r 0 -t 1 ${AGENT} .1.3.6.1.2.1.1.3.0; do :; done`;
    await this.#machine.runOk(["sh", "-c", ask], { timeoutMs: 30_000 });
  }

  /** One line per object: `OID = TYPE: VALUE`. Hexadecimal text stays in one line. */
  async walk(root: string, program: "snmpwalk" | "snmpbulkwalk" = "snmpwalk"): Promise<readonly string[]> {
    const words = [program, "-v2c", "-c", "public", "-On", "-t", "20", AGENT, root];
    const text = await this.#machine.runOk(words, { timeoutMs: 60_000 });
    return text
      .trim()
      .split("\n")
      .map((line) => line.trim());
  }

  /** @returns what snmpget prints for it, without its name */
  async get(oid: string): Promise<string> {
    const text = await this.#machine.runOk(["snmpget", "-v2c", "-c", "public", "-On", "-t", "20", AGENT, oid]);
    return text.slice(text.indexOf(" = ") + " = ".length).trim();
  }

  /** @returns null, or the reason of the failure as snmpset prints it */
  async set(oid: string, type: string, value: string): Promise<string | null> {
    const words = ["snmpset", "-v2c", "-c", "public", "-On", "-t", "20", AGENT, oid, type, value];
    const { status, stdout, stderr } = await this.#machine.run(words);
    if (status === 0) return null;
    return /^Reason: ([^(\n]*)/m.exec(stderr)?.[1]?.trim() ?? `${stdout}${stderr}`;
  }
}
