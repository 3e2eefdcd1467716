import { waitUntil } from "../../test/helpers/event-log.ts";
import type { BenchCase } from "../case.ts";
import { CheckBed, whyNoNativeChecks } from "../check-bed.ts";
import { rest } from "../scale.ts";
import { pssMiBOf, rssMiBOf } from "../usage.ts";

/** From the first round of checks on. */
const SETTLE_MS = 10_000;

export const MEMORY: BenchCase = {
  name: "memory",
  meaning:
    "memory of all processes of the daemon ten seconds after each server was checked once; a TCP check each, every 10 s",
  variants: ["servers=10", "servers=5000"],
  smoke: "servers=10",
  subjects: ["keepalived", "haproxy", "holdfast"],
  whyNot: (subject) => whyNoNativeChecks(subject),
  async run(subject, variant) {
    const count = Number(variant.split("=")[1]);
    const bed = await CheckBed.start(subject, { count, delayLoopSec: 10 }, false);
    try {
      await waitUntil("checks", () => (bed.tcpCounter("ActiveOpens") >= count ? true : null), { timeoutMs: 60_000 });
      await rest(SETTLE_MS);
      return { rssMiB: rssMiBOf(bed.pids), pssMiB: pssMiBOf(bed.pids) };
    } finally {
      await bed.close();
    }
  },
};
