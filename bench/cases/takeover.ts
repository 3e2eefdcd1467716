import { setTimeout as pause } from "node:timers/promises";
import { advertOf, decodeFrame } from "../../test/lab/frames.ts";
import type { BenchCase, Sample, Subject } from "../case.ts";
import { settingOf } from "../scale.ts";
import { quantile } from "../statistics.ts";
import { activeDownMs, type VrrpBed, vipAt, whyNoVrrp, withBed } from "../vrrp-bed.ts";

const ANNOUNCE_ROUNDS = 5;
const PRIORITY = 100;
/** Until the backup listens. */
const SETTLE_MS = 5_000;
const TIMEOUT_MS = 90_000;

interface Setting {
  /** Seconds, as written in the file. */
  readonly advertInt: number;
  readonly instances: number;
  readonly vips: number;
}

/** Those of one instance, the one in its adverts first. */
function vipsOf({ instances, vips }: Setting, instance: number): readonly string[] {
  const count = Math.floor(vips / instances);
  return Array.from({ length: count }, (_, index) => vipAt(instance * count + index));
}

/** An advert holds at most 255 addresses, so all but one are configured as excluded from it. */
function configOf(setting: Setting, priority: number): string {
  const instances = Array.from({ length: setting.instances }, (_, index) => {
    const [first = "", ...others] = vipsOf(setting, index);
    const head = ` interface eth0\n virtual_router_id ${index + 1}\n priority ${priority}\n advert_int ${setting.advertInt}`;
    const excluded = others.length === 0 ? "" : ` virtual_ipaddress_excluded {\n${others.join("\n")}\n }\n`;
    return `vrrp_instance VI_${index + 1} {\n${head}\n virtual_ipaddress {\n  ${first}\n }\n${excluded}}\n`;
  });
  return `global_defs {\n router_id LAB\n vrrp_version 3\n}\n${instances.join("")}`;
}

/** Gratuitous ARP of the machine that took over, oldest first. */
class Announcements {
  readonly firstMs = new Map<string, number>();
  lastMs = Number.NaN;
  #left: number;

  constructor(vips: number) {
    this.#left = vips * ANNOUNCE_ROUNDS;
  }

  async take(bed: VrrpBed, from: number): Promise<void> {
    await bed.capture.frames.waitFor(
      "all announcements",
      ({ atMs, bytes }) => {
        const frame = decodeFrame(bytes);
        if (frame.kind !== "arp" || frame.sourceMac !== bed.second.machine.mac) return false;
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
  bed.start(bed.second, subject, configOf(setting, PRIORITY));
  await pause(SETTLE_MS);
  await bed.randomPhase(setting.advertInt * 1_000);
  const from = bed.second.watch.events.position;
  const fromFrame = bed.capture.frames.position;
  master.crash();
  const gainedMs = await gains(bed, vips, from);
  const announced = new Announcements(vips.length);
  await announced.take(bed, fromFrame);
  const heardMs = lastAdverts(bed);
  const pastDueMs = pools.map(([first = ""], index) => {
    const dueMs = (heardMs.get(index + 1) ?? Number.NaN) + activeDownMs(setting.advertInt * 1_000, PRIORITY);
    return (gainedMs.get(first) ?? Number.NaN) - dueMs;
  });
  const firstMs = Math.min(...gainedMs.values());
  return {
    pastDueP50Ms: quantile(pastDueMs, 0.5),
    pastDueP99Ms: quantile(pastDueMs, 0.99),
    firstToLastMs: Math.max(...gainedMs.values()) - firstMs,
    allAnnouncedOnceMs: Math.max(...announced.firstMs.values()) - firstMs,
    lastAnnouncementMs: announced.lastMs - firstMs,
  };
}

export const TAKEOVER: BenchCase = {
  name: "takeover",
  meaning:
    "kill -9 of the master of all instances: how long after the protocol's own Active_Down_Interval each instance's address was on the backup; from the first address there to the last one, to the moment when each had its first gratuitous ARP, and to the last of the 5 rounds of them",
  variants: [
    ...["1", "0.1", "0.01"].map((seconds) => `advert_int=${seconds} instances=1 vips=1`),
    ...["1000", "5000", "10000"].map((vips) => `advert_int=1 instances=1 vips=${vips}`),
    ...["1", "0.1"].map((seconds) => `advert_int=${seconds} instances=250 vips=1000`),
  ],
  smoke: "advert_int=0.1 instances=2 vips=6",
  subjects: ["keepalived", "holdfast"],
  whyNot: whyNoVrrp,
  run: (subject, variant) =>
    withBed((bed) =>
      trial(bed, subject, {
        advertInt: settingOf(variant, "advert_int"),
        instances: settingOf(variant, "instances"),
        vips: settingOf(variant, "vips"),
      }),
    ),
};
