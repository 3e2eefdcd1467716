import { setTimeout as pause } from "node:timers/promises";
import { advertOf } from "../../test/lab/frames.ts";
import type { BenchCase, Sample, Subject } from "../case.ts";
import { cpuUsOf } from "../usage.ts";
import { type VrrpBed, whyNoVrrp, withBed } from "../vrrp-bed.ts";

/** Past the announcements: keepalived and holdfast repeat them 5 s after they became master. */
const WARM_UP_MS = 8_000;
const MEASURE_MS = 5_000;

function vipAt(index: number): string {
  return `10.1.0.${index + 1}`;
}

/** Instances of VRID 1, 2, ... on one interface, one VIP each, at 100 ms. */
function configOf(count: number): string {
  const instances = Array.from(
    { length: count },
    (_, index) =>
      `vrrp_instance VI_${index + 1} {\n interface eth0\n virtual_router_id ${index + 1}\n priority 200\n advert_int 0.1\n virtual_ipaddress {\n  ${vipAt(index)}/32\n }\n}\n`,
  );
  return `global_defs {\n router_id LAB\n vrrp_version 3\n}\n${instances.join("")}`;
}

async function trial(bed: VrrpBed, subject: Subject, count: number): Promise<Sample> {
  const { machine, watch } = bed.first;
  const daemon = bed.start(bed.first, subject, configOf(count));
  const vips = Array.from({ length: count }, (_, index) => vipAt(index));
  await Promise.all(vips.map((vip) => watch.gained(vip, { timeoutMs: 30_000 })));
  await pause(WARM_UP_MS);
  const from = bed.capture.frames.position;
  const before = { atMs: performance.timeOrigin + performance.now(), cpuUs: cpuUsOf(daemon.pids) };
  await pause(MEASURE_MS);
  const after = { atMs: performance.timeOrigin + performance.now(), cpuUs: cpuUsOf(daemon.pids) };
  await bed.capture.frames.waitFor("a later frame", ({ atMs }) => atMs > after.atMs, { from, timeoutMs: 10_000 });
  const adverts = bed.capture.frames.items
    .slice(from)
    .filter((frame) => frame.atMs > before.atMs && frame.atMs <= after.atMs)
    .filter((frame) => advertOf(frame)?.source === machine.address).length;
  return {
    cpuPerAdvertUs: (after.cpuUs - before.cpuUs) / adverts,
    advertsPerSec: (adverts / (after.atMs - before.atMs)) * 1_000,
  };
}

export const VRRP_ADVERTS: BenchCase = {
  name: "vrrp-adverts",
  meaning:
    "a master of many instances with advert_int 0.1, nobody else on the wire: CPU time of all threads of the daemon (schedstat) per advert that was seen there",
  variants: ["instances=250"],
  subjects: ["keepalived", "holdfast"],
  whyNot: whyNoVrrp,
  run: (subject, variant) => withBed((bed) => trial(bed, subject, Number(variant.split("=")[1]))),
};
