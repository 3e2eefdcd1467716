import { vrrpConfig } from "../../test/lab/config.ts";
import type { BenchCase, Sample, Subject } from "../case.ts";
import { settingOf } from "../scale.ts";
import { type VrrpBed, vipAt, whyNoVrrp, withBed } from "../vrrp-bed.ts";

const VIP = "10.0.1.1";
const TIMEOUT_MS = 90_000;

/** The owner of the address waits for nobody. */
const OWNER = vrrpConfig({ version: 3, priority: 255, virtualAddresses: [VIP], advertInt: "1", state: "MASTER" });

async function start(bed: VrrpBed, subject: Subject): Promise<Sample> {
  const startMs = performance.timeOrigin + performance.now();
  bed.start(bed.first, subject, OWNER);
  const gainedMs = await bed.first.watch.gained(VIP);
  await bed.waitForAdverts(bed.first, 1, TIMEOUT_MS);
  return {
    firstAdvertMs: (bed.advertsFrom(bed.first)[0]?.atMs ?? Number.NaN) - startMs,
    vipMs: gainedMs - startMs,
  };
}

function vmacConfig(count: number): string {
  const instances = Array.from(
    { length: count },
    (_, index) =>
      `vrrp_instance VI_${index + 1} {\n interface eth0\n use_vmac\n virtual_router_id ${index + 1}\n priority 200\n virtual_ipaddress {\n  ${vipAt(index)}/32\n }\n}\n`,
  );
  return `global_defs {\n router_id LAB\n vrrp_version 3\n}\n${instances.join("")}`;
}

async function stop(bed: VrrpBed, subject: Subject, count: number): Promise<Sample> {
  const { machine, watch } = bed.first;
  const daemon = bed.start(bed.first, subject, vmacConfig(count));
  const missing = new Set(Array.from({ length: count }, (_, index) => vipAt(index)));
  await watch.events.waitFor("all addresses", ({ address }) => missing.delete(address) && missing.size === 0, {
    timeoutMs: TIMEOUT_MS,
  });
  const stopMs = performance.now();
  await daemon.terminate();
  const tookMs = performance.now() - stopMs;
  const links = await machine.runOk(["ip", "-o", "link", "show", "type", "macvlan"]);
  return { stopMs: tookMs, linksLeft: links.split("\n").filter((line) => line !== "").length };
}

export const START: BenchCase = {
  name: "start",
  meaning: "start of the process of an address's owner (priority 255) to its first advert on the wire, and to its VIP",
  variants: ["instances=1"],
  smoke: "instances=1",
  subjects: ["keepalived", "holdfast"],
  whyNot: whyNoVrrp,
  run: (subject) => withBed((bed) => start(bed, subject)),
};

export const STOP: BenchCase = {
  name: "stop",
  meaning:
    "SIGTERM of a master with use_vmac in all instances until its processes have ended, and links it left behind",
  variants: ["vmacs=250"],
  smoke: "vmacs=3",
  subjects: ["keepalived", "holdfast"],
  whyNot: whyNoVrrp,
  run: (subject, variant) => withBed((bed) => stop(bed, subject, settingOf(variant, "vmacs"))),
};
