import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { linesOf } from "../helpers/process.ts";
import { whyNoLab } from "./capabilities.ts";
import { Daemon, type DaemonName } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { daemonPairs } from "./matrix.ts";
import { Network } from "./network.ts";

interface Setting {
  readonly name: string;
  readonly words: string;
  readonly addresses: readonly string[];
}

const VIP6 = "2001:db8::100";
const VIP4 = "192.168.1.100";
const SETTINGS: readonly Setting[] = [
  { name: "IPv6", words: "", addresses: ["fe80::51", `${VIP6}/64`] },
  { name: "IPv6 on a VMAC", words: "use_vmac", addresses: ["fe80::51", `${VIP6}/64`] },
  { name: "IPv4 on a VMAC", words: "use_vmac", addresses: [VIP4] },
  { name: "IPv4 on a VMAC, adverts from the base", words: "use_vmac\n vmac_xmit_base", addresses: [VIP4] },
];

function config({ words, addresses }: Setting, priority: number): string {
  return `global_defs {\n router_id LAB\n vrrp_version 3\n}\nvrrp_instance VI_1 {\n state BACKUP\n interface eth0
 virtual_router_id 51\n priority ${priority}\n advert_int 0.2\n garp_master_delay 1\n ${words}
 virtual_ipaddress {\n${addresses.join("\n")}\n }\n}\n`;
}

/**
 * The kernel of the old master may answer the first GARP burst, and the switch then learns the shared MAC at the wrong
 * port until the second burst: hence a short delay for that one and pings for longer.
 */
const PATIENT_PING = ["ping", "-c", "15", "-i", "0.2", "-W", "2"];

/** Preemption by the better router and its good-bye; a third machine reaches the address at whoever has it. */
async function life(setting: Setting, names: readonly [DaemonName, DaemonName]): Promise<void> {
  const network = await Network.build();
  const daemons: Daemon[] = [];
  try {
    const vip = setting.addresses.at(-1)?.split("/")[0] ?? "";
    const add = (name: string, host: number): Promise<Machine> =>
      network.addMachine({ name, addresses: [`192.168.1.${host}/24`, `2001:db8::${host}/64`] });
    // One after the other: their MACs are numbered.
    const one = await add("one", 5);
    const two = await add("two", 6);
    const client = await add("client", 7);
    const watches = [await one.watchAddresses(), await two.watchAddresses()] as const;
    const worse = new Daemon(two, { name: names[1], config: config(setting, 100) });
    daemons.push(worse);
    await watches[1].gained(vip);
    await client.runOk([...PATIENT_PING, vip]);
    const better = new Daemon(one, { name: names[0], config: config(setting, 200) });
    daemons.push(better);
    await watches[0].gained(vip);
    await watches[1].lost(vip);
    await client.runOk([...PATIENT_PING, vip]);
    const from = watches[1].events.position;
    assert.deepEqual(await better.terminate(), { status: 0, signal: null });
    await watches[1].gained(vip, { from });
    await client.runOk([...PATIENT_PING, vip]);
    assert.ok(!daemons.some(({ text }) => text.includes("Invalid")), daemons.map(({ text }) => text).join("\n"));
    await worse.terminate();
    assert.ok(!(await two.runOk(["ip", "-o", "link"])).includes("vrrp"));
  } catch (error) {
    throw new Error(daemons.map(({ name, text }) => `${name} said:\n${text}`).join("\n"), { cause: error });
  } finally {
    await network.close();
  }
}

async function isUp(machine: Machine): Promise<boolean> {
  return (await machine.runOk(["ip", "-o", "link", "show", "vrrp.51"])).includes(",UP");
}

/** The addresses are there from the start; who is active has the link up, and only that one. */
async function heldDown(names: readonly [DaemonName, DaemonName]): Promise<void> {
  const setting = { name: "", words: "use_vmac\n vmac_protodown", addresses: [VIP4] };
  const network = await Network.build();
  try {
    const one = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
    const two = await network.addMachine({ name: "two", addresses: ["192.168.1.6/24"] });
    const client = await network.addMachine({ name: "client", addresses: ["192.168.1.7/24"] });
    const watch = await one.watchAddresses();
    const worse = new Daemon(two, { name: names[1], config: config(setting, 100) });
    await worse.logged("ratuitous ARP on vrrp.51");
    assert.equal(await isUp(two), true);
    const better = new Daemon(one, { name: names[0], config: config(setting, 200) });
    await watch.gained(VIP4);
    await better.logged("Entering BACKUP STATE (init)");
    await better.logged("ratuitous ARP on vrrp.51");
    await worse.logged("removing VIPs.");
    await client.runOk([...PATIENT_PING, VIP4]);
    assert.deepEqual([await isUp(one), await isUp(two)], [true, false]);
    const from = worse.log.position;
    await better.terminate();
    await worse.logged("ratuitous ARP on vrrp.51", { from });
    assert.equal(await isUp(two), true);
    await client.runOk([...PATIENT_PING, VIP4]);
    await worse.terminate();
  } finally {
    await network.close();
  }
}

/** The link that only a master has up stays up when the daemon is killed and started again. */
async function keepsItUp(): Promise<void> {
  const setting = { name: "", words: "use_vmac\n vmac_protodown", addresses: [VIP4] };
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
    const start = (): Daemon => new Daemon(machine, { name: "holdfast", config: config(setting, 100) });
    const killed = start();
    await killed.logged("ratuitous ARP on vrrp.51");
    killed.crash();
    await killed.ended;
    const monitor = linesOf(machine.spawn(["ip", "-o", "monitor", "link"]).stdout);
    const restarted = start();
    await restarted.logged("Entering MASTER STATE");
    await restarted.logged("ratuitous ARP on vrrp.51");
    assert.doesNotMatch(restarted.text, /BACKUP STATE/);
    await machine.ip("link set vrrp.51 mtu 1400");
    await monitor.waitFor("the last change", ({ text }) => text.includes("mtu 1400"));
    const downs = monitor.items.filter(({ text }) => text.includes("vrrp.51") && !text.includes(",UP"));
    assert.deepEqual(downs, []);
    await restarted.terminate();
    assert.ok(!(await machine.runOk(["ip", "-o", "link"])).includes("vrrp"));
  } finally {
    await network.close();
  }
}

describe("pairs over IPv6 and on VMACs", { concurrency: 4 }, () => {
  const skip = whyNoLab(["ping"]);
  test("vmac_protodown: one link goes up", { skip, timeout: 60_000 }, () => heldDown(["holdfast", "holdfast"]));
  test("vmac_protodown: the link stays up over kill -9", { skip, timeout: 60_000 }, keepsItUp);
  for (const daemons of daemonPairs()) {
    for (const setting of SETTINGS) {
      test(`${setting.name}: ${daemons.join(" over ")}`, { skip, timeout: 60_000 }, () => life(setting, daemons));
    }
  }
});
