/**
 * The words of checkers and pools, beside keepalived and the same servers: at the start, when all fail, when all are back
 * and at the stop either says the same of each server, calls the same scripts and writes the same lines to the FIFO.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { imaginedIpvs } from "../../bench/ipvs-preload.ts";
import { linesOf } from "../helpers/process.ts";
import { ROOT } from "../helpers/repository.ts";
import { whyNoLab } from "./capabilities.ts";
import { ALL_FLAGS, Daemon, type DaemonName } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";
import { nginxConfig } from "./nginx.ts";

const REAL = "192.168.1.2";
const PAGE = "page 42 of Holdfast";
const PORTS = { web: 80, tcp: 8080, udp: 5000, silent: 5001, closed: 9 };
const FIFO = "/run/fifo";
const QUIET_MS = 8_000;
const LOOK_EVERY_MS = 200;
/** What keepalived says again and again, of no server in particular. */
const ENDLESS = /connect error \d+ - |send ICMP packet fail/;

const NGINX = nginxConfig(`  server {
    listen ${PORTS.web};
    listen ${PORTS.tcp};
    location / {
      return 200 "${PAGE}";
    }
    location /gone {
      return 410 "gone";
    }
    location /named {
      return 200 "$server_protocol $host";
    }
  }`);

const TIMES = "connect_timeout 1\n retry 1\n delay_before_retry 1\n delay_loop 1\n warmup 0";
const TCP = `TCP_CHECK {\n connect_port ${PORTS.tcp}\n ${TIMES}\n }`;
const PING = `PING_CHECK {\n ${TIMES}\n }`;
const DIGEST = createHash("md5").update(PAGE).digest("hex");

function udp(words: string, port = PORTS.udp): string {
  return `UDP_CHECK {\n connect_port ${port}\n ${words}\n ${TIMES}\n }`;
}

function http(url: string, path = "/", more = ""): string {
  return `HTTP_GET {\n connect_port ${PORTS.web}\n ${more}\n url {\n path ${path}\n ${url}\n }\n ${TIMES}\n }`;
}

/** Of a server where nobody listens. */
function closed(kind: string, words = ""): string {
  const url = kind.endsWith("_GET") ? "url {\n path /\n }" : "";
  return `${kind} {\n connect_port ${PORTS.closed}\n ${words}\n ${url}\n ${TIMES}\n }`;
}

const LOUD = "log_all_failures";
const CLOSED = ["TCP_CHECK", "HTTP_GET", "UDP_CHECK", "DNS_CHECK"].flatMap((kind) => [
  closed(kind),
  closed(kind, LOUD),
]);
/** To which the director knows no way. */
const LOST = "connect_ip 203.0.113.9";
const NO_WAY = "without a way to the server";
const LOST_KINDS = ["TCP_CHECK", "HTTP_GET", "SSL_GET", "UDP_CHECK", "DNS_CHECK", "SMTP_CHECK", "PING_CHECK"];

interface Service {
  readonly protocol: "TCP" | "UDP";
  readonly words?: string;
  /** One server each. */
  readonly checks: readonly string[];
}

/** Each with addresses of its own. */
const SERVICES: Readonly<Record<string, Service>> = {
  "alpha, omega and quorum": { protocol: "TCP", words: "alpha\n omega\n quorum 2", checks: [TCP, TCP, TCP] },
  "a sorry server, inhibition and hysteresis": {
    protocol: "TCP",
    words: "inhibit_on_failure\n quorum 2\n hysteresis 1\n sorry_server 10.9.9.9 80\n sorry_server_inhibit",
    checks: [TCP, TCP, TCP],
  },
  "a sorry server": { protocol: "TCP", words: "sorry_server 10.9.9.9 80\n omega", checks: [TCP, TCP] },
  "servers that fail from the start": { protocol: "TCP", checks: [TCP, ...CLOSED] },
  "servers that fail from the start, with alpha": { protocol: "TCP", words: "alpha", checks: [TCP, ...CLOSED] },
  "a file, and a BFD session without a neighbour": {
    protocol: "TCP",
    checks: [TCP, "FILE_CHECK {\n track_file still\n }", "BFD_CHECK {\n name nobody\n }"],
  },
  PING_CHECK: { protocol: "TCP", checks: [PING, PING, PING.replace("{", `{\n ${LOUD}`)] },
  UDP_CHECK: {
    protocol: "UDP",
    checks: [
      udp(""),
      udp("payload 70696e67"),
      udp("require_reply"),
      udp("require_reply 706f6e67"),
      udp("require_reply 70xx6e"),
      udp("require_reply 00"),
      udp("require_reply 70\n min_reply_length 5"),
      udp("require_reply 70\n max_reply_length 3"),
      udp("", PORTS.silent),
      udp("require_reply", PORTS.silent),
    ],
  },
  HTTP_GET: {
    protocol: "TCP",
    checks: [
      http(""),
      http("status_code 200-204 301"),
      http("status_code 201"),
      http("status_code 400-499", "/gone"),
      http("", "/gone"),
      http(`digest ${DIGEST}`),
      http(`digest ${DIGEST.replace(/^./, (digit) => (digit === "0" ? "1" : "0"))}`),
    ],
  },
  "HTTP_GET with regex": {
    protocol: "TCP",
    checks: [
      http('regex "page [0-9]+ of"'),
      http('regex "chapter"'),
      http('regex "chapter"\n regex_no_match'),
      http('regex "page"\n regex_no_match'),
      http('regex "Hold"\n regex_min_offset 5'),
      http('regex "Hold"\n regex_max_offset 4'),
    ],
  },
  "HTTP_GET with names and versions": {
    protocol: "TCP",
    checks: [
      http('regex "HTTP/1.0 lab.example"', "/named", "virtualhost lab.example"),
      http('regex "HTTP/1.0 url.example"', "/named", "virtualhost lab.example").replace(
        "path /named",
        "path /named\n virtualhost url.example",
      ),
      http('regex "HTTP/1.1 192"', "/named", "http_protocol 1.1"),
      http('regex "HTTP/1.1 192"', "/named"),
    ],
  },
  ...Object.fromEntries(
    LOST_KINDS.map((kind): [string, Service] => [
      `${kind} ${NO_WAY}`,
      { protocol: "TCP", checks: [closed(kind, LOST), closed(kind, `${LOST}\n ${LOUD}`)] },
    ]),
  ),
};

function serviceText([, { protocol, words = "", checks }]: [string, Service], index: number): string {
  const number = index + 1;
  const note = (what: string): string => `"/run/note.sh ${number} ${what}" root`;
  const servers = checks.map((check, place) => {
    const told = `notify_up ${note(`up ${place}`)}\n notify_down ${note(`down ${place}`)}`;
    return ` real_server ${REAL} ${8_000 + 100 * number + place} {\n ${told}\n ${check}\n }\n`;
  });
  const quorum = `quorum_up ${note("quorum up")}\n quorum_down ${note("quorum down")}`;
  const head = `lb_algo rr\n lb_kind NAT\n protocol ${protocol}\n ${quorum}\n ${words}\n`;
  return `virtual_server 10.0.0.${number} 80 {\n ${head}${servers.join("")}}\n`;
}

const CONFIG = `global_defs {
  script_user root
  enable_script_security
  rs_init_notifies
  lvs_notify_fifo ${FIFO}
}
track_file still {
  file /run/still
  weight 0
  init_file 0
}
bfd_instance nobody {
}
${Object.entries(SERVICES).map(serviceText).join("")}`;

/** So many servers without a way to them look like a fault of the director's own, and keepalived has no such guard. */
function configFor(name: DaemonName): string {
  return name === "holdfast" ? CONFIG.replaceAll("lb_algo rr", "lb_algo rr\n correlated_failure_guard off") : CONFIG;
}

const RULES = `table inet fw { chain in { type filter hook input priority 0;
tcp dport { ${PORTS.web}, ${PORTS.tcp} } reject with tcp reset
udp dport { ${PORTS.udp}, ${PORTS.silent} } reject
icmp type echo-request drop
}; }`;

/** What happens, in this order. */
const PHASES: Readonly<Record<string, (real: Machine, daemons: readonly Daemon[]) => Promise<unknown>>> = {
  "at the start": async () => undefined,
  "when all fail": (real) => real.runOk(["nft", "-f", "-"], { input: RULES }),
  "when all are back": (real) => real.runOk(["nft", "delete", "table", "inet", "fw"]),
  "at the stop": (_, daemons) => Promise.all(daemons.map((daemon) => daemon.terminate())),
};

/** One daemon's share of a phase. */
interface Seen {
  readonly lines: readonly string[];
  readonly notes: readonly string[];
  readonly fifo: readonly string[];
}

/** A daemon, and how far it has been looked at. */
class Subject {
  readonly daemon: Daemon;
  readonly #machine: Machine;
  #at = { line: 0, note: 0, fifo: 0 };

  constructor(machine: Machine, daemon: Daemon) {
    this.#machine = machine;
    this.daemon = daemon;
  }

  /** Nothing more is said, called and written. */
  async quiet(): Promise<void> {
    let last = "";
    let since = performance.now();
    while (performance.now() - since < QUIET_MS) {
      const now = [this.#told(), this.#notes().length, this.#fifo().length].join();
      if (now !== last) since = performance.now();
      last = now;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  /** What is new since the last look. */
  look(): Seen {
    const lines = this.daemon.log.items.slice(this.#at.line).map(({ text }) => text.replace(/^.*? \d{4}: /, ""));
    const seen = { lines, notes: this.#notes().slice(this.#at.note), fifo: this.#fifo().slice(this.#at.fifo) };
    this.#at = { line: this.daemon.log.position, note: this.#notes().length, fifo: this.#fifo().length };
    return seen;
  }

  #told(): number {
    return this.daemon.log.items.filter(({ text }) => !ENDLESS.test(text)).length;
  }

  #notes(): readonly string[] {
    return this.#machine.readFile("/run/notes").split("\n").slice(0, -1);
  }

  #fifo(): readonly string[] {
    return this.#machine.readFile("/run/fifo.log").split("\n").slice(0, -1);
  }
}

/** What is said of a service and its servers, each in its order. */
function linesAbout(lines: readonly string[], number: number): readonly string[] {
  const service = `[10.0.0.${number}]:`;
  const server = new RegExp(`\\[${REAL.replaceAll(".", "\\.")}\\]:\\w+:${80 + number}\\d\\d\\b`);
  const own = lines.filter((line) => line.includes(service) || server.test(line));
  const keyOf = (line: string): string => server.exec(line)?.[0] ?? service;
  return own.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0));
}

describe("words of checkers and pools", { skip: whyNoLab(["nginx", "cc"]) }, () => {
  const names = daemonNames();
  const seen = new Map<string, readonly Seen[]>();
  let network: Network;
  before(
    async () => {
      network = await Network.build();
      const real = await network.addMachine({ name: "real", addresses: [`${REAL}/24`] });
      await startServers(real);
      const subjects: Subject[] = [];
      for (const [index, name] of names.entries()) subjects.push(await subjectOf(network, name, index));
      for (const [phase, begin] of Object.entries(PHASES)) {
        await begin(
          real,
          subjects.map(({ daemon }) => daemon),
        );
        await Promise.all(subjects.map((subject) => subject.quiet()));
        seen.set(
          phase,
          subjects.map((subject) => subject.look()),
        );
      }
    },
    { timeout: 300_000 },
  );
  after(() => network.close());

  for (const phase of Object.keys(PHASES)) {
    for (const [index, title] of Object.keys(SERVICES).entries()) {
      const number = index + 1;
      test(`${title}, ${phase}: the same words, calls and lines of the FIFO`, () => {
        const views = (seen.get(phase) ?? []).map(({ lines, notes, fifo }) => ({
          lines: linesAbout(lines, number),
          notes: notes.filter((note) => note.startsWith(`${number} `)).toSorted(),
          fifo: fifo.filter((line) => line.includes(`[10.0.0.${number}]`)).toSorted(),
        }));
        const [ours, theirs = ours] = views;
        // What was out before is no news.
        const isNews = !(title.endsWith(NO_WAY) && phase.startsWith("when"));
        assert.equal((ours?.lines.length ?? 0) > 0, isNews);
        assert.deepEqual(ours, theirs);
      });
    }
  }
});

async function startServers(real: Machine): Promise<void> {
  // Else it rejects one datagram a second, and is silent about the others.
  await real.sysctl({ "net/ipv4/icmp_ratelimit": "0" });
  real.writeFile("/run/nginx.conf", NGINX);
  const program = join(ROOT, "dist/test/lab/programs/udp-server.js");
  const echo = real.spawn([process.execPath, program, String(PORTS.udp), String(PORTS.silent), "pong"]);
  await linesOf(echo.stdout, echo.stderr).waitFor("the UDP server", ({ text }) => text === "ready");
  linesOf(real.spawn(["nginx", "-c", "/run/nginx.conf", "-p", "/run"]).stderr);
  const ask = `until exec 3<>/dev/tcp/${REAL}/${PORTS.web}; do sleep 0.1; done`;
  await real.runOk(["timeout", "20", "bash", "-c", ask]);
}

async function subjectOf(
  network: Network,
  name: ReturnType<typeof daemonNames>[number],
  index: number,
): Promise<Subject> {
  const director = await network.addMachine({ name, addresses: [`192.168.1.${10 + index}/24`] });
  director.writeFile("/run/note.sh", '#!/bin/sh\necho "$@" >> /run/notes\n');
  director.writeFile("/run/notes", "");
  director.writeFile("/run/fifo.log", "");
  await director.runOk(["sh", "-c", `chmod 755 /run/note.sh; mkfifo -m 600 ${FIFO}`]);
  // Opened for both, so that nothing is lost before the daemon writes, and its end ends nothing.
  director.spawn(["sh", "-c", `exec stdbuf -o0 tr -d '\\0' <> ${FIFO} > /run/fifo.log`]);
  const env = name === "keepalived" ? imaginedIpvs() : { HOLDFAST_IPVS: "memory" };
  return new Subject(
    director,
    new Daemon(director, { name, config: configFor(name), flags: [...ALL_FLAGS, "-C"], env }),
  );
}
