/**
 * Hundreds of real servers behind TCP_CHECK, most of which a firewall takes away and gives back at once: both daemons
 * side by side, the same tables, and a verdict on none but those.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { waitUntil } from "../../helpers/event-log.ts";
import { linesOf } from "../../helpers/process.ts";
import { findProgram, ROOT } from "../../helpers/repository.ts";
import { ALL_FLAGS, Daemon } from "../daemon.ts";
import { savedTable } from "../ipvs.ts";
import type { Machine } from "../machine.ts";
import { daemonNames } from "../matrix.ts";
import { Network } from "../network.ts";

const LISTENER = join(ROOT, "dist/test/lab/programs/web-server.js");
const SERVICES = 4;
const PER_SERVICE = 75;
const ALL = SERVICES * PER_SERVICE;
/** Of each service the first ones, in a network of their own. */
const FELLED_PER_SERVICE = 60;
const FELLED = SERVICES * FELLED_PER_SERVICE;
const FELLED_NETWORK = "10.9.0.0/17";
const REAL = "192.168.1.2";

const CHECK = "TCP_CHECK {\n connect_timeout 4\n retry 1\n delay_before_retry 1\n delay_loop 5\n warmup 5\n }";

function addressOf(service: number, index: number): string {
  return `10.9.${service + (index < FELLED_PER_SERVICE ? 0 : 128)}.${index + 1}`;
}

const CONFIG = Array.from({ length: SERVICES }, (_, service) => {
  const servers = Array.from(
    { length: PER_SERVICE },
    (__, index) => ` real_server ${addressOf(service, index)} 80 {\n weight ${index + 1}\n ${CHECK}\n }\n`,
  );
  return `virtual_server 192.0.2.${service + 1} 80 {\n lb_algo wrr\n lb_kind NAT\n protocol TCP\n${servers.join("")}}\n`;
}).join("");

function entriesOf(machine: Machine): number {
  return machine.readNetFile("ip_vs").match(/^ {2}-> [0-9A-F]{8}:/gm)?.length ?? 0;
}

/** `C0000201:0050 75`: the service in hex and its servers, to tell what failed. */
function byService(machine: Machine): readonly string[] {
  const services = machine
    .readNetFile("ip_vs")
    .split(/^TCP {2}/m)
    .slice(1);
  return services.map((text) => `${text.slice(0, 13)} ${text.match(/^ {2}-> /gm)?.length ?? 0}`);
}

async function filled(machines: readonly Machine[], count: number): Promise<readonly (readonly string[])[]> {
  const isSo = (): true | null => (machines.every((machine) => entriesOf(machine) === count) ? true : null);
  await waitUntil(`${count} servers in each table`, isSo, { timeoutMs: 90_000, intervalMs: 250 }).catch(
    (error: unknown) => {
      const found = machines.map((machine) => `${entriesOf(machine)} by service: ${byService(machine)}`).join("; ");
      throw new Error(`${error instanceof Error ? error.message : error}: ${found}`);
    },
  );
  return await Promise.all(machines.map(savedTable));
}

/** `Removing 10.9.0.1`, in the order of the addresses. */
function verdictsOf(daemon: Daemon, from: number): readonly string[] {
  return daemon.log.items
    .slice(from)
    .flatMap(({ text }) => {
      const [, word, address] = /(Adding|Removing) service \[([\d.]+)\]/.exec(text) ?? [];
      return word === undefined ? [] : [`${word} ${address}`];
    })
    .toSorted();
}

function expected(word: string): readonly string[] {
  const all = Array.from({ length: SERVICES }, (_, service) =>
    Array.from({ length: FELLED_PER_SERVICE }, (__, index) => `${word} ${addressOf(service, index)}`),
  );
  return all.flat().toSorted();
}

const FIREWALLS: Readonly<Record<string, string>> = { DROP: "DROP", REJECT: "REJECT --reject-with tcp-reset" };

const missing = ["iptables-legacy"].filter((program) => findProgram(program) === null);
describe(`${FELLED} of ${ALL} servers behind TCP_CHECK, felled at once`, {
  skip: missing.length > 0 ? `needs ${missing}` : false,
}, () => {
  let network: Network;
  let real: Machine;
  let machines: readonly Machine[] = [];
  let daemons: readonly Daemon[] = [];
  let complete: readonly string[] = [];

  before(
    async () => {
      // The machines have no modprobe that finds anything.
      const loader = readFileSync("/proc/sys/kernel/modprobe", "utf8").trim();
      execFileSync(loader, ["-a", "iptable_filter", "ipt_REJECT", "xt_tcpudp"]);
      network = await Network.build();
      real = await network.addMachine({ name: "real", addresses: [`${REAL}/24`] });
      await real.ip("route add local 10.9.0.0/16 dev lo");
      const listener = real.spawn([process.execPath, LISTENER, "real", "80"]);
      await linesOf(listener.stdout, listener.stderr).waitFor("the listener", ({ text }) => text === "ready");
      const all: Machine[] = [];
      for (const [index, name] of daemonNames().entries()) {
        const machine = await network.addMachine({ name, addresses: [`192.168.1.${10 + index}/24`] });
        await machine.ip(`route add 10.9.0.0/16 via ${REAL}`);
        all.push(machine);
      }
      machines = all;
      daemons = daemonNames().map((name, index) => {
        const machine = all[index];
        assert.ok(machine);
        return new Daemon(machine, { name, config: CONFIG, flags: [...ALL_FLAGS, "-C"] });
      });
      [complete = []] = await filled(machines, ALL);
      const first = (daemon: Daemon): number =>
        daemon.log.items.filter(({ text }) => /^.*TCP connection to .* success\.$/.test(text)).length;
      const areChecked = (): true | null => (daemons.every((daemon) => first(daemon) >= ALL) ? true : null);
      await waitUntil("all to be checked", areChecked, { timeoutMs: 60_000, intervalMs: 250 });
    },
    { timeout: 200_000 },
  );
  after(async () => {
    await Promise.all(daemons.map((daemon) => daemon.terminate()));
    await network.close();
  });

  for (const [name, target] of Object.entries(FIREWALLS)) {
    test(`felled by ${name}, back again: keepalived's tables, and a verdict on none but the felled`, {
      timeout: 200_000,
    }, async () => {
      const rule = `INPUT -d ${FELLED_NETWORK} -p tcp --dport 80 -j ${target}`;
      const began = daemons.map(({ log }) => log.position);
      await real.runOk(["sh", "-c", `iptables-legacy -I ${rule}`]);
      const [felled = [], ...others] = await filled(machines, ALL - FELLED);
      for (const other of others) assert.deepEqual(felled, other);
      const turned = daemons.map(({ log }) => log.position);
      await real.runOk(["sh", "-c", `iptables-legacy -D ${rule}`]);
      for (const table of await filled(machines, ALL)) assert.deepEqual(table, complete);
      daemons.forEach((daemon, index) => {
        const [from = 0, back = 0] = [began[index], turned[index]];
        const down = verdictsOf(daemon, from).filter((verdict) => verdict.startsWith("Removing"));
        assert.deepEqual(down, expected("Removing"), daemon.name);
        assert.deepEqual(verdictsOf(daemon, back), expected("Adding"), daemon.name);
      });
    });
  }
});
