import { join } from "node:path";
import { ROOT } from "../../test/helpers/repository.ts";
import { vrrpConfig } from "../../test/lab/config.ts";
import { withBusyCores } from "../burn.ts";
import type { BenchCase, Sample, Subject } from "../case.ts";
import { rest } from "../scale.ts";
import { quantile } from "../statistics.ts";
import { skewMs, type VrrpBed, whyNoVrrp, withBed } from "../vrrp-bed.ts";

const VIP = "10.0.1.1";
const INTERVAL_MS = 100;
/** Of the backup that would take over. */
const PRIORITY = 100;
/** The thread begins to stand still 3 s after its start. */
const SETTLE_MS = 4_000;
const MEASURE_MS = 20_000;
const STALL = { NODE_OPTIONS: `--import=${join(ROOT, "bench", "block-main-thread.mjs")}` };

const CONFIG = vrrpConfig({ version: 3, priority: 200, virtualAddresses: [VIP], advertInt: "0.1" }).replace(
  "router_id LAB",
  "router_id LAB\n    vrrp_rt_priority 50",
);

async function trial(bed: VrrpBed, subject: Subject): Promise<Sample> {
  const env = subject === "holdfast" ? { ...STALL, BENCH_BLOCK_MS: "10000", BENCH_HEAP_MIB: "64" } : {};
  bed.start(bed.first, subject, CONFIG, env);
  await bed.first.watch.gained(VIP);
  await rest(SETTLE_MS);
  const from = bed.advertsFrom(bed.first).length;
  await withBusyCores(() => rest(MEASURE_MS));
  const lateMs = bed.latenessMs(bed.first, from, INTERVAL_MS);
  return {
    laterThanSkew: lateMs.filter((ms) => ms > skewMs(INTERVAL_MS, PRIORITY)).length,
    p99Ms: quantile(lateMs, 0.99),
    maxMs: Math.max(...lateMs),
    adverts: lateMs.length + 1,
  };
}

export const STALL_CASE: BenchCase = {
  name: "stall",
  meaning:
    "adverts of advert_int 0.1 with vrrp_rt_priority and two endless loops per core, while holdfast's main (JavaScript) thread stands still for 10 s at a time and fills 64 MiB of heap in between (keepalived has no such thread): how many came later than the skew time of a backup of priority 100",
  variants: ["advert_int=0.1"],
  smoke: "advert_int=0.1",
  subjects: ["keepalived", "holdfast"],
  whyNot: whyNoVrrp,
  run: (subject) => withBed((bed) => trial(bed, subject)),
};
