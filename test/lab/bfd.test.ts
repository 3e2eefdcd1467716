/** BFD sessions beside FRR's bfdd, keepalived's and our own, and what VRRP does when one is lost. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ROOT } from "../helpers/repository.ts";
import { BLOCKABLE } from "./blockable.ts";
import { whyNoLab } from "./capabilities.ts";
import { Daemon, type DaemonName } from "./daemon.ts";
import { FrrBfd } from "./frr.ts";
import type { Machine } from "./machine.ts";
import { daemonNames, daemonPairs } from "./matrix.ts";
import { Network } from "./network.ts";
import { VIP } from "./pair.ts";

const ONE = "192.168.1.5";
const TWO = "192.168.1.6";
const SECOND_VIP = "192.168.1.101";
const ONE6 = "fd00::5";
const TWO6 = "fd00::6";
const UP = "(peer) Entering Up state";
const DOWN = "(peer) Entering Down state";
/** Wide enough for a busy machine. */
const INTERVALS = "min_rx 100\n min_tx 100\n multiplier 4";

function bfdInstance(source: string, neighbor: string, more = ""): string {
  return `bfd_instance peer {\n source_ip ${source}\n neighbor_ip ${neighbor}\n ${INTERVALS}\n ${more}\n}\n`;
}

function start(machine: Machine, name: DaemonName, config: string, env: NodeJS.ProcessEnv = {}): Daemon {
  return new Daemon(machine, { name, config: `global_defs {\n router_id LAB\n}\n${config}`, env });
}

interface Lab {
  readonly network: Network;
  readonly one: Machine;
  readonly two: Machine;
}

async function withLab(scenario: (lab: Lab) => Promise<void>): Promise<void> {
  const network = await Network.build();
  try {
    const machine = (name: string, addresses: readonly string[]): Promise<Machine> =>
      network.addMachine({ name, addresses });
    const one = await machine("one", [`${ONE}/24`, `${ONE6}/64`]);
    const two = await machine("two", [`${TWO}/24`, `${TWO6}/64`]);
    await scenario({ network, one, two });
  } finally {
    await network.close();
  }
}

/** Up, lost by silence on both sides, and up again. */
async function comeAndGo({ network, one, two }: Lab, daemons: readonly [Daemon, Daemon]): Promise<void> {
  await Promise.all(daemons.map((daemon) => daemon.logged(UP)));
  const from = daemons.map((daemon) => daemon.log.position);
  await network.cut(one, two);
  await Promise.all(
    daemons.map((daemon, index) =>
      daemon.logged(`${DOWN} (Local diagnostic - Control Detection Time Expired`, { from: from[index] ?? 0 }),
    ),
  );
  await network.heal();
  await Promise.all(daemons.map((daemon, index) => daemon.logged(UP, { from: from[index] ?? 0 })));
}

const isOursUnderTest = daemonNames().includes("holdfast");
const SKIP = whyNoLab() || (isOursUnderTest ? false : "holdfast is not under test");
const SKIP_FRR = SKIP || (existsSync("/usr/lib/frr/bfdd") ? false : "needs FRR's bfdd");

async function statusOf(machine: Machine): Promise<string> {
  return await machine.runOk([join(ROOT, "bin", "holdfast"), "status"]);
}

describe("BFD with link-local neighbours", { skip: SKIP }, () => {
  test("a neighbour is found by address and interface, on each of two links", { timeout: 60_000 }, () =>
    withLab(async ({ one, two }) => {
      await Promise.all(
        [one, two].map((machine) =>
          machine.ip("link add eth1 type veth peer name eth2\nlink set eth1 up\nlink set eth2 up"),
        ),
      );
      const name = (line: string): string => line.replace("bfd_instance peer", "bfd_instance other");
      // The same address on the other link: nobody answers there.
      const both = (neighbor: string): string =>
        bfdInstance("fe80::1", `${neighbor}%eth0`).replace(" source_ip fe80::1\n", "") +
        name(bfdInstance("fe80::1", `${neighbor}%eth1`).replace(" source_ip fe80::1\n", ""));
      const daemons = [
        start(one, "holdfast", both("fe80::ff:fe00:2")),
        start(two, "holdfast", both("fe80::ff:fe00:1")),
      ] as const;
      await Promise.all(daemons.map((daemon) => daemon.logged(UP)));
      const status = await statusOf(one);
      assert.match(status, /^peer +UP .*fe80::ff:fe00:2%eth0/m);
      assert.match(status, /^other +DOWN .*fe80::ff:fe00:2%eth1/m);
    }),
  );
});

describe("BFD on an interface that is made anew", { skip: SKIP }, () => {
  test("the neighbour is found again, and when the interface comes after the daemon", { timeout: 60_000 }, () =>
    withLab(async ({ network, one, two }) => {
      const scoped = (neighbor: string): string =>
        bfdInstance("fe80::1", `${neighbor}%eth0`).replace(" source_ip fe80::1\n", "");
      const ours = start(one, "holdfast", scoped("fe80::ff:fe00:2"));
      const peer = start(two, "holdfast", scoped("fe80::ff:fe00:1"));
      await Promise.all([ours.logged(UP), peer.logged(UP)]);
      for (const [machine, daemon, other] of [
        [one, ours, peer],
        [two, peer, ours],
      ] as const) {
        const [from, otherFrom] = [daemon.log.position, other.log.position];
        await machine.ip("link del eth0");
        await daemon.logged(DOWN, { from });
        await network.plugInAnew(machine);
        await Promise.all([daemon.logged(UP, { from }), other.logged(UP, { from: otherFrom })]);
      }
      await ours.terminate();
      await one.ip("link del eth0");
      const again = start(one, "holdfast", scoped("fe80::ff:fe00:2"));
      await again.logged("if_nametoindex");
      await network.plugInAnew(one);
      await again.logged(UP);
    }),
  );
});

describe("BFD without VRRP", { skip: SKIP }, () => {
  test("holdfast status shows the sessions, and why one is down", () =>
    withLab(async (lab) => {
      const daemon = start(lab.one, "holdfast", bfdInstance(ONE, TWO), {});
      const peer = start(lab.two, "holdfast", bfdInstance(TWO, ONE), {});
      await daemon.logged(UP);
      assert.match(await statusOf(lab.one), /^peer +UP +\d+ s +192\.168\.1\.6 +400 ms\s*$/m);
      assert.match(await statusOf(lab.one), /^adverts: (none sent yet|99 % at most )/m);
      peer.crash();
      await daemon.logged(DOWN);
      assert.match(await statusOf(lab.one), /^peer +DOWN +\d+ s +192\.168\.1\.6 +\d+ ms +detection time expired/m);
    }));
});

describe("BFD between two daemons", { skip: whyNoLab() }, () => {
  for (const [first, second] of daemonPairs()) {
    test(`${first} and ${second} over IPv4`, () =>
      withLab((lab) =>
        comeAndGo(lab, [
          start(lab.one, first, bfdInstance(ONE, TWO)),
          start(lab.two, second, bfdInstance(TWO, ONE, "passive")),
        ]),
      ));
    test(`${first} and ${second} over IPv6, with keepalived's hop limit of 64`, () =>
      withLab((lab) =>
        comeAndGo(lab, [
          start(lab.one, first, bfdInstance(ONE6, TWO6)),
          start(lab.two, second, bfdInstance(TWO6, ONE6)),
        ]),
      ));
  }
});

test("a reload with other intervals keeps the session, and stopping says AdminDown", { skip: SKIP }, () =>
  withLab(async ({ one, two }) => {
    const ours = start(one, "holdfast", bfdInstance(ONE, TWO));
    const peer = start(two, "holdfast", bfdInstance(TWO, ONE));
    await Promise.all([ours.logged(UP), peer.logged(UP)]);
    ours.reload(`global_defs {\n router_id LAB\n}\n${bfdInstance(ONE, TWO, "").replace("min_tx 100", "min_tx 200")}`);
    await ours.logged("Reload complete");
    // The peer waits four times 200 ms from now on: it knows without having lost the session.
    await peer.logged("(peer) Detection time is 800000 us (was 400000 us)");
    assert.ok(!peer.text.includes(DOWN) && !ours.text.includes(DOWN), `${ours.text}\n---\n${peer.text}`);
    assert.deepEqual(await ours.terminate(), { status: 0, signal: null });
    await peer.logged(
      `${DOWN} (Local diagnostic - Neighbor Signaled Session Down, Remote diagnostic - Administratively Down)`,
    );
  }),
);

test("a packet that has passed a router is dropped, unless max_hops allows it (RFC 5881 §5)", { skip: SKIP }, () =>
  withLab(async ({ one, two }) => {
    const ours = start(one, "holdfast", bfdInstance(ONE, TWO));
    const far = start(two, "holdfast", bfdInstance(TWO, ONE, "ttl 254"));
    await ours.logged(`(peer) packet from ${TWO} dropped: it came from too far away (254, expected 255)`);
    assert.ok(!ours.text.includes(UP) && !far.text.includes(UP), `${ours.text}\n---\n${far.text}`);
    ours.reload(`global_defs {\n router_id LAB\n}\n${bfdInstance(ONE, TWO, "max_hops 1")}`);
    await Promise.all([ours.logged(UP), far.logged(UP)]);
  }),
);

/** FRR takes packets with a hop limit of 255 only. */
const FRR_CASES = [
  { title: "IPv4", own: ONE, peer: TWO, more: "" },
  { title: "IPv6", own: ONE6, peer: TWO6, more: "hoplimit 255" },
] as const;

describe("BFD with FRR's bfdd", { skip: SKIP_FRR }, () => {
  for (const { title, own, peer, more } of FRR_CASES) {
    test(`a session over ${title} comes up, agrees on intervals, is lost, comes back and is ended`, () =>
      withLab(async ({ network, one, two }) => {
        const block = ` peer ${own} local-address ${peer}\n  detect-multiplier 3\n  receive-interval 150\n  transmit-interval 150\n  no shutdown`;
        const frr = await FrrBfd.start(two, block);
        const ours = start(one, "holdfast", bfdInstance(own, peer, more));
        await ours.logged(UP);
        const session = await frr.became("up");
        assert.equal(session["remote-receive-interval"], 100, frr.text);
        assert.equal(session["remote-detect-multiplier"], 4);
        // FRR sends every 150 ms, three times is its multiplier.
        await ours.logged("(peer) Detection time is 450000 us");
        const from = ours.log.position;
        await network.cut(one, two);
        await ours.logged(`${DOWN} (Local diagnostic - Control Detection Time Expired`, { from });
        await frr.became("down");
        await network.heal();
        await ours.logged(UP, { from });
        await frr.became("up");
        await ours.terminate();
        const ended = await frr.became("down");
        assert.equal(ended["remote-diagnostic"], "administratively down");
      }));
  }
});

function vrrp(priority: number, tracking: string): string {
  return `vrrp_instance VI_1 {\n state BACKUP\n interface eth0\n virtual_router_id 51\n priority ${priority}\n advert_int 1\n virtual_ipaddress {\n ${VIP}\n }\n${tracking}}\n`;
}

describe("VRRP that follows a session", { skip: SKIP }, () => {
  test("a loss is a takeover within the Detection Time although JavaScript stands still", { timeout: 60_000 }, () =>
    withLab(async ({ network, one, two }) => {
      const router = await network.addMachine({ name: "router", addresses: ["192.168.1.1/24"] });
      const gateway = start(router, "holdfast", `bfd_instance peer {\n neighbor_ip ${ONE}\n ${INTERVALS}\n}\n`);
      const session = `bfd_instance peer {\n neighbor_ip 192.168.1.1\n ${INTERVALS}\n}\n`;
      const ours = start(one, "holdfast", session + vrrp(200, " track_bfd {\n peer\n }\n"), BLOCKABLE);
      await ours.logged("(VI_1) entering FAULT state");
      await ours.logged("VRRP_Instance(VI_1) Tracked BFD instance peer is UP");
      const firstWatch = await one.watchAddresses();
      await firstWatch.gained(VIP);
      start(two, "holdfast", vrrp(100, ""));
      const secondWatch = await two.watchAddresses();
      await gateway.logged(UP);
      ours.signal("SIGPWR");
      const from = gateway.log.position;
      // For many Detection Times nobody but the loop speaks for the session.
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      assert.ok(!gateway.log.items.slice(from).some(({ text }) => text.includes(DOWN)), gateway.text);
      const cutMs = performance.now();
      await network.cut(one, router);
      await secondWatch.gained(VIP);
      const takenMs = performance.now() - cutMs;
      await firstWatch.lost(VIP);
      assert.ok(!ours.text.includes("SIGPWR"), "the main thread was free again too early to prove anything");
      // Detection Time 0.4 s, Skew_Time 0.6 s after the priority 0, and what a busy machine may add.
      assert.ok(takenMs < 2_000, `taken over after ${takenMs.toFixed(0)} ms`);
      await ours.logged("VRRP_Instance(VI_1) Tracked BFD instance peer is DOWN");
      await ours.logged("(VI_1) Entering FAULT STATE");
      const lostFrom = firstWatch.events.position;
      await network.heal();
      await ours.logged("(VI_1) Entering BACKUP STATE");
      await firstWatch.gained(VIP, { from: lostFrom });
    }),
  );

  test("a loss takes the whole sync group along although JavaScript stands still", { timeout: 60_000 }, () =>
    withLab(async ({ network, one, two }) => {
      const router = await network.addMachine({ name: "router", addresses: ["192.168.1.1/24"] });
      start(router, "holdfast", `bfd_instance peer {\n neighbor_ip ${ONE}\n ${INTERVALS}\n}\n`);
      const session = `bfd_instance peer {\n neighbor_ip 192.168.1.1\n ${INTERVALS}\n}\n`;
      const group = "vrrp_sync_group G {\n group {\n VI_1\n VI_2\n }\n}\n";
      const second = (priority: number): string =>
        vrrp(priority, "").replace("VI_1", "VI_2").replace(" 51", " 52").replace(VIP, SECOND_VIP);
      const tracked = session + vrrp(200, " track_bfd {\n peer\n }\n") + second(200) + group;
      const ours = start(one, "holdfast", tracked, BLOCKABLE);
      const firstWatch = await one.watchAddresses();
      await firstWatch.gained(VIP);
      await firstWatch.gained(SECOND_VIP);
      start(two, "holdfast", vrrp(100, "") + second(100) + group);
      const secondWatch = await two.watchAddresses();
      ours.signal("SIGPWR");
      await network.cut(one, router);
      await Promise.all([VIP, SECOND_VIP].flatMap((vip) => [secondWatch.gained(vip), firstWatch.lost(vip)]));
      assert.ok(!ours.text.includes("SIGPWR"), "the main thread was free again too early to prove anything");
      await ours.logged("VRRP_Instance(VI_1) Tracked BFD instance peer is DOWN");
      await ours.logged("(VI_2) Entering FAULT STATE");
    }),
  );

  test("with a weight the priority moves", () =>
    withLab(async ({ network, one, two }) => {
      start(two, "holdfast", bfdInstance(TWO, ONE));
      const ours = start(one, "holdfast", bfdInstance(ONE, TWO, "weight 20") + vrrp(100, " track_bfd {\n peer\n }\n"));
      await ours.logged("(VI_1) Changing effective priority from 100 to 120");
      await network.cut(one, two);
      await ours.logged("(VI_1) Changing effective priority from 120 to 100");
    }));
});
