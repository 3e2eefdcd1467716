import assert from "node:assert/strict";
import { type ChildProcess, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { makeCertificate } from "../../helpers/certificate.ts";
import { type EventLog, waitUntil } from "../../helpers/event-log.ts";
import { descendantsOf, type Line, linesOf, sendSignal } from "../../helpers/process.ts";
import { findProgram, ROOT } from "../../helpers/repository.ts";
import { ALL_FLAGS, Daemon, type DaemonName } from "../daemon.ts";
import { poolOf } from "../ipvs.ts";
import type { Machine } from "../machine.ts";
import { daemonNames } from "../matrix.ts";
import { Network } from "../network.ts";
import { NGINX_HTTP } from "../nginx.ts";
import { Postfix, whyNoPostfix } from "../postfix.ts";
import { unboundConfig } from "../unbound.ts";

const PROGRAMS = join(ROOT, "dist/test/lab/programs");
const VIP = "192.168.1.100";
const REAL = "192.168.1.2";
/** What the real server offers, by name in the order of the ports; all in one machine. */
const PORTS = { web: 80, tls: 443, mail: 25, names: 53 } as const;
type Service = keyof typeof PORTS;
const SERVICES = Object.keys(PORTS) as readonly Service[];

const NGINX = `daemon off;
pid /run/nginx.pid;
error_log stderr;
user root;
worker_processes 1;
events {
}
http {
${NGINX_HTTP}
  ssl_certificate /run/tls.pem;
  ssl_certificate_key /run/tls.key;
  server {
    listen 80;
    listen 443 ssl;
    location / {
      return 200 "page";
    }
  }
}
`;

const ZONES = ['local-zone: "test." static', 'local-data: "check.test. IN A 192.0.2.1"'];

/** Asks until there is an answer, be it a refusal: unbound binds its port long before it reads from it. */
const ASK = `question='\\1\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\5check\\4test\\0\\0\\1\\0\\1'
until exec 3<>/dev/udp/${REAL}/53 && printf "$question" >&3 && timeout 1 head -c 1 <&3 | grep -qa .; do :; done`;

const TIMES = `connect_timeout 2
      retry 1
      delay_before_retry 1
      delay_loop 1
      warmup 0`;

const URL = "url {\n path /\n status_code 200\n }";
const CHECKS: Readonly<Record<Service, string>> = {
  web: `HTTP_GET {\n ${URL}\n log_all_failures\n ${TIMES}\n }`,
  tls: `SSL_GET {\n ${URL}\n log_all_failures\n ${TIMES}\n }`,
  mail: `SMTP_CHECK {\n helo_name lab.example\n ${TIMES}\n }`,
  names: `DNS_CHECK {\n type A\n name check.test\n log_all_failures\n ${TIMES}\n }`,
};

function protocolOf(service: Service): "tcp" | "udp" {
  return service === "names" ? "udp" : "tcp";
}

/** As the logs name it. */
function serverOf(service: Service): string {
  return `[${REAL}]:${protocolOf(service)}:${PORTS[service]}`;
}

function virtualServer(name: Service): string {
  const port = PORTS[name];
  return `virtual_server ${VIP} ${port} {
  lb_algo rr
  lb_kind DR
  protocol ${protocolOf(name).toUpperCase()}
  quorum_up "/run/note.sh ${name} quorum up" root
  quorum_down "/run/note.sh ${name} quorum down" root
  real_server ${REAL} ${port} {
    notify_up "/run/note.sh ${name} up" root
    notify_down "/run/note.sh ${name} down" root
    ${CHECKS[name]}
  }
}
`;
}

const CONFIG = SERVICES.map(virtualServer).join("");

function rubbishWords(port: number): readonly string[] {
  return [process.execPath, join(PROGRAMS, "url-server.js"), "r".repeat(200), String(port)];
}

/** Programs that speak no language that a check knows. */
const RUBBISH: readonly (readonly string[])[] = [
  rubbishWords(PORTS.web),
  rubbishWords(PORTS.tls),
  [process.execPath, join(PROGRAMS, "rude-smtp-server.js"), "/run/manners", String(PORTS.mail)],
];

/** The real servers: nginx, postfix and unbound in one machine. */
class Servers {
  readonly #machine: Machine;
  readonly #director: Machine;
  readonly #postfix = new Postfix();
  #running: ChildProcess[] = [];
  #told: readonly EventLog<Line>[] = [];

  constructor(machine: Machine, director: Machine) {
    this.#machine = machine;
    this.#director = director;
  }

  async configure(): Promise<void> {
    const { keyFile, certificateFile } = makeCertificate(mkdtempSync(join(tmpdir(), "holdfast-programs-")));
    this.#machine.writeFile("/run/tls.key", readFileSync(keyFile, "utf8"));
    this.#machine.writeFile("/run/tls.pem", readFileSync(certificateFile, "utf8"));
    this.#machine.writeFile("/run/nginx.conf", NGINX);
    this.#machine.writeFile(`/run/manners/${this.#director.address}`, "a code of letters");
    await this.#postfix.configure(this.#machine);
  }

  async start(): Promise<void> {
    await this.#run([["nginx", "-c", "/run/nginx.conf"], this.#postfix.words], "allow");
  }

  /** In the place of the real ones; the name server refuses. */
  async startRubbish(): Promise<void> {
    await this.#run(RUBBISH, "refuse");
  }

  async #run(programs: readonly (readonly string[])[], access: "allow" | "refuse"): Promise<void> {
    this.#machine.writeFile("/run/unbound.conf", unboundConfig({ address: "0.0.0.0", access, zones: ZONES }));
    const all = [...programs, ["unbound", "-c", "/run/unbound.conf"]];
    this.#running = all.map((words) => this.#machine.spawn(words));
    this.#told = this.#running.map((child) => linesOf(child.stdout, child.stderr));
    await waitUntil("the servers to listen", () => (this.#areListening() ? true : null));
    await this.#machine.runOk(["timeout", "60", "bash", "-c", ASK]);
  }

  #areListening(): boolean {
    const sockets = this.#machine.readNetFile("tcp") + this.#machine.readNetFile("tcp6");
    return SERVICES.filter((name) => protocolOf(name) === "tcp").every((name) => {
      const port = PORTS[name].toString(16).toUpperCase().padStart(4, "0");
      return new RegExp(`:${port} \\S+ 0A `).test(sockets);
    });
  }

  /** Waits until each of the rubbish servers has told of so many lines: one when it is ready, one a check. */
  async told(count: number): Promise<void> {
    const logs = this.#told.slice(0, RUBBISH.length);
    await Promise.all(logs.map((log) => log.waitFor(`${count} lines`, () => log.items.length >= count)));
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

  async restart(): Promise<void> {
    this.signal("SIGKILL");
    await Promise.all(this.#running.map((child) => new Promise((resolve) => child.once("exit", resolve))));
    await this.start();
  }
}

/** The pool of each service. */
function poolsOf(director: Machine): readonly string[] {
  return SERVICES.map((name) => poolOf(director, VIP, PORTS[name])?.join(" ") ?? "none");
}

interface Fault {
  readonly begin: (servers: Servers, machine: Machine) => Promise<unknown>;
  readonly end: (servers: Servers, machine: Machine) => Promise<unknown>;
}

function firewall(verdict: string): Fault {
  const rules = SERVICES.map((name) => {
    const isReset = verdict === "REJECT" && protocolOf(name) === "tcp";
    const match = `-p ${protocolOf(name)} --dport ${PORTS[name]}`;
    return `iptables-legacy -I INPUT ${match} -j ${verdict}${isReset ? " --reject-with tcp-reset" : ""}`;
  });
  return {
    begin: (_, machine) => machine.runOk(["sh", "-c", rules.join(" && ")]),
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
      await servers.startRubbish();
      await servers.told(4);
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
    () => (poolsOf(machine).every((pool) => pool === expected) ? true : null),
    { timeoutMs: 40_000 },
  );
}

/** Of each server in its order: verdicts, what is done about them, and of failures the one that decided. */
function toldOf(lines: readonly string[], server: string): readonly string[] {
  const own = lines.filter((line) => line.includes(server) && !/Activating|Shutting/.test(line));
  return own.filter((line, index) => {
    const isFailure =
      /^(HTTP status|MD5|Regex|Timeout|Connection failed|Read|Error|SSL)/.test(line) && !/success/.test(line);
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
    await daemon.logged(`Remote Web server ${serverOf("web")} succeed on service.`);
    await daemon.logged(`Remote Web server ${serverOf("tls")} succeed on service.`);
    await daemon.logged(`Remote SMTP server ${serverOf("mail")} succeed on service.`);
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
      const notes = await waitUntil("all calls of scripts", () => {
        const all = SERVICES.flatMap((one) => notesOf(director, one));
        return all.length >= 4 * SERVICES.length ? all : null;
      });
      const lines = daemon.log.items.slice(from).map(({ text }) => text.replace(/^.*? \d{4}: /, ""));
      seen.set(title, { tables, notes, lines: SERVICES.flatMap((one) => toldOf(lines, serverOf(one))) });
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

const missing = ["nginx", "unbound", "openssl", "iptables-legacy", "tc"].filter(
  (program) => findProgram(program) === null,
);
const skip = missing.length > 0 ? `needs ${missing.join(", ")}` : whyNoPostfix();
const names = daemonNames();

describe("real servers that are real programs", { skip }, () => {
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
      await servers.configure();
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
        assert.deepEqual(notes, SERVICES.flatMap(told));
        assert.ok(lines.length > 4);
      });
    }
    const other = names.includes("holdfast") && names.includes("keepalived") ? false : "needs both daemons";
    test(`${title}: same table, same calls, same words as keepalived's`, { skip: other }, () => {
      assert.deepEqual(seen.get("holdfast")?.get(title), seen.get("keepalived")?.get(title));
    });
  }
});
