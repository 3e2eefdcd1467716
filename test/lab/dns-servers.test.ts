/**
 * DNS_CHECK for each type of record, asked of BIND and unbound, beside keepalived: when the servers start, are killed,
 * frozen and firewalled, and when they are back, either takes the same servers in and out and says the same of it.
 */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { imaginedIpvs } from "../../bench/ipvs-preload.ts";
import { descendantsOf, ended, linesOf, sendSignal } from "../helpers/process.ts";
import { whyNoLab } from "./capabilities.ts";
import { ALL_FLAGS, Daemon } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";
import { unboundConfig } from "./unbound.ts";

const SERVERS = { BIND: "192.168.1.2", unbound: "192.168.1.3" } as const;
type ServerName = keyof typeof SERVERS;

const RECORDS = [
  "test. 60 IN SOA ns.test. root.test. 1 60 60 60 60",
  "test. 60 IN NS ns.test.",
  "ns.test. 60 IN A 192.0.2.53",
  "check.test. 60 IN A 192.0.2.1",
  "check.test. 60 IN AAAA 2001:db8::1",
  "check.test. 60 IN MX 10 mail.test.",
  'check.test. 60 IN TXT "text"',
  "alias.test. 60 IN CNAME check.test.",
];

const NAMED = `options {
  directory "/run/named";
  pid-file none;
  session-keyfile none;
  listen-on { ${SERVERS.BIND}; };
  listen-on-v6 { none; };
  recursion no;
  dnssec-validation no;
};
controls { };
zone "test" {
  type primary;
  file "test.zone";
  dnssec-policy default;
  inline-signing yes;
};
`;

const UNBOUND = unboundConfig({
  address: SERVERS.unbound,
  access: "allow",
  zones: [
    'local-zone: "." refuse',
    'local-zone: "test." static',
    ...RECORDS.map((record) => `local-data: '${record}'`),
  ],
});

/** What is asked, and whether the answer is a good one; NOERROR without a record is. */
const QUESTIONS: Readonly<Record<string, boolean>> = {
  "type A\n name check.test": true,
  "type A\n name alias.test": true,
  "type AAAA\n name check.test": true,
  "type NS\n name test": true,
  "type SOA\n name test.": true,
  "type CNAME\n name alias.test": true,
  "type MX\n name check.test": true,
  "type TXT\n name check.test": true,
  "type RRSIG\n name check.test": true,
  "type DNSKEY\n name test": true,
  "type MX\n name ns.test": true,
  "type A\n name CHECK.test": true,
  "type A\n name absent.test": false,
  "type A\n name elsewhere.example": false,
  "": false,
};

interface Service {
  readonly server: ServerName;
  readonly words: string;
  readonly passes: boolean;
  /** Of the real server, by which the lines about it are known. */
  readonly port: number;
}

const SERVICES: readonly Service[] = Object.entries(QUESTIONS).flatMap(([words, passes], index) => [
  { server: "BIND" as const, words, passes, port: 8_000 + 2 * index },
  { server: "unbound" as const, words, passes, port: 8_001 + 2 * index },
]);

function serviceText({ server, words, port }: Service): string {
  const times = "connect_timeout 1\n retry 1\n delay_before_retry 1\n delay_loop 1\n warmup 0";
  const check = `DNS_CHECK {\n connect_port 53\n ${words}\n ${times}\n }`;
  const real = `real_server ${SERVERS[server]} ${port} {\n ${check}\n }`;
  return `virtual_server 10.0.0.1 ${port} {\n lb_algo rr\n lb_kind NAT\n protocol UDP\n alpha\n ${real}\n}\n`;
}

const CONFIG = SERVICES.map(serviceText).join("");

/** Asks until there is an answer: the port is bound long before it is read from. */
function askText(address: string): string {
  return `question='\\1\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\5check\\4test\\0\\0\\1\\0\\1'
until exec 3<>/dev/udp/${address}/53 && printf "$question" >&3 && timeout 1 head -c 4 <&3 | od -An -tx1 | grep -q '8. .0$'; do sleep 0.1; done`;
}

/** Both servers in one machine. */
class NameServers {
  readonly machine: Machine;
  #running: ChildProcess[] = [];

  constructor(machine: Machine) {
    this.machine = machine;
  }

  async start(): Promise<void> {
    this.machine.writeFile("/run/named.conf", NAMED);
    this.machine.writeFile("/run/named/test.zone", `${RECORDS.join("\n")}\n`);
    this.machine.writeFile("/run/unbound.conf", UNBOUND);
    const programs = [
      ["named", "-g", "-u", "root", "-c", "/run/named.conf"],
      ["unbound", "-c", "/run/unbound.conf"],
    ];
    this.#running = programs.map((words) => this.machine.spawn(words));
    for (const { stdout, stderr } of this.#running) linesOf(stdout, stderr);
    for (const address of Object.values(SERVERS)) {
      await this.machine.runOk(["timeout", "60", "bash", "-c", askText(address)]);
    }
  }

  async kill(): Promise<void> {
    const gone = this.#running.map((child) => ended(child));
    this.signal("SIGKILL");
    await Promise.all(gone);
  }

  signal(signal: NodeJS.Signals): void {
    for (const child of this.#running) {
      const first = this.machine.pidOf(child);
      if (first === null) continue;
      for (const pid of [first, ...descendantsOf(first)]) sendSignal(pid, signal);
      // nsenter stops with its program, but does not go on with it.
      if (signal === "SIGCONT" && child.pid !== undefined) sendSignal(child.pid, signal);
    }
  }

  async filter(verdict: string): Promise<void> {
    const rules = `table inet fw { chain in { type filter hook input priority 0; udp dport 53 ${verdict}; }; }`;
    await this.machine.runOk(["nft", "-f", "-"], { input: rules });
  }

  async unfilter(): Promise<void> {
    await this.machine.runOk(["nft", "delete", "table", "inet", "fw"]);
  }
}

interface Phase {
  readonly begin: (servers: NameServers) => Promise<unknown>;
  readonly isUp: boolean;
}

/** What happens, in this order. */
const PHASES: Readonly<Record<string, Phase>> = {
  "at the start": { begin: async () => undefined, isUp: true },
  killed: { begin: (servers) => servers.kill(), isUp: false },
  "started again": { begin: (servers) => servers.start(), isUp: true },
  frozen: { begin: async (servers) => servers.signal("SIGSTOP"), isUp: false },
  thawed: { begin: async (servers) => servers.signal("SIGCONT"), isUp: true },
  "firewalled by DROP": { begin: (servers) => servers.filter("drop"), isUp: false },
  "open again": { begin: (servers) => servers.unfilter(), isUp: true },
  "firewalled by REJECT": { begin: (servers) => servers.filter("reject"), isUp: false },
  "open once more": { begin: (servers) => servers.unfilter(), isUp: true },
};

function nameOf({ server, port }: Service): string {
  return `[${SERVERS[server]}]:udp:${port}`;
}

/** Of a service, each line once: how often a failure is told before the last try is a matter of milliseconds. */
function linesAbout(lines: readonly string[], service: Service): readonly string[] {
  const own = lines.filter((line) => line.includes(nameOf(service)) || line.includes(`[10.0.0.1]:udp:${service.port}`));
  // On purpose: nothing of an answer is read, so its code is not known here.
  const [theirs, ours] = [/read error occurred\. \(rcode = \d+\)/, "read error reply from socket"] as const;
  return [...new Set(own.map((line) => line.replace(theirs, ours)))];
}

const names = daemonNames();

describe("DNS_CHECK of name servers", { skip: whyNoLab(["named", "unbound", "cc"]) }, () => {
  /** By phase, for each daemon. */
  const seen = new Map<string, readonly (readonly string[])[]>();
  let network: Network;
  before(
    async () => {
      network = await Network.build();
      const addresses = Object.values(SERVERS).map((address) => `${address}/24`);
      const real = await network.addMachine({ name: "real", addresses });
      // Else it rejects one datagram a second, and is silent about the others.
      await real.sysctl({ "net/ipv4/icmp_ratelimit": "0" });
      const servers = new NameServers(real);
      await servers.start();
      const daemons: Daemon[] = [];
      for (const [index, name] of names.entries()) {
        const director = await network.addMachine({ name, addresses: [`192.168.1.${10 + index}/24`] });
        const env = name === "keepalived" ? imaginedIpvs() : { HOLDFAST_IPVS: "memory" };
        daemons.push(new Daemon(director, { name, config: CONFIG, flags: [...ALL_FLAGS, "-C"], env }));
      }
      let from = daemons.map(() => 0);
      for (const [phase, { begin, isUp }] of Object.entries(PHASES)) {
        await begin(servers);
        for (const [index, daemon] of daemons.entries()) await changed(daemon, from[index] ?? 0, isUp);
        seen.set(
          phase,
          daemons.map(({ log }, index) =>
            log.items.slice(from[index]).map(({ text }) => text.replace(/^.*? \d{4}: /, "")),
          ),
        );
        from = daemons.map(({ log }) => log.position);
      }
      for (const daemon of daemons) await daemon.terminate();
    },
    { timeout: 300_000 },
  );
  after(() => network.close());

  for (const service of SERVICES) {
    const question = `${service.words.replaceAll("\n", "") || "what is asked without a word"}, of ${service.server}`;
    const toldIn = (phases: readonly string[]): readonly (readonly string[])[] =>
      names.map((_, index) => {
        const lines = phases.flatMap((phase) => seen.get(phase)?.[index] ?? []);
        return linesAbout(lines, service);
      });
    // When what never passes is first told of has nothing to do with the phases.
    const spans = service.passes ? Object.keys(PHASES).map((phase) => [phase]) : [Object.keys(PHASES)];
    for (const phases of spans) {
      test(`${service.passes ? phases[0] : "never in the pool"}: ${question}`, () => {
        const [ours = [], theirs = ours] = toldIn(phases);
        assert.deepEqual(ours, theirs);
        assert.equal(
          ours.some((line) => /^(Adding|Removing) service/.test(line)),
          service.passes,
        );
      });
    }
  }
});

/** Waits until all servers that ever pass are in the pool, or none is, and the daemon has no more to say about it. */
async function changed(daemon: Daemon, from: number, isUp: boolean): Promise<void> {
  const [move, quorum] = isUp ? ["Adding", "Gained"] : ["Removing", "Lost"];
  for (const service of SERVICES.filter(({ passes }) => passes)) {
    const isAbout = (line: string, word: string, name: string): boolean =>
      line.includes(word) && `${line} `.includes(`${name} `);
    for (const [word, name] of [
      [`${move} service`, nameOf(service)],
      [`${quorum} quorum`, `[10.0.0.1]:udp:${service.port}`],
    ] as const) {
      const options = { from, timeoutMs: 40_000 };
      await daemon.log.waitFor(`"${word}" for ${name}`, ({ text }) => isAbout(text, word, name), options);
    }
  }
}
