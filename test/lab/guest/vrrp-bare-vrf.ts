/** Instances in a VRF: the way to the peer leads through its table alone. */
import { describe, test } from "node:test";
import { BARE_FAMILIES, type BareFamily, SERVICE_LINK, setUpSide, startBare } from "../bare-instance.ts";
import { daemonNames } from "../matrix.ts";
import { type Pair, type Side, withPair } from "../pair.ts";

const VRF = "link add blue type vrf table 101\nlink set blue up\nlink set eth0 master blue";
const IN_VRF = { sourceLink: "eth0", vrf: "vrf blue" };
const LINES = ["vrf blue"];

/** Routes, and over IPv6 addresses too, go with the VRF that the link was in. */
async function enterVrf(pair: Pair, side: Side, family: BareFamily): Promise<void> {
  await side.machine.ip(VRF);
  await setUpSide(pair, side, family, IN_VRF);
}

/** The master's VRF is deleted and made again, then the master's power is cut. */
async function recovers(pair: Pair, family: BareFamily): Promise<void> {
  const { vip } = family;
  for (const side of [pair.first, pair.second]) {
    await side.machine.ip(SERVICE_LINK);
    await enterVrf(pair, side, family);
  }
  const first = startBare(pair, pair.first, family, { priority: 200, lines: LINES });
  await pair.first.watch.gained(vip);
  const second = startBare(pair, pair.second, family, { priority: 100, lines: LINES });
  await second.logged("Entering BACKUP STATE");
  await pair.first.machine.ip("link del blue");
  await first.logged("Entering FAULT STATE");
  await pair.first.watch.lost(vip);
  await pair.second.watch.gained(vip);
  const from = pair.first.watch.events.position;
  const away = pair.second.watch.events.position;
  await enterVrf(pair, pair.first, family);
  await pair.first.watch.gained(vip, { from });
  await pair.second.watch.lost(vip, { from: away });
  first.crash();
  await first.ended;
  await pair.second.watch.gained(vip, { from: away });
}

describe("instances in a VRF", () => {
  const skip = daemonNames().includes("holdfast") ? false : "holdfast is not under test";
  for (const family of BARE_FAMILIES) {
    const settings = { version: family.version, isUnicast: true, password: null, advertInt: family.advertInt };
    test(
      `${family.name}: at fault without the VRF, back with it, and replaced at the end`,
      { skip, timeout: 120_000 },
      () => withPair(settings, ["holdfast", "holdfast"], (pair) => recovers(pair, family)),
    );
  }
});
