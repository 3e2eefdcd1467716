import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ROOT } from "../../test/helpers/repository.ts";
import { vrrpConfig } from "../../test/lab/config.ts";
import { withBusyCores } from "../burn.ts";
import type { BenchCase, Sample, Subject } from "../case.ts";
import { rest } from "../scale.ts";
import { quantile } from "../statistics.ts";
import { type VrrpBed, whyNoVrrp, withBed } from "../vrrp-bed.ts";

const VIP = "10.0.1.1";
const INTERVAL_MS = 100;
const SETTLE_MS = 4_000;
const MEASURE_MS = 12_000;
const RELOADS = 8;
const HUGE_INSTANCES = 250;

const CONFIG = vrrpConfig({ version: 3, priority: 200, virtualAddresses: [VIP], advertInt: "0.1" });

/** The same, with the thread that sends adverts under SCHED_FIFO. */
const REALTIME_CONFIG = CONFIG.replace("router_id LAB", "router_id LAB\n    vrrp_rt_priority 50");

/** A file that takes long to read, with the same first instance. */
function hugeConfig(): string {
  const scripts = Array.from(
    { length: HUGE_INSTANCES * 40 },
    (_, index) => `vrrp_script unused_${index} {\n    script "/bin/true"\n    interval 3600\n}`,
  );
  return `${CONFIG}\n${scripts.join("\n")}\n`;
}

async function disturb(bed: VrrpBed, variant: string, reload: (config: string) => void): Promise<void> {
  if (variant !== "reloading") {
    await bed.waitForAdverts(bed.first, MEASURE_MS / INTERVAL_MS, 3 * MEASURE_MS);
    return;
  }
  for (let round = 0; round < RELOADS; round++) {
    reload(round % 2 === 0 ? hugeConfig() : CONFIG);
    await pause(MEASURE_MS / RELOADS);
  }
}

async function trial(bed: VrrpBed, subject: Subject, variant: string): Promise<Sample> {
  const env = variant === "blocked" ? { NODE_OPTIONS: `--import=${join(ROOT, "bench", "block-main-thread.mjs")}` } : {};
  const config = variant.endsWith("real-time") ? REALTIME_CONFIG : CONFIG;
  const daemon = bed.start(bed.first, subject, config, env);
  await bed.first.watch.gained(VIP);
  await rest(SETTLE_MS);
  const from = bed.advertsFrom(bed.first).length;
  const measure = (): Promise<void> => disturb(bed, variant, (text) => daemon.reload(text));
  await (variant.startsWith("busy cores") ? withBusyCores(measure) : measure());
  const lateMs = bed.latenessMs(bed.first, from, INTERVAL_MS);
  return {
    p50Ms: quantile(lateMs, 0.5),
    p99Ms: quantile(lateMs, 0.99),
    maxMs: Math.max(...lateMs),
    adverts: lateMs.length + 1,
  };
}

export const ADVERT_LATENESS: BenchCase = {
  name: "advert-lateness",
  meaning:
    "spacing of a master's adverts on the wire beyond advert_int 0.1: idle; main (JavaScript) thread blocked 99 % of the time; file of 10,000 scripts reloaded by turns; two endless loops per core, without and with vrrp_rt_priority",
  variants: ["idle", "blocked", "reloading", "busy cores", "busy cores, real-time"],
  smoke: "idle",
  subjects: ["keepalived", "holdfast"],
  whyNot(subject, variant) {
    if (subject === "keepalived" && variant === "blocked") return "it has no such thread";
    return whyNoVrrp(subject);
  },
  run: (subject, variant) => withBed((bed) => trial(bed, subject, variant)),
};
