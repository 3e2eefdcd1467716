import { vrrpConfig } from "../../test/lab/config.ts";
import type { BenchCase, Sample, Subject } from "../case.ts";
import { activeDownMs, type VrrpBed, whyNoVrrp, withBed } from "../vrrp-bed.ts";

const VIP = "10.0.1.1";
const LOW_PRIORITY = 100;
const INTERVALS_SEC = ["1", "0.1"];

function configOf(priority: number, advertInt: string): string {
  return vrrpConfig({ version: 3, priority, virtualAddresses: [VIP], advertInt });
}

async function trial(bed: VrrpBed, subject: Subject, advertInt: string): Promise<Sample> {
  const intervalMs = Number(advertInt) * 1_000;
  const master = bed.start(bed.first, subject, configOf(200, advertInt));
  await bed.first.watch.gained(VIP);
  bed.start(bed.second, subject, configOf(LOW_PRIORITY, advertInt));
  await bed.waitForAdverts(bed.first, Math.ceil(3_000 / intervalMs), 30_000);
  await bed.randomPhase(intervalMs);
  const from = bed.second.watch.events.position;
  const killedMs = master.crash();
  const gainedMs = await bed.second.watch.gained(VIP, { from });
  await bed.waitForAdverts(bed.second, 1, 10_000);
  const lastAdvertMs = bed.advertsFrom(bed.first).at(-1)?.atMs ?? Number.NaN;
  const dueMs = lastAdvertMs + activeDownMs(intervalMs, LOW_PRIORITY);
  return {
    killToVipMs: gainedMs - killedMs,
    vipPastActiveDownMs: gainedMs - dueMs,
    advertPastActiveDownMs: (bed.advertsFrom(bed.second)[0]?.atMs ?? Number.NaN) - dueMs,
  };
}

export const FAILOVER: BenchCase = {
  name: "failover",
  meaning:
    "kill -9 of the master until the VIP is on the backup; and how long after the protocol's own Active_Down_Interval (3 intervals and skew since the last advert) the VIP was seen there, and its first advert on the wire",
  variants: INTERVALS_SEC.map((seconds) => `advert_int=${seconds}`),
  smoke: "advert_int=0.1",
  subjects: ["keepalived", "holdfast"],
  whyNot: whyNoVrrp,
  run: (subject, variant) => withBed((bed) => trial(bed, subject, variant.split("=")[1] ?? "")),
};
