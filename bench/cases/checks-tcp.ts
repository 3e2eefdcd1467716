import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { waitUntil } from "../../test/helpers/event-log.ts";
import { descendantsOf, linesOf } from "../../test/helpers/process.ts";
import { ROOT } from "../../test/helpers/repository.ts";
import { whyNoLab } from "../../test/lab/capabilities.ts";
import { ALL_FLAGS, Daemon, daemonProgram } from "../../test/lab/daemon.ts";
import type { Machine } from "../../test/lab/machine.ts";
import { Network } from "../../test/lab/network.ts";
import { runInUml, whyNoUml } from "../../test/lab/uml.ts";
import type { BenchCase, Sample, Subject } from "../case.ts";

const PORT = 8_080;
const WARM_UP_MS = 6_000;
const MEASURE_MS = 10_000;
const UML_TIMEOUT_MS = 150_000;

function configOf(count: number): string {
  const servers = Array.from({ length: count }, (_, index) => {
    const address = `127.1.${index >> 8}.${index & 255}`;
    return `  real_server ${address} ${PORT} { TCP_CHECK { connect_timeout 3 } }`;
  });
  const head = "virtual_server 10.0.1.1 80 {\n  delay_loop 1\n  lb_algo rr\n  lb_kind NAT\n  protocol TCP\n";
  return `${head}${servers.join("\n").replaceAll("{ TCP_CHECK { ", "{\n TCP_CHECK {\n ").replaceAll(" } }", "\n }\n }")}\n}\n`;
}

interface Usage {
  readonly atMs: number;
  readonly cpuUs: number;
  readonly rssMiB: number;
  /** connect(2) calls in the machine's network namespace. */
  readonly connects: number;
  /** Connections that a server's kernel completed there. */
  readonly accepts: number;
}

function cpuUsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const spent = threads.map((id) => Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, "utf8").split(" ")[0]));
  return spent.reduce((sum, ns) => sum + ns / 1_000, 0);
}

function rssMiBOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1_024;
}

/** @param name of a counter of TCP in the machine's network namespace */
function tcpCounter(machine: Machine, name: string): number {
  const [names = "", values = ""] = machine
    .readNetFile("snmp")
    .split("\n")
    .filter((line) => line.startsWith("Tcp:"));
  return Number(values.split(" ")[names.split(" ").indexOf(name)]);
}

function usageOf(machine: Machine, spawned: number): Usage {
  const pids = descendantsOf(spawned);
  return {
    atMs: performance.now(),
    cpuUs: pids.reduce((sum, pid) => sum + cpuUsOf(pid), 0),
    rssMiB: pids.reduce((sum, pid) => sum + rssMiBOf(pid), 0),
    connects: tcpCounter(machine, "ActiveOpens"),
    accepts: tcpCounter(machine, "PassiveOpens"),
  };
}

async function measure(machine: Machine, subject: Subject, count: number): Promise<Sample> {
  const listener = machine.spawn([process.execPath, join(ROOT, "dist/bench/programs/listen.js"), String(PORT)]);
  await linesOf(listener.stdout, listener.stderr).waitFor("the servers", (line) => line.text === "ready");
  const before = new Set(descendantsOf(process.pid));
  const daemon = new Daemon(machine, { name: subject, config: configOf(count), flags: [...ALL_FLAGS, "-C"] });
  const spawned = descendantsOf(process.pid).find((pid) => !before.has(pid));
  if (spawned === undefined) throw new Error("the daemon is not there");
  try {
    await waitUntil("checks", () => (tcpCounter(machine, "ActiveOpens") >= count ? true : null), { timeoutMs: 30_000 });
  } catch (error) {
    throw new Error(`${subject} checks nothing:\n${daemon.text.slice(-2_000)}`, { cause: error });
  }
  await pause(WARM_UP_MS);
  const start = usageOf(machine, spawned);
  await pause(MEASURE_MS);
  const end = usageOf(machine, spawned);
  const checks = end.connects - start.connects;
  return {
    checksPerSec: (checks / (end.atMs - start.atMs)) * 1_000,
    cpuPerCheckUs: (end.cpuUs - start.cpuUs) / checks,
    acceptsPerCheck: (end.accepts - start.accepts) / checks,
    rssMiB: end.rssMiB,
    wrongResults: daemon.log.items.filter(({ text }) => text.includes("Removing service")).length,
  };
}

async function trial(subject: Subject, count: number): Promise<Sample> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "director", addresses: ["10.0.0.5/8"] });
    return await measure(machine, subject, count);
  } finally {
    await network.close();
  }
}

/** The same trial inside a guest whose kernel has IPVS. */
async function trialInUml(subject: Subject, count: number): Promise<Sample> {
  const words = [process.execPath, join(ROOT, "dist/bench/trial.js"), "checks-tcp", subject, `native servers=${count}`];
  const result = await runInUml({ words, timeoutMs: UML_TIMEOUT_MS, env: { IN_GUEST: "1" } });
  const line = result.output.trim().split("\n").at(-1) ?? "";
  if (result.status !== 0) throw new Error(`status ${result.status}\n${result.output}`);
  const sample: Sample = JSON.parse(line);
  return sample;
}

export const CHECKS_TCP: BenchCase = {
  name: "checks-tcp",
  meaning:
    "TCP_CHECK by the whole daemon, delay_loop 1, to servers on the loopback device: CPU time of all its threads for each connect; natively (IPVS table in memory), and in a User-Mode Linux guest, where system calls cost twenty times as much",
  variants: ["native servers=5000", "uml servers=200"],
  subjects: ["keepalived", "holdfast"],
  whyNot(subject, variant) {
    if (daemonProgram(subject) === null) return `${subject} is not there`;
    if (variant.startsWith("uml")) return whyNoUml() || null;
    if (subject === "keepalived") return "it checks nothing without IPVS in the kernel";
    return whyNoLab() || null;
  },
  run(subject, variant) {
    const count = Number(variant.split("=")[1]);
    if (variant.startsWith("uml")) return trialInUml(subject, count);
    if (process.env["IN_GUEST"] === undefined) process.env["HOLDFAST_IPVS"] = "memory";
    return trial(subject, count);
  },
};
