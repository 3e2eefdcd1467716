import { type Advert, advertOf } from "../../test/lab/frames.ts";
import type { BenchCase, Sample, Subject } from "../case.ts";
import { rest } from "../scale.ts";
import { quantile } from "../statistics.ts";
import { cpuUsOf, descriptorsOf, pssMiBOf } from "../usage.ts";
import { type VrrpBed, vipAt, whyNoVrrp, withBed } from "../vrrp-bed.ts";

/** Past the announcements: keepalived and holdfast repeat them 5 s after they became master. */
const WARM_UP_MS = 8_000;
const MEASURE_MS = 5_000;
const INTERVAL_MS = 100;

/** VRIDs are 1 to 255, so more instances need more interfaces. */
const PER_INTERFACE = 250;

function interfaceAt(index: number): string {
  const number = Math.floor(index / PER_INTERFACE);
  return number === 0 ? "eth0" : `m${number}`;
}

/** Interfaces beside eth0, each with an address of its own. */
async function addInterfaces(bed: VrrpBed, count: number): Promise<void> {
  for (let index = PER_INTERFACE; index < count; index += PER_INTERFACE) {
    const name = interfaceAt(index);
    await bed.addPort(bed.first, name, `10.0.2.${name.slice(1)}/8`);
  }
}

/** How much later than the interval each advert came after the one before of its instance. */
function latenessMs(adverts: readonly Advert[]): readonly number[] {
  const lastMs = new Map<string, number>();
  return adverts.flatMap(({ source, vrid, atMs }) => {
    const key = `${source} ${vrid}`;
    const before = lastMs.get(key);
    lastMs.set(key, atMs);
    return before === undefined ? [] : [atMs - before - INTERVAL_MS];
  });
}

/** Instances with one VIP each, at 100 ms. */
function configOf(count: number): string {
  const instances = Array.from(
    { length: count },
    (_, index) =>
      `vrrp_instance VI_${index + 1} {\n interface ${interfaceAt(index)}\n virtual_router_id ${(index % PER_INTERFACE) + 1}\n priority 200\n advert_int 0.1\n virtual_ipaddress {\n  ${vipAt(index)}/32\n }\n}\n`,
  );
  return `global_defs {\n router_id LAB\n vrrp_version 3\n}\n${instances.join("")}`;
}

async function trial(bed: VrrpBed, subject: Subject, count: number): Promise<Sample> {
  const { watch } = bed.first;
  await addInterfaces(bed, count);
  const daemon = bed.start(bed.first, subject, configOf(count));
  const missing = new Set(Array.from({ length: count }, (_, index) => vipAt(index)));
  await watch.events.waitFor("all addresses", ({ address }) => missing.delete(address) && missing.size === 0, {
    timeoutMs: 60_000,
  });
  await rest(WARM_UP_MS);
  const from = bed.capture.frames.position;
  const before = { atMs: performance.timeOrigin + performance.now(), cpuUs: cpuUsOf(daemon.pids) };
  await rest(MEASURE_MS);
  const after = { atMs: performance.timeOrigin + performance.now(), cpuUs: cpuUsOf(daemon.pids) };
  await bed.capture.frames.waitFor("a later frame", ({ atMs }) => atMs > after.atMs, { from, timeoutMs: 10_000 });
  const adverts = bed.capture.frames.items
    .slice(from)
    .filter((frame) => frame.atMs > before.atMs && frame.atMs <= after.atMs)
    .flatMap((frame) => advertOf(frame) ?? []);
  const lateMs = latenessMs(adverts);
  return {
    cpuPerAdvertUs: (after.cpuUs - before.cpuUs) / adverts.length,
    advertsPerSec: (adverts.length / (after.atMs - before.atMs)) * 1_000,
    lateP99Ms: quantile(lateMs, 0.99),
    lateMaxMs: lateMs.reduce((most, ms) => Math.max(most, ms), Number.NEGATIVE_INFINITY),
    pssMiB: pssMiBOf(daemon.pids),
    descriptors: descriptorsOf(daemon.pids),
  };
}

export const VRRP_ADVERTS: BenchCase = {
  name: "vrrp-adverts",
  meaning:
    "a master of many instances with advert_int 0.1, nobody else on the wire: CPU time of all threads of the daemon (schedstat) per advert that was seen there; how late each was after the one before of its instance; memory (proportional share) and open descriptors",
  variants: ["instances=250", "instances=1000"],
  smoke: "instances=3",
  subjects: ["keepalived", "holdfast"],
  whyNot: whyNoVrrp,
  run: (subject, variant) => withBed((bed) => trial(bed, subject, Number(variant.split("=")[1]))),
};
