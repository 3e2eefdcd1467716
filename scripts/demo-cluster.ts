/**
 * The demo itself: keepalived's classic tutorial with holdfast in keepalived's place. Needs root and a kernel with IPVS;
 * `demo.ts` sees to both.
 */
import { pathToFileURL } from "node:url";
import { waitUntil } from "../test/helpers/event-log.ts";
import { nowMs } from "../test/helpers/process.ts";
import type { AddressWatch } from "../test/lab/address-watch.ts";
import { ALL_FLAGS, CONFIG_PATH, Daemon, type DaemonName, daemonProgram } from "../test/lab/daemon.ts";
import { poolOf } from "../test/lab/ipvs.ts";
import type { Machine } from "../test/lab/machine.ts";
import { REAL_SERVERS, Tutorial, tutorialConfig, VIP } from "../test/lab/tutorial.ts";

const TIMING = { delayLoop: 2, retries: 1, delayBeforeRetry: 1 };
const REQUESTS = 6;

interface Director {
  readonly machine: Machine;
  readonly watch: AddressWatch;
  readonly state: "MASTER" | "BACKUP";
  readonly priority: number;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function heading(text: string): void {
  say(`\n== ${text}`);
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `   ${line}`)
    .join("\n");
}

function seconds(fromMs: number, toMs: number): string {
  return `${((toMs - fromMs) / 1000).toFixed(2)} s`;
}

async function prepareRealServer(machine: Machine): Promise<void> {
  const program = daemonProgram("holdfast");
  if (program === null) throw new Error("bin/holdfast is not there");
  await machine.runOk([program, "realserver", "up", VIP]);
}

class Demo {
  readonly #name: DaemonName;
  readonly #tutorial: Tutorial;
  readonly #first: Director;
  readonly #second: Director;

  constructor(name: DaemonName, tutorial: Tutorial, watches: readonly [AddressWatch, AddressWatch]) {
    this.#name = name;
    this.#tutorial = tutorial;
    this.#first = { machine: tutorial.master, watch: watches[0], state: "MASTER", priority: 100 };
    this.#second = { machine: tutorial.backup, watch: watches[1], state: "BACKUP", priority: 50 };
  }

  async run(): Promise<void> {
    const master = await this.#startUp();
    const backup = this.#daemon(this.#second);
    await backup.logged("Entering BACKUP STATE");
    await this.#showService(this.#first);
    await this.#failOver(master);
    const returned = await this.#comeBack();
    await this.#loseRealServer();
    await this.#leave([returned, backup]);
  }

  #daemon(director: Director): Daemon {
    const config = tutorialConfig(director.state, director.priority, TIMING);
    return new Daemon(director.machine, { name: this.#name, config, flags: ALL_FLAGS });
  }

  async #startUp(): Promise<Daemon> {
    heading(`Two directors start ${this.#name} with the tutorial's keepalived.conf`);
    say(indent(`${this.#name} -f ${CONFIG_PATH} ${ALL_FLAGS.join(" ")}`));
    const startMs = nowMs();
    const daemon = this.#daemon(this.#first);
    const atMs = await this.#first.watch.gained(VIP);
    say(`director1 holds the virtual address ${VIP} after ${seconds(startMs, atMs)}:`);
    say(indent(await this.#first.machine.runOk(["ip", "-o", "-4", "addr", "show", "dev", "eth0"])));
    return daemon;
  }

  async #waitForPool(director: Director, expected: readonly string[]): Promise<void> {
    const what = `the pool ${expected.join(", ")} on ${director.machine.name}`;
    await waitUntil(what, () => (poolOf(director.machine, VIP, 80)?.join() === expected.join() ? true : null));
  }

  async #showService(director: Director): Promise<void> {
    await this.#waitForPool(director, REAL_SERVERS);
    await this.#showTable(director);
    await this.#showRequests();
  }

  async #showTable(director: Director): Promise<void> {
    say(`IPVS table of ${director.machine.name}:`);
    say(indent(await director.machine.runOk(["ipvsadm", "-Ln"])));
  }

  async #showRequests(): Promise<void> {
    say(`${REQUESTS} requests of the client to http://${VIP}/ were answered by:`);
    say(indent((await this.#tutorial.requests(REQUESTS)).join(", ")));
  }

  async #failOver(master: Daemon): Promise<void> {
    heading("director1 loses power (kill -9, cable out)");
    const from = this.#second.watch.events.position;
    const atMs = master.crash();
    await this.#tutorial.network.unplug(this.#first.machine);
    const takenMs = await this.#second.watch.gained(VIP, { from });
    say(`failover: director2 holds ${VIP} ${seconds(atMs, takenMs)} after the kill`);
    say("(VRRP at advert_int 1 waits for three adverts that do not come, and a little longer for a lower priority)");
    await this.#showService(this.#second);
  }

  async #comeBack(): Promise<Daemon> {
    heading("director1 comes back");
    const watch = this.#second.watch;
    const from = watch.events.position;
    await this.#tutorial.network.plugIn(this.#first.machine);
    const startMs = nowMs();
    const daemon = this.#daemon(this.#first);
    const lostMs = await watch.lost(VIP, { from });
    say(`director2 handed ${VIP} back ${seconds(startMs, lostMs)} after the start of director1`);
    await this.#showService(this.#first);
    return daemon;
  }

  async #loseRealServer(): Promise<void> {
    const [real] = this.#tutorial.realServers;
    if (real === undefined) return;
    heading(`the web server on ${real.name} (${real.address}) stops`);
    const stopMs = nowMs();
    this.#tutorial.stopWebServer(real);
    await this.#waitForPool(
      this.#first,
      REAL_SERVERS.filter((address) => address !== real.address),
    );
    say(`it left the pool ${seconds(stopMs, nowMs())} later`);
    await this.#showTable(this.#first);
    await this.#showRequests();
    heading(`the web server on ${real.name} starts again`);
    const startMs = nowMs();
    await this.#tutorial.startWebServer(real);
    await this.#waitForPool(this.#first, REAL_SERVERS);
    say(`it is back in the pool ${seconds(startMs, nowMs())} later`);
    await this.#showRequests();
  }

  async #leave(daemons: readonly Daemon[]): Promise<void> {
    heading("both directors get SIGTERM");
    const ends = await Promise.all(daemons.map((daemon) => daemon.terminate()));
    say(
      `exit status ${ends.map((end) => end.status ?? end.signal).join(" and ")}; IPVS table of director1 afterwards:`,
    );
    say(indent(await this.#first.machine.runOk(["ipvsadm", "-Ln"])));
  }
}

/** keepalived has no such command: there the tutorial's vip.sh is followed by hand. */
function buildMachines(name: DaemonName): Promise<Tutorial> {
  if (name === "keepalived") return Tutorial.build();
  say(`each real server runs: holdfast realserver up ${VIP}`);
  return Tutorial.build(prepareRealServer);
}

/** Builds the machines, tells the story, takes all away again. */
export async function runDemo(name: DaemonName): Promise<void> {
  const startMs = nowMs();
  heading("Building five machines: director1, director2, real1, real2, client");
  const tutorial = await buildMachines(name);
  try {
    const watches = [await tutorial.master.watchAddresses(), await tutorial.backup.watchAddresses()] as const;
    await new Demo(name, tutorial, watches).run();
  } finally {
    await tutorial.close();
  }
  heading(`Done in ${seconds(startMs, nowMs())}; all machines are gone again`);
}

const isProgram = process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href;
if (isProgram) await runDemo(process.argv[2] === "keepalived" ? "keepalived" : "holdfast");
