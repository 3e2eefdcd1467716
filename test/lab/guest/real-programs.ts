import assert from "node:assert/strict";
import { type ChildProcess, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type EventLog, waitUntil } from "../../helpers/event-log.ts";
import { descendantsOf, type Line, linesOf, sendSignal } from "../../helpers/process.ts";
import { findProgram, ROOT } from "../../helpers/repository.ts";
import { ALL_FLAGS, Daemon, type DaemonName } from "../daemon.ts";
import { poolOf } from "../ipvs.ts";
import type { Machine } from "../machine.ts";
import { daemonNames } from "../matrix.ts";
import { Network } from "../network.ts";
import { NGINX_HTTP } from "../nginx.ts";

const RUBBISH = join(ROOT, "dist/test/lab/programs/url-server.js");
const VIP = "192.168.1.100";
const REAL = "192.168.1.2";
const WEB = `[${REAL}]:tcp:80`;
const NAMES = `[${REAL}]:udp:53`;

const NGINX = `daemon off;
pid /run/nginx.pid;
error_log stderr;
user root;
worker_processes 1;
events {
}
http {
${NGINX_HTTP}
  server {
    listen 80;
    location / {
      return 200 "page";
    }
  }
}
`;

function unboundConfig(access: "allow" | "refuse"): string {
  return `server:
  interface: 0.0.0.0
  access-control: 0.0.0.0/0 ${access}
  chroot: ""
  username: ""
  pidfile: "/run/unbound.pid"
  use-syslog: no
  do-daemonize: no
  auto-trust-anchor-file: ""
  module-config: "iterator"
  local-zone: "test." static
  local-data: "check.test. IN A 192.0.2.1"
remote-control:
  control-enable: no
`;
}

/** Asks until there is an answer, be it a refusal: unbound binds its port long before it reads from it. */
const ASK = `question='\\1\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\5check\\4test\\0\\0\\1\\0\\1'
until exec 3<>/dev/udp/${REAL}/53 && printf "$question" >&3 && timeout 1 head -c 1 <&3 | grep -qa .; do :; done`;

const TIMES = `connect_timeout 1
      retry 1
      delay_before_retry 1
      delay_loop 1
      warmup 0
      log_all_failures`;

function virtualServer(protocol: "TCP" | "UDP", port: number, name: string, check: string): string {
  return `virtual_server ${VIP} ${port} {
  lb_algo rr
  lb_kind DR
  protocol ${protocol}
  quorum_up "/run/note.sh ${name} quorum up" root
  quorum_down "/run/note.sh ${name} quorum down" root
  real_server ${REAL} ${port} {
    notify_up "/run/note.sh ${name} up" root
    notify_down "/run/note.sh ${name} down" root
    ${check}
  }
}
`;
}

const CONFIG =
  virtualServer("TCP", 80, "web", `HTTP_GET {\n url {\n path /\n status_code 200\n }\n ${TIMES}\n }`) +
  virtualServer("UDP", 53, "names", `DNS_CHECK {\n type A\n name check.test\n ${TIMES}\n }`);

/** The real servers: nginx and unbound in one machine. */
class Servers {
  readonly #machine: Machine;
  readonly #director: Machine;
  #running: ChildProcess[] = [];
  #webLog: EventLog<Line> | null = null;

  constructor(machine: Machine, director: Machine) {
    this.#machine = machine;
    this.#director = director;
    machine.writeFile("/run/nginx.conf", NGINX);
  }

  async start(access: "allow" | "refuse" = "allow", web = ["nginx", "-c", "/run/nginx.conf"]): Promise<void> {
    this.#machine.writeFile("/run/unbound.conf", unboundConfig(access));
    this.#running = [web, ["unbound", "-c", "/run/unbound.conf"]].map((words) => this.#machine.spawn(words));
    const [webLog = null] = this.#running.map((child) => linesOf(child.stdout, child.stderr));
    this.#webLog = webLog;
    await waitUntil("the web server to listen", () => {
      const sockets = this.#machine.readNetFile("tcp") + this.#machine.readNetFile("tcp6");
      return /:0050 \S+ 0A /.test(sockets) ? true : null;
    });
    await this.#machine.runOk(["timeout", "60", "bash", "-c", ASK]);
  }

  /** Waits until the web server has told of so many lines: one when it is ready, one a request. */
  async webAnswers(count: number): Promise<void> {
    await this.#webLog?.waitFor(`${count} lines`, () => (this.#webLog?.items.length ?? 0) >= count);
  }

  /** Both pools, with a blank between them. */
  poolsNow(): string {
    return [80, 53].map((port) => poolOf(this.#director, VIP, port)?.join() ?? "none").join(" ");
  }

  signal(signal: NodeJS.Signals): void {
    for (const child of this.#running) {
      const first = this.#machine.pidOf(child);
      if (first === null) continue;
      for (const pid of [first, ...descendantsOf(first)]) sendSignal(pid, signal);
      // nsenter stops with its program, but does not go on with it.
      if (signal === "SIGCONT" && child.pid !== undefined) sendSignal(child.pid, signal);
    }
  }

  async restart(...words: Parameters<Servers["start"]>): Promise<void> {
    this.signal("SIGKILL");
    await Promise.all(this.#running.map((child) => new Promise((resolve) => child.once("exit", resolve))));
    await this.start(...words);
  }
}

interface Fault {
  readonly begin: (servers: Servers, machine: Machine) => Promise<unknown>;
  readonly end: (servers: Servers, machine: Machine) => Promise<unknown>;
}

function firewall(verdict: string): Fault {
  const rule = (protocol: string, port: number, more = ""): string =>
    `iptables-legacy -I INPUT -p ${protocol} --dport ${port} -j ${verdict}${more}`;
  const isReset = verdict === "REJECT";
  const both = `${rule("tcp", 80, isReset ? " --reject-with tcp-reset" : "")} && ${rule("udp", 53)}`;
  return {
    begin: (_, machine) => machine.runOk(["sh", "-c", both]),
    end: (_, machine) => machine.runOk(["iptables-legacy", "-F", "INPUT"]),
  };
}

const FAULTS: Readonly<Record<string, Fault>> = {
  killed: { begin: async (servers) => servers.signal("SIGKILL"), end: (servers) => servers.start() },
  frozen: { begin: async (servers) => servers.signal("SIGSTOP"), end: async (servers) => servers.signal("SIGCONT") },
  "firewalled by DROP": firewall("DROP"),
  "firewalled by REJECT": firewall("REJECT"),
  "slowed to three seconds": {
    begin: (_, machine) => machine.runOk(["tc", "qdisc", "add", "dev", "eth0", "root", "netem", "delay", "3s"]),
    end: (_, machine) => machine.runOk(["tc", "qdisc", "del", "dev", "eth0", "root"]),
  },
  "killed, then back with rubbish and refusals": {
    begin: async (servers) => servers.signal("SIGKILL"),
    end: async (servers) => {
      await servers.start("refuse", [process.execPath, RUBBISH, "r".repeat(200), "80"]);
      await servers.webAnswers(4);
      assert.equal(servers.poolsNow(), " ");
      await servers.restart();
    },
  },
};

/** What a daemon made of one fault. */
interface Seen {
  readonly tables: readonly string[];
  readonly notes: readonly string[];
  readonly lines: readonly string[];
}

async function savedTable(machine: Machine): Promise<string> {
  return (await machine.runOk(["ipvsadm", "-Sn"])).trim().split("\n").sort().join("\n");
}

async function pooled(machine: Machine, expected: string): Promise<void> {
  await waitUntil(
    `the pools "${expected}"`,
    () => {
      const pools = [80, 53].map((port) => poolOf(machine, VIP, port)?.join(" "));
      return pools.every((pool) => pool === expected) ? true : null;
    },
    { timeoutMs: 30_000 },
  );
}

/** Of each server in its order: verdicts, what is done about them, and of failures the one that decided. */
function toldOf(lines: readonly string[], server: string): readonly string[] {
  const own = lines.filter((line) => line.includes(server) && !/Activating|Shutting/.test(line));
  return own.filter((line, index) => {
    const isFailure =
      /^(HTTP status|MD5|Regex|Timeout|Connection failed|Read|Error)/.test(line) && !/success/.test(line);
    const isAttempt = /^DNS_CHECK/.test(line) && !/ after /.test(line);
    return !isAttempt && (!isFailure || / failed after /.test(own[index + 1] ?? ""));
  });
}

async function watch(director: Machine, real: Machine, servers: Servers, name: DaemonName): Promise<Map<string, Seen>> {
  director.writeFile("/run/note.sh", '#!/bin/sh\necho "$@" >> /run/notes\n');
  await director.runOk(["chmod", "755", "/run/note.sh"]);
  director.writeFile("/run/notes", "");
  const daemon = new Daemon(director, { name, config: CONFIG, flags: [...ALL_FLAGS, "-C"] });
  const seen = new Map<string, Seen>();
  try {
    const answers = answersOf(real);
    await daemon.logged(`Remote Web server ${WEB} succeed on service.`);
    // keepalived is silent about a DNS_CHECK that passes.
    await waitUntil("an answer of unbound", () => (answersOf(real) > answers ? true : null));
    await pooled(director, REAL);
    for (const [title, { begin, end }] of Object.entries(FAULTS)) {
      const from = daemon.log.position;
      director.writeFile("/run/notes", "");
      await begin(servers, real);
      await pooled(director, "");
      const down = await savedTable(director);
      await end(servers, real);
      await pooled(director, REAL);
      const tables = [down, await savedTable(director)];
      // Scripts of a busy machine end late.
      const notes = await waitUntil("eight calls of scripts", () => {
        const all = ["web", "names"].flatMap((one) => notesOf(director, one));
        return all.length >= 8 ? all : null;
      });
      const lines = daemon.log.items.slice(from).map(({ text }) => text.replace(/^.*? \d{4}: /, ""));
      seen.set(title, { tables, notes, lines: [WEB, NAMES].flatMap((server) => toldOf(lines, server)) });
    }
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}\n${daemon.text}`, { cause: error });
  } finally {
    await daemon.terminate();
  }
  return seen;
}

/** Datagrams that a machine has sent. */
function answersOf(machine: Machine): number {
  const [names = "", values = ""] = machine.readNetFile("snmp").match(/^Udp: .*$/gm) ?? [];
  return Number(values.split(" ")[names.split(" ").indexOf("OutDatagrams")]);
}

/** Scripts of a server and of its quorum run side by side, each kind in its order. */
function notesOf(machine: Machine, name: string): readonly string[] {
  const lines = machine.readFile("/run/notes").split("\n");
  const own = lines.filter((line) => line.startsWith(`${name} `));
  return own.toSorted((a, b) => Number(a.includes("quorum")) - Number(b.includes("quorum")));
}

const missing = ["nginx", "unbound", "iptables-legacy", "tc"].filter((program) => findProgram(program) === null);
const names = daemonNames();

describe("real servers that are real programs", {
  skip: missing.length > 0 ? `needs ${missing.join(", ")}` : false,
}, () => {
  const seen = new Map<DaemonName, Map<string, Seen>>();
  let network: Network;
  before(
    async () => {
      // The machines have no modprobe that finds anything.
      const loader = readFileSync("/proc/sys/kernel/modprobe", "utf8").trim();
      execFileSync(loader, ["-a", "iptable_filter", "ipt_REJECT", "xt_tcpudp", "sch_netem"]);
      network = await Network.build();
      const director = await network.addMachine({ name: "director", addresses: ["192.168.1.1/24"] });
      const real = await network.addMachine({ name: "real", addresses: [`${REAL}/24`] });
      const servers = new Servers(real, director);
      await servers.start();
      for (const name of names) seen.set(name, await watch(director, real, servers, name));
    },
    { timeout: 400_000 },
  );
  after(() => network.close());

  for (const title of Object.keys(FAULTS)) {
    for (const name of names) {
      test(`${title}: taken out and in again, everybody told (${name})`, () => {
        const { tables = [], notes, lines = [] } = seen.get(name)?.get(title) ?? {};
        assert.doesNotMatch(tables[0] ?? "-a", /^-a/m);
        assert.match(tables[1] ?? "", /^-a -t 192\.168\.1\.100:80 -r 192\.168\.1\.2:80 -g -w 1$/m);
        const told = (one: string): readonly string[] => [
          `${one} down`,
          `${one} up`,
          `${one} quorum down`,
          `${one} quorum up`,
        ];
        assert.deepEqual(notes, [...told("web"), ...told("names")]);
        assert.ok(lines.length > 4);
      });
    }
    const other = names.includes("holdfast") && names.includes("keepalived") ? false : "needs both daemons";
    test(`${title}: same table, same calls, same words as keepalived's`, { skip: other }, () => {
      assert.deepEqual(seen.get("holdfast")?.get(title), seen.get("keepalived")?.get(title));
    });
  }
});
