import { vrrpConfig } from "../../test/lab/config.ts";
import { decodeFrame } from "../../test/lab/frames.ts";
import type { BenchCase, Sample, Subject } from "../case.ts";
import { type VrrpBed, whyNoVrrp, withBed } from "../vrrp-bed.ts";

const VIP_COUNT = 1_000;
const ADVERTISED_VIP = "10.0.1.1";
const ANNOUNCE_ROUNDS = 5;
const PARTS = 256;

/** An advert holds at most 255 addresses, so all but one are configured as excluded from it. */
function excludedVips(): readonly string[] {
  return Array.from({ length: VIP_COUNT - 1 }, (_, index) => `10.1.${Math.floor(index / PARTS)}.${index % PARTS}`);
}

function configOf(priority: number): string {
  const text = vrrpConfig({ version: 3, priority, virtualAddresses: [ADVERTISED_VIP], advertInt: "1" });
  const excluded = `    virtual_ipaddress_excluded {\n${excludedVips().join("\n")}\n    }\n}\n`;
  return text.replace(/\}\s*$/, excluded);
}

interface Announcement {
  readonly atMs: number;
  readonly address: string;
}

/** Gratuitous ARP of the machine, oldest first. */
function announcements(bed: VrrpBed): readonly Announcement[] {
  const found: Announcement[] = [];
  for (const { atMs, bytes } of bed.capture.frames.items) {
    const frame = decodeFrame(bytes);
    if (frame.kind !== "arp" || frame.sourceMac !== bed.second.machine.mac) continue;
    if (frame.senderProtocol === frame.targetProtocol) found.push({ atMs, address: frame.senderProtocol });
  }
  return found;
}

async function trial(bed: VrrpBed, subject: Subject): Promise<Sample> {
  const vips = [ADVERTISED_VIP, ...excludedVips()];
  const last = vips.at(-1) ?? "";
  const master = bed.start(bed.first, subject, configOf(200));
  await bed.first.watch.gained(last, { timeoutMs: 60_000 });
  bed.start(bed.second, subject, configOf(100));
  await bed.waitForAdverts(bed.first, 5, 30_000);
  const from = bed.second.watch.events.position;
  const fromFrame = bed.capture.frames.position;
  master.crash();
  const firstMs = await bed.second.watch.gained(ADVERTISED_VIP, { from });
  await Promise.all(vips.map((vip) => bed.second.watch.gained(vip, { from, timeoutMs: 60_000 })));
  let left = VIP_COUNT * ANNOUNCE_ROUNDS;
  await bed.capture.frames.waitFor(
    "all announcements",
    (frame) => {
      const packet = decodeFrame(frame.bytes);
      if (packet.kind === "arp" && packet.sourceMac === bed.second.machine.mac) left -= 1;
      return left === 0;
    },
    { from: fromFrame, timeoutMs: 60_000 },
  );
  const added = bed.second.watch.events.items.slice(from).filter((event) => event.isAdded);
  const addedMs = added.map((event) => event.atMs);
  const announced = announcements(bed).slice(0, VIP_COUNT * ANNOUNCE_ROUNDS);
  const firstOf = new Map(announced.toReversed().map(({ address, atMs }) => [address, atMs]));
  return {
    addressesMs: Math.max(...addedMs) - firstMs,
    allAnnouncedOnceMs: Math.max(...firstOf.values()) - firstMs,
    lastAnnouncementMs: (announced.at(-1)?.atMs ?? Number.NaN) - firstMs,
    announced: firstOf.size,
  };
}

export const TAKEOVER_VIPS: BenchCase = {
  name: "takeover-vips",
  meaning:
    "one takeover of 1,000 VIPs: from the first address on the backup to the last address, to the moment when each had its first gratuitous ARP, and to the last of the 5 rounds of them",
  variants: [`vips=${VIP_COUNT}`],
  subjects: ["keepalived", "holdfast"],
  whyNot: whyNoVrrp,
  run: (subject) => withBed((bed) => trial(bed, subject)),
};
