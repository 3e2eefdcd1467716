import { setTimeout as pause } from "node:timers/promises";
import type { EventLog } from "../../test/helpers/event-log.ts";
import { type Line, linesOf } from "../../test/helpers/process.ts";
import { monitorTimeMs } from "../../test/lab/address-watch.ts";
import type { Daemon } from "../../test/lab/daemon.ts";
import { advertOf, decodeFrame } from "../../test/lab/frames.ts";
import type { BenchCase, Sample, Subject } from "../case.ts";
import { settingOf } from "../scale.ts";
import { quantile } from "../statistics.ts";
import { activeDownMs, type VrrpBed, vipAt, whyNoVrrp, withBed } from "../vrrp-bed.ts";

const ANNOUNCE_ROUNDS = 5;
const PRIORITY = 100;
/** Past the work of the start. */
const SETTLE_MS = 3_000;
const TIMEOUT_MS = 90_000;
const HELD_DOWN = "vmac_protodown";
const REAL_TIME = "vrrp_rt_priority";
/** Of VRID 1. RFC 9568 §7.3 */
const VIRTUAL_ROUTER_MAC = "00:00:5e:00:01:01";

interface Setting {
  /** Seconds, as written in the file. */
  readonly advertInt: number;
  readonly instances: number;
  readonly vips: number;
  /** The addresses stay on a VMAC that is down until the takeover (holdfast's `vmac_protodown`). */
  readonly isHeldDown: boolean;
  readonly isRealTime: boolean;
}

/** Those of one instance, the one in its adverts first. */
function vipsOf({ instances, vips }: Setting, instance: number): readonly string[] {
  const count = Math.floor(vips / instances);
  return Array.from({ length: count }, (_, index) => vipAt(instance * count + index));
}

/** An advert holds at most 255 addresses, so all but one are configured as excluded from it. */
function configOf(setting: Setting, priority: number): string {
  const vmac = setting.isHeldDown ? " use_vmac\n vmac_protodown\n" : "";
  const instances = Array.from({ length: setting.instances }, (_, index) => {
    const [first = "", ...others] = vipsOf(setting, index);
    const head = ` interface eth0\n virtual_router_id ${index + 1}\n priority ${priority}\n advert_int ${setting.advertInt}`;
    const excluded = others.length === 0 ? "" : ` virtual_ipaddress_excluded {\n${others.join("\n")}\n }\n`;
    return `vrrp_instance VI_${index + 1} {\n${vmac}${head}\n virtual_ipaddress {\n  ${first}\n }\n${excluded}}\n`;
  });
  const realTime = setting.isRealTime ? ` ${REAL_TIME} 50\n` : "";
  return `global_defs {\n router_id LAB\n vrrp_version 3\n${realTime}}\n${instances.join("")}`;
}

/** Gratuitous ARP of the machine that took over, oldest first. */
class Announcements {
  readonly firstMs = new Map<string, number>();
  lastMs = Number.NaN;
  readonly #mac: string;
  #left: number;

  constructor(vips: number, mac: string) {
    this.#left = vips * ANNOUNCE_ROUNDS;
    this.#mac = mac;
  }

  async take(bed: VrrpBed, from: number): Promise<void> {
    await bed.capture.frames.waitFor(
      "all announcements",
      ({ atMs, bytes }) => {
        const frame = decodeFrame(bytes);
        if (frame.kind !== "arp" || frame.sourceMac !== this.#mac) return false;
        if (frame.senderProtocol !== frame.targetProtocol) return false;
        if (!this.firstMs.has(frame.senderProtocol)) this.firstMs.set(frame.senderProtocol, atMs);
        this.lastMs = atMs;
        this.#left -= 1;
        return this.#left === 0;
      },
      { from, timeoutMs: TIMEOUT_MS },
    );
  }
}

/** All instances are backups: on a busy machine the start of many takes seconds. */
async function listens(backup: Daemon, instances: number): Promise<void> {
  let left = instances;
  const isLast = (text: string): boolean => text.includes("Entering BACKUP STATE") && --left === 0;
  await backup.log.waitFor("all backups", ({ text }) => isLast(text), { timeoutMs: TIMEOUT_MS });
}

/** When each address appeared on the backup. */
async function gains(bed: VrrpBed, vips: readonly string[], from: number): Promise<ReadonlyMap<string, number>> {
  const left = new Set(vips);
  const gainedMs = new Map<string, number>();
  await bed.second.watch.events.waitFor(
    "all addresses on the backup",
    ({ address, atMs, isAdded }) => {
      if (isAdded && left.delete(address)) gainedMs.set(address, atMs);
      return left.size === 0;
    },
    { from, timeoutMs: TIMEOUT_MS },
  );
  return gainedMs;
}

const UP = /^\[(\S+)\] \d+: vrrp\.1@\S+ <(?:\S+,)?UP[,>]/;

/** When the VMAC of the backup came up, and with it all addresses. */
async function comesUp(vips: readonly string[], links: EventLog<Line>): Promise<ReadonlyMap<string, number>> {
  const { text } = await links.waitFor("the VMAC", (line) => UP.test(line.text), { timeoutMs: TIMEOUT_MS });
  const upMs = monitorTimeMs(UP.exec(text)?.[1] ?? "");
  return new Map(vips.map((vip) => [vip, upMs]));
}

/** When each VRID of the master was last heard. */
function lastAdverts(bed: VrrpBed): ReadonlyMap<number, number> {
  const heardMs = new Map<number, number>();
  for (const frame of bed.capture.frames.items) {
    const advert = advertOf(frame);
    if (advert?.source === bed.first.machine.address) heardMs.set(advert.vrid, advert.atMs);
  }
  return heardMs;
}

async function trial(bed: VrrpBed, subject: Subject, setting: Setting): Promise<Sample> {
  const pools = Array.from({ length: setting.instances }, (_, index) => vipsOf(setting, index));
  const vips = pools.flat();
  const master = bed.start(bed.first, subject, configOf(setting, 200));
  const missing = new Set(vips);
  await bed.first.watch.events.waitFor(
    "all addresses",
    ({ address }) => missing.delete(address) && missing.size === 0,
    {
      timeoutMs: TIMEOUT_MS,
    },
  );
  const links = linesOf(
    bed.second.machine.spawn(["ip", "-ts", "-o", "monitor", "link"], { ...process.env, TZ: "UTC" }).stdout,
  );
  const backup = bed.start(bed.second, subject, configOf(setting, PRIORITY));
  await listens(backup, setting.instances);
  await pause(SETTLE_MS);
  await bed.randomPhase(setting.advertInt * 1_000);
  const from = bed.second.watch.events.position;
  const fromFrame = bed.capture.frames.position;
  master.crash();
  const gainedMs = await (setting.isHeldDown ? comesUp(vips, links) : gains(bed, vips, from));
  const announced = new Announcements(vips.length, setting.isHeldDown ? VIRTUAL_ROUTER_MAC : bed.second.machine.mac);
  await announced.take(bed, fromFrame);
  const heardMs = lastAdverts(bed);
  const pastDueMs = (whenMs: ReadonlyMap<string, number>): readonly number[] =>
    pools.map(([first = ""], index) => {
      const dueMs = (heardMs.get(index + 1) ?? Number.NaN) + activeDownMs(setting.advertInt * 1_000, PRIORITY);
      return (whenMs.get(first) ?? Number.NaN) - dueMs;
    });
  const addedMs = pastDueMs(gainedMs);
  const announcedMs = pastDueMs(announced.firstMs);
  const tookOverMs = bed.advertsFrom(bed.second)[0]?.atMs ?? Number.NaN;
  const firstMs = setting.isHeldDown ? tookOverMs : Math.min(...gainedMs.values());
  return {
    pastDueP50Ms: quantile(addedMs, 0.5),
    pastDueP99Ms: quantile(addedMs, 0.99),
    pastDueMaxMs: Math.max(...addedMs),
    announcedPastDueP50Ms: quantile(announcedMs, 0.5),
    announcedPastDueMaxMs: Math.max(...announcedMs),
    firstToLastMs: Math.max(...gainedMs.values()) - firstMs,
    allAnnouncedOnceMs: Math.max(...announced.firstMs.values()) - firstMs,
    lastAnnouncementMs: announced.lastMs - firstMs,
    takenAway: bed.second.watch.events.items.slice(from).filter(({ isAdded }) => !isAdded).length,
  };
}

export const TAKEOVER: BenchCase = {
  name: "takeover",
  meaning:
    "kill -9 of the master of all instances: how long after the protocol's own Active_Down_Interval each instance's address was on the backup (told by a listener that a busy machine delays) and announced (by the kernel's clock, on the wire); from the first address there to the last one, to the moment when each had its first gratuitous ARP, and to the last of the 5 rounds of them; addresses that the backup gave up again meanwhile; with vmac_protodown the first address counts from the first advert, since all come at once",
  variants: [
    ...["1", "0.1"].map((seconds) => `advert_int=${seconds} instances=1 vips=1`),
    // Without it any other program delays an advert by more than the three intervals.
    `advert_int=0.01 instances=1 vips=1 ${REAL_TIME}`,
    ...["1000", "5000", "10000"].map((vips) => `advert_int=1 instances=1 vips=${vips}`),
    `advert_int=1 instances=1 vips=5000 ${HELD_DOWN}`,
    ...["1", "0.1"].map((seconds) => `advert_int=${seconds} instances=250 vips=1000`),
    `advert_int=0.1 instances=250 vips=1000 ${REAL_TIME}`,
  ],
  smoke: "advert_int=0.1 instances=2 vips=6",
  subjects: ["keepalived", "holdfast"],
  whyNot(subject, variant) {
    if (subject === "keepalived" && variant.endsWith(HELD_DOWN)) return "it has no such option";
    return whyNoVrrp(subject);
  },
  run: (subject, variant) =>
    withBed((bed) =>
      trial(bed, subject, {
        advertInt: settingOf(variant, "advert_int"),
        instances: settingOf(variant, "instances"),
        vips: settingOf(variant, "vips"),
        isHeldDown: variant.endsWith(HELD_DOWN),
        isRealTime: variant.endsWith(REAL_TIME),
      }),
    ),
};
