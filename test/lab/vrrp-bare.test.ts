/** Unicast instances without `interface`: they speak where the routes lead and listen wherever their source address is. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { BARE_FAMILIES, type BareFamily, bareConfig, setUpBare, setUpSide, startBare } from "./bare-instance.ts";
import { whyNoLab } from "./capabilities.ts";
import { Daemon, type DaemonName } from "./daemon.ts";
import { replayGuestTests } from "./guest-tests.ts";
import { daemonNames, daemonPairs } from "./matrix.ts";
import { Network } from "./network.ts";
import { type Pair, type PairSettings, withPair } from "./pair.ts";
import { judgeByTshark } from "./tshark.ts";

const HIGH = 200;
const LOW = 100;
const OURS: readonly [DaemonName, DaemonName] = ["holdfast", "holdfast"];
const [, V3] = BARE_FAMILIES;

function settingsOf({ version, advertInt }: BareFamily): PairSettings {
  return { version, isUnicast: true, password: null, advertInt };
}

/** The master's power is cut, the other one takes over, the master comes back and preempts. */
async function takesOver(pair: Pair, family: BareFamily): Promise<void> {
  const { vip } = family;
  await setUpBare(pair, family);
  const first = startBare(pair, pair.first, family, { priority: HIGH });
  await pair.first.watch.gained(vip);
  const second = startBare(pair, pair.second, family, { priority: LOW });
  await second.logged("Entering BACKUP STATE");
  first.crash();
  await first.ended;
  await pair.second.watch.gained(vip);
  const gained = pair.second.watch.events.items.find(({ address }) => address === vip);
  assert.equal(gained?.interfaceName, "svc");
  const from = pair.second.watch.events.position;
  startBare(pair, pair.first, family, { priority: HIGH });
  await pair.second.watch.lost(vip, { from });
  await pair.capture.stop();
  const { frames, complaints } = await judgeByTshark(pair.capture.path);
  assert.ok(frames > 0);
  // The TTL that tshark tells is IPv4's.
  assert.deepEqual(
    complaints.filter((complaint) => family.bits === 32 || !complaint.endsWith("TTL ")),
    [],
  );
}

/** Without its source address it hears nobody, so it is at fault until the address is back. */
async function losesItsSource(pair: Pair, family: BareFamily): Promise<void> {
  const { vip, sources, bits } = family;
  await setUpBare(pair, family);
  const first = startBare(pair, pair.first, family, { priority: HIGH });
  await pair.first.watch.gained(vip);
  const second = startBare(pair, pair.second, family, { priority: LOW });
  await second.logged("Entering BACKUP STATE");
  await pair.first.machine.ip(`addr del ${sources[0]}/${bits} dev lo`);
  await first.logged("Entering FAULT STATE");
  await pair.first.watch.lost(vip);
  await pair.second.watch.gained(vip);
  const from = pair.first.watch.events.position;
  // The route went with its source.
  await setUpSide(pair, pair.first, family);
  await pair.first.watch.gained(vip, { from });
  await pair.second.watch.lost(vip);
}

/** The link of the virtual address goes down and comes back: there is no other link to follow. */
async function losesTheLinkOfItsAddress(pair: Pair, family: BareFamily): Promise<void> {
  await setUpBare(pair, family);
  const first = startBare(pair, pair.first, family, { priority: HIGH });
  await pair.first.watch.gained(family.vip);
  const second = startBare(pair, pair.second, family, { priority: LOW });
  await second.logged("Entering BACKUP STATE");
  await pair.first.machine.ip("link set svcfar down");
  await first.logged("Entering FAULT STATE");
  await pair.second.watch.gained(family.vip);
  const from = pair.first.watch.events.position;
  await pair.first.machine.ip("link set svcfar up");
  await pair.first.watch.gained(family.vip, { from });
}

/** An address on the link of the adverts is announced there, though the instance has no interface. */
async function announcesWhereTheAddressIs(pair: Pair, family: BareFamily): Promise<void> {
  await setUpBare(pair, family);
  const vip = "192.168.1.100";
  startBare(pair, pair.first, family, { priority: HIGH, addresses: [`${vip} dev eth0`] });
  await pair.first.watch.gained(vip);
  await pair.capture.frames.waitFor("a gratuitous ARP", ({ bytes }) => {
    const isArp = bytes.readUInt16BE(12) === 0x0806;
    return isArp && [...bytes.subarray(28, 32)].join(".") === vip && [...bytes.subarray(38, 42)].join(".") === vip;
  });
}

/** From an interface to none and back: another instance each time, as in keepalived. */
async function changesByReload(pair: Pair, family: BareFamily): Promise<void> {
  const { vip } = family;
  await setUpBare(pair, family);
  const bare = bareConfig(pair, pair.first, family, { priority: HIGH });
  const bound = bareConfig(pair, pair.first, family, { priority: HIGH, isBound: true });
  const first = pair.startRaw(pair.first, bound);
  await pair.first.watch.gained(vip);
  const second = startBare(pair, pair.second, family, { priority: LOW });
  await second.logged("Entering BACKUP STATE");
  for (const config of [bare, bound]) {
    const from = pair.first.watch.events.position;
    const since = first.log.position;
    first.reload(config);
    await pair.first.watch.lost(vip, { from });
    await pair.first.watch.gained(vip, { from });
    await first.logged("Entering MASTER STATE", { from: since });
  }
}

function instanceText(name: string, words: string, peer: string, vip: string, priority: number): string {
  return `vrrp_instance ${name} {\n state BACKUP\n ${words}\n virtual_router_id 51\n priority ${priority}\n advert_int 0.25
 unicast_peer {\n  ${peer}\n }\n virtual_ipaddress {\n  ${vip} dev eth0\n }\n}\n`;
}

/** Two instances of one VRID and one source address, one bound to eth0 and one to nothing: each hears its own peer alone. */
async function sharesVridAndAddress(): Promise<void> {
  const network = await Network.build();
  try {
    const [one, two, three] = [
      await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] }),
      await network.addMachine({ name: "two", addresses: ["192.168.1.6/24"] }),
      await network.addMachine({ name: "three", addresses: ["192.168.1.7/24"] }),
    ] as const;
    const version = "global_defs {\n router_id LAB\n vrrp_version 3\n}\n";
    const source = (machine: typeof one): string => `unicast_src_ip ${machine.address}`;
    const bound = instanceText("BOUND", `interface eth0\n ${source(one)}`, two.address, "192.168.1.100", 100);
    const bare = instanceText("BARE", source(one), three.address, "192.168.1.200", 100);
    const better = new Daemon(two, {
      name: "holdfast",
      config: version + instanceText("BOUND", source(two), one.address, "192.168.1.100", 200),
    });
    await better.logged("Entering MASTER STATE");
    const both = new Daemon(one, { name: "holdfast", config: version + bound + bare });
    await both.logged("(BARE) Entering MASTER STATE");
    const worse = new Daemon(three, {
      name: "holdfast",
      config: version + instanceText("BARE", source(three), one.address, "192.168.1.200", 50),
    });
    await worse.logged("Entering BACKUP STATE");
    const from = better.log.position;
    better.signal("SIGTERM");
    await better.logged("Stopped", { from });
    await both.logged("(BOUND) Entering MASTER STATE");
    assert.doesNotMatch(worse.text, /MASTER/);
    assert.doesNotMatch(both.text, /\(BARE\) Entering BACKUP STATE$/m);
    await worse.terminate();
    // The bound one does not check sources, and would believe it.
    const best = new Daemon(three, {
      name: "holdfast",
      config: version + instanceText("BARE", source(three), one.address, "192.168.1.200", 200),
    });
    const since = both.log.position;
    await both.logged("(BARE) Entering BACKUP STATE", { from: since });
    await best.logged("Entering MASTER STATE");
    await pause(1_500);
    // Only at its start.
    assert.equal(both.text.split("(BOUND) Entering BACKUP STATE").length - 1, 1);
  } finally {
    await network.close();
  }
}

describe("instances without interface", { concurrency: 4 }, () => {
  const skip =
    whyNoLab(["tshark", "dumpcap"]) || (daemonNames().includes("holdfast") ? false : "holdfast is not under test");
  for (const family of BARE_FAMILIES) {
    for (const daemons of daemonPairs()) {
      test(`${family.name}: ${daemons.join(" and ")} take over from each other`, { skip, timeout: 120_000 }, () =>
        withPair(settingsOf(family), daemons, (pair) => takesOver(pair, family)),
      );
    }
    test(`${family.name}: at fault while the source address is missing`, { skip, timeout: 60_000 }, () =>
      withPair(settingsOf(family), OURS, (pair) => losesItsSource(pair, family)),
    );
  }
  const scenarios = { losesTheLinkOfItsAddress, announcesWhereTheAddressIs, changesByReload };
  for (const [name, scenario] of Object.entries(scenarios)) {
    test(name, { skip, timeout: 60_000 }, () =>
      withPair(settingsOf(V3 as BareFamily), OURS, (pair) => scenario(pair, V3 as BareFamily)),
    );
  }
  test("one VRID and one address twice, bound and unbound", { skip, timeout: 60_000 }, sharesVridAndAddress);
});

await replayGuestTests("vrrp-bare-vrf.js", 400_000);
