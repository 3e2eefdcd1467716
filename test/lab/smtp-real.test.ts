/** SMTP_CHECK of a real mail server that is killed, frozen and firewalled: the same words and verdicts as keepalived's. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { imaginedIpvs } from "../../bench/ipvs-preload.ts";
import { waitUntil } from "../helpers/event-log.ts";
import { sendSignal } from "../helpers/process.ts";
import { whyNoLab } from "./capabilities.ts";
import { ALL_FLAGS, Daemon } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";

const REAL = "192.168.1.2";
const SERVER = `[${REAL}]:tcp:25`;
const ENOUGH_MS = 60_000;

const CONFIG = `virtual_server 10.0.0.1 25 {
  lb_kind NAT
  protocol TCP
  real_server ${REAL} 25 {
    SMTP_CHECK {
      helo_name lab.example
      connect_timeout 1
      retry 1
      delay_before_retry 1
      delay_loop 1
      warmup 0
    }
  }
}
`;

/** aiosmtpd in a machine. */
class MailServer {
  private readonly machine: Machine;
  private child: ChildProcess | null = null;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  async start(): Promise<void> {
    this.child = this.machine.spawn(["aiosmtpd", "-n", "-l", "0.0.0.0:25", "-c", "aiosmtpd.handlers.Sink"]);
    const isListening = (): true | null => (/:0019 \S+ 0A /.test(this.machine.readNetFile("tcp")) ? true : null);
    await waitUntil("the mail server", isListening);
  }

  signal(signal: NodeJS.Signals): void {
    const { child } = this;
    const pid = child === null ? null : this.machine.pidOf(child);
    if (pid !== null) sendSignal(pid, signal);
    // nsenter stops with its program, but does not go on with it.
    if (signal === "SIGCONT" && child?.pid !== undefined) sendSignal(child.pid, signal);
  }
}

interface Fault {
  readonly begin: (server: MailServer, machine: Machine) => Promise<unknown>;
  readonly end: (server: MailServer, machine: Machine) => Promise<unknown>;
}

function firewall(verdict: string): Fault {
  const rules = `table inet fw { chain in { type filter hook input priority 0; tcp dport 25 ${verdict}; }; }`;
  return {
    begin: (_, machine) => machine.runOk(["nft", "-f", "-"], { input: rules }),
    end: (_, machine) => machine.runOk(["nft", "delete", "table", "inet", "fw"]),
  };
}

const FAULTS: Readonly<Record<string, Fault>> = {
  killed: { begin: async (server) => server.signal("SIGKILL"), end: (server) => server.start() },
  frozen: { begin: async (server) => server.signal("SIGSTOP"), end: async (server) => server.signal("SIGCONT") },
  "firewalled by drop": firewall("drop"),
  "firewalled by reject": firewall("reject with tcp reset"),
};

/** What is said of the server: verdicts, and of failures the one that decided. */
function toldOf(daemon: Daemon, from: number): readonly string[] {
  return daemon.log.items
    .slice(from)
    .map(({ text }) => text.replace(/^.*? \d{4}: /, ""))
    .filter((text) => text.includes(REAL) && !/Activating|Shutting/.test(text));
}

describe("a real mail server", { skip: whyNoLab(["aiosmtpd", "cc"]) }, () => {
  let network: Network;
  let real: Machine;
  let server: MailServer;
  let daemons: readonly Daemon[] = [];
  before(async () => {
    network = await Network.build();
    real = await network.addMachine({ name: "real", addresses: [`${REAL}/24`] });
    server = new MailServer(real);
    await server.start();
    const starts = daemonNames().map(async (name, index) => {
      const director = await network.addMachine({ name, addresses: [`192.168.1.${10 + index}/24`] });
      const env = name === "keepalived" ? imaginedIpvs() : { HOLDFAST_IPVS: "memory" };
      return new Daemon(director, { name, config: CONFIG, flags: [...ALL_FLAGS, "-C"], env });
    });
    daemons = await Promise.all(starts);
    const good = `Remote SMTP server ${SERVER} succeed on service.`;
    await Promise.all(daemons.map((daemon) => daemon.logged(good, { timeoutMs: ENOUGH_MS })));
  });
  after(async () => {
    await Promise.all(daemons.map((daemon) => daemon.terminate()));
    await network.close();
  });

  for (const [title, { begin, end }] of Object.entries(FAULTS)) {
    test(`${title}: out of the pool and in again, in keepalived's words`, { timeout: 150_000 }, async () => {
      const from = daemons.map((daemon) => daemon.log.position);
      const all = (words: string): Promise<unknown> =>
        Promise.all(
          daemons.map((daemon, index) =>
            daemon.logged(`${words} service ${SERVER}`, { from: from[index] ?? 0, timeoutMs: ENOUGH_MS }),
          ),
        );
      await begin(server, real);
      await all("Removing");
      await end(server, real);
      await all("Adding");
      const [ours = [], theirs = ours] = daemons.map((daemon, index) => toldOf(daemon, from[index] ?? 0));
      assert.ok(ours.length >= 4, ours.join("\n"));
      assert.deepEqual(ours, theirs);
    });
  }
});
