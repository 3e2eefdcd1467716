/** Beside a second implementation of VRRP, in both roles. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import type { Capture, CapturedFrame } from "./capture.ts";
import { Daemon } from "./daemon.ts";
import { advertOf } from "./frames.ts";
import { Frr, type FrrRouter, whyNoFrr } from "./frr-router.ts";
import type { Machine } from "./machine.ts";
import { Network } from "./network.ts";

interface Setting {
  readonly name: string;
  readonly version: 2 | 3;
  readonly addresses: readonly string[];
  readonly words: string;
}

const VRID = 51;
const FRR_PRIORITY = 100;
const SETTINGS: readonly Setting[] = [
  { name: "VRRPv2", version: 2, addresses: ["192.168.1.100"], words: "" },
  { name: "VRRPv3", version: 3, addresses: ["192.168.1.100"], words: "" },
  { name: "VRRPv3 on a VMAC", version: 3, addresses: ["192.168.1.100"], words: "use_vmac" },
  { name: "VRRPv3 over IPv6", version: 3, addresses: ["fe80::51", "2001:db8::100"], words: "" },
];

function intervalMs({ version }: Setting): number {
  return version === 2 ? 1000 : 200;
}

function config(setting: Setting, priority: number): string {
  return `global_defs {\n router_id LAB\n vrrp_version ${setting.version}\n}\nvrrp_instance VI_1 {\n state BACKUP
 interface eth0\n virtual_router_id ${VRID}\n priority ${priority}\n advert_int ${intervalMs(setting) / 1000}
 ${setting.words}\n virtual_ipaddress {\n${setting.addresses.join("\n")}\n }\n}\n`;
}

const IPV6_BODY = 14 + 40;

/** Of an advert over IPv4 or IPv6; null for other frames. */
function priorityOf(frame: CapturedFrame): number | null {
  const { bytes } = frame;
  const isOverIpv6 = bytes.length > IPV6_BODY + 8 && bytes.readUInt16BE(12) === 0x86dd && bytes[20] === 112;
  return isOverIpv6 ? bytes.readUInt8(IPV6_BODY + 2) : (advertOf(frame)?.priority ?? null);
}

/** Who speaks on the wire, told apart by the priority. */
class Ear {
  readonly #capture: Capture;
  constructor(capture: Capture) {
    this.#capture = capture;
  }

  /** So many adverts of this priority, one after the other, from now on. */
  async hear(priority: number, count: number): Promise<void> {
    const { frames } = this.#capture;
    for (let heard = 0, from = frames.position; heard < count; heard += 1) {
      const what = `an advert of priority ${priority}`;
      const frame = await frames.waitFor(what, (item) => priorityOf(item) === priority, { from });
      from = frames.items.indexOf(frame) + 1;
    }
  }

  /** Adverts of one priority go on, and of the other there are none any more. */
  async assertOnly(priority: number, other: number): Promise<void> {
    await this.hear(priority, 2);
    const from = this.#capture.frames.position;
    await this.hear(priority, 4);
    const late = this.#capture.frames.items.slice(from).filter((frame) => priorityOf(frame) === other);
    assert.equal(late.length, 0, `priority ${other} still speaks beside ${priority}`);
  }
}

interface Cast {
  readonly ours: Machine;
  readonly frr: Frr;
  readonly ear: Ear;
  readonly start: (priority: number) => Daemon;
}

/** FRR alone, preempted, taking over after a good-bye, better than us, and gone with a good-bye. */
async function life({ ours, frr, ear, start }: Cast, vip: string): Promise<void> {
  const watch = await ours.watchAddresses();
  frr.start();
  await ear.hear(FRR_PRIORITY, 2);
  const better = start(200);
  await watch.gained(vip);
  await ear.assertOnly(200, FRR_PRIORITY);
  let from = watch.events.position;
  assert.deepEqual(await better.terminate(), { status: 0, signal: null });
  await watch.lost(vip, { from });
  await ear.hear(FRR_PRIORITY, 2);
  const worse = start(50);
  await worse.logged("Entering BACKUP STATE (init)");
  await ear.assertOnly(FRR_PRIORITY, 50);
  assert.equal(watch.isHeld(vip), false, "it took the address of a better router");
  from = watch.events.position;
  frr.stop();
  await watch.gained(vip, { from });
  await worse.logged("Backup received priority 0 advertisement");
  from = watch.events.position;
  frr.start();
  await watch.lost(vip, { from });
  await worse.logged(`with higher priority ${FRR_PRIORITY}, ours 50`);
  await ear.assertOnly(FRR_PRIORITY, 50);
  for (const complaint of ["Invalid", "too short", "too long", "wrong VRRP", "mismatch", "expected", "not present"]) {
    assert.ok(!`${better.text}\n${worse.text}`.includes(complaint), `a complaint: ${complaint}`);
  }
  await worse.terminate();
}

async function beside(setting: Setting): Promise<void> {
  const network = await Network.build();
  const daemons: Daemon[] = [];
  const logs = (): string => daemons.map(({ text }) => `--- holdfast\n${text}`).join("\n");
  const router: FrrRouter = {
    version: setting.version,
    vrid: VRID,
    priority: FRR_PRIORITY,
    advertisementIntervalMs: intervalMs(setting),
    addresses: setting.addresses,
  };
  let frr: Frr | null = null;
  try {
    const ours = await network.addMachine({ name: "ours", addresses: ["192.168.1.5/24", "2001:db8::5/64"] });
    const theirs = await network.addMachine({ name: "theirs", addresses: ["192.168.1.6/24", "2001:db8::6/64"] });
    const ear = new Ear(await network.capture());
    frr = await Frr.prepare(theirs, router);
    const start = (priority: number): Daemon => {
      const daemon = new Daemon(ours, { name: "holdfast", config: config(setting, priority) });
      daemons.push(daemon);
      return daemon;
    };
    await life({ ours, frr, ear, start }, setting.addresses.at(-1) ?? "");
  } catch (error) {
    throw new Error(`${String(error)}\n${logs()}\n--- FRR\n${frr?.text ?? ""}`, { cause: error });
  } finally {
    await network.close();
  }
}

describe("VRRP beside FRR", { concurrency: 2 }, () => {
  const skip = whyNoLab(["dumpcap"]) || whyNoFrr();
  for (const setting of SETTINGS) test(setting.name, { skip, timeout: 90_000 }, () => beside(setting));
});
