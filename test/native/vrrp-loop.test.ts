import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { after, before, describe, it } from "node:test";
import type { LoopEvent, VrrpAction, VrrpTransport } from "../../src/native/contract.ts";
import { waitUntil } from "../helpers/event-log.ts";
import { ended, nowMs, runOk, sendSignal } from "../helpers/process.ts";
import { whyNoLab } from "../lab/capabilities.ts";
import type { Capture, CapturedFrame } from "../lab/capture.ts";
import { vrrpConfig } from "../lab/config.ts";
import { CONFIG_PATH, Daemon } from "../lab/daemon.ts";
import { type Advert, advertOf } from "../lab/frames.ts";
import { judgeFrames } from "../lab/judge.ts";
import type { Machine } from "../lab/machine.ts";
import { Network } from "../lab/network.ts";
import { judgeByTshark } from "../lab/tshark.ts";
import {
  activeDownMs,
  blockMainThread,
  countAddresses,
  fastRouter,
  forget,
  INSTANCE,
  LoopOnMachine,
  startOrder,
  transportOf,
} from "./vrrp-helpers.ts";

const VIP = "192.168.1.100";
const INTERVAL_MS = 250;
/** What a busy machine may add. The loop itself is late by less than a millisecond. */
const LATE_MS = 150;
const EARLY_MS = 2;
const skip = whyNoLab(["dumpcap", "tshark", "keepalived"]);

function advertsOf(capture: Capture, machine: Machine, from = 0): readonly Advert[] {
  return capture.frames.items.slice(from).flatMap((frame) => {
    const advert = advertOf(frame);
    return advert !== null && advert.source === machine.address ? [advert] : [];
  });
}

function waitForAdvert(capture: Capture, machine: Machine, from = 0): Promise<unknown> {
  return capture.frames.waitFor(
    `an advert of ${machine.name}`,
    (frame) => advertOf(frame)?.source === machine.address,
    { from },
  );
}

function gapsMs(adverts: readonly Advert[]): readonly number[] {
  return adverts.slice(1).map((advert, index) => advert.atMs - (adverts[index]?.atMs ?? 0));
}

function assertWithin(what: string, value: number, low: number, high: number): void {
  assert.ok(value >= low && value <= high, `${what}: ${value.toFixed(2)}, expected ${low} to ${high}`);
}

/** Addresses 10.1.0.0 and up. */
function manyAddresses(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `10.1.${index >> 8}.${index & 255}`);
}

function keepalivedConfig(priority: number): string {
  return vrrpConfig({ version: 3, priority, virtualAddresses: [VIP], advertInt: `${INTERVAL_MS / 1_000}` });
}

/** As the kernel makes it of the MAC. @see RFC 4291 appendix A */
function linkLocalAddress(machine: Machine): string {
  return `fe80::ff:fe00:${Number.parseInt(machine.mac.slice(-2), 16).toString(16)}`;
}

/** Ends a program that was started in a machine, and waits until it has gone. */
async function stop(machine: Machine, child: ChildProcess): Promise<void> {
  const end = ended(child);
  const pid = machine.pidOf(child);
  if (pid === null) return;
  sendSignal(pid, "SIGTERM");
  await end;
}

function assertNoneLost(adverts: readonly Advert[]): void {
  for (const gap of gapsMs(adverts)) {
    assertWithin("interval", gap, INTERVAL_MS - LATE_MS, INTERVAL_MS + LATE_MS);
  }
}

describe("vrrp loop on the wire", { skip, timeout: 120_000 }, () => {
  let network: Network;
  let one: Machine;
  let two: Machine;
  let three: Machine;
  before(async () => {
    network = await Network.build();
    one = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
    two = await network.addMachine({ name: "two", addresses: ["192.168.1.6/24"] });
    three = await network.addMachine({ name: "three", addresses: ["192.168.1.7/24"] });
  });
  after(() => network?.close());

  async function judged(capture: Capture, virtualAddresses: readonly string[]): Promise<void> {
    await capture.stop();
    const verdict = await judgeByTshark(capture.path);
    assert.equal(verdict.frames, capture.frames.items.length);
    assert.ok(verdict.frames > 0);
    const expectation = { version: 3, vrids: [51], unicastPeers: [], interval: 25, password: null } as const;
    const complaints = judgeFrames(capture.frames.items, { ...expectation, virtualAddresses });
    assert.deepEqual([...verdict.complaints, ...complaints], []);
  }

  it("RFC 9568 §6.4.2: a silent Active is replaced after Active_Down_Interval", async (t) => {
    const capture = await network.capture();
    const [high, low] = [fastRouter(150), fastRouter(100)];
    const active = new LoopOnMachine(one);
    const backup = new LoopOnMachine(two);
    try {
      active.start(high, [VIP]);
      backup.start(low, [VIP]);
      await waitForAdvert(capture, one);
      await waitUntil("ten adverts", () => (advertsOf(capture, one).length >= 10 ? true : null));
      active.close();
      await backup.ran("active-down");
      await waitForAdvert(capture, two);
      const [first] = advertsOf(capture, two);
      const last = advertsOf(capture, one).at(-1);
      const silentMs = (first?.atMs ?? 0) - (last?.atMs ?? 0);
      t.diagnostic(`takeover ${silentMs.toFixed(2)} ms after the last advert, RFC: ${activeDownMs(low).toFixed(2)}`);
      assertWithin("silence before the takeover", silentMs, activeDownMs(low) - EARLY_MS, activeDownMs(low) + LATE_MS);
      assertNoneLost(advertsOf(capture, one));
      assert.equal(await countAddresses(two), 1);
      assert.equal(backup.counters().announcementsSent, 5);
      await judged(capture, [VIP]);
    } finally {
      active.close();
      backup.close();
      await forget(one, VIP);
      await forget(two, VIP);
    }
  });

  it("a main thread blocked for 10 s loses no advert, delays no takeover and does not keep it from yielding", async (t) => {
    const capture = await network.capture();
    const active = new LoopOnMachine(one);
    const backup = new LoopOnMachine(two);
    const low = fastRouter(100);
    let keepalived: ChildProcess | null = null;
    three.writeFile(CONFIG_PATH, keepalivedConfig(200));
    try {
      active.start(fastRouter(150), [VIP]);
      backup.start(low, [VIP]);
      await waitForAdvert(capture, one);
      network.sandbox.spawn(["sh", "-c", "sleep 2.5; ip link set p-one down"]);
      keepalived = three.spawn(["sh", "-c", `sleep 5; exec keepalived -n -l -P -f ${CONFIG_PATH}`]);
      blockMainThread(10_000);

      await active.ran("link-lost");
      await backup.ran("active-down");
      await backup.ran("higher-priority");
      await capture.frames.waitFor("the end", (frame) => frame.atMs > nowMs() - 500);
      const [ofOne, ofTwo, ofThree] = [one, two, three].map((machine) => advertsOf(capture, machine));
      assertNoneLost(ofOne ?? []);
      assertNoneLost(ofTwo ?? []);
      assert.ok((ofOne?.length ?? 0) >= 8 && (ofTwo?.length ?? 0) >= 5 && (ofThree?.length ?? 0) >= 8);
      const silentMs = (ofTwo?.[0]?.atMs ?? 0) - (ofOne?.at(-1)?.atMs ?? 0);
      const yieldMs = (ofTwo?.at(-1)?.atMs ?? 0) - (ofThree?.[0]?.atMs ?? 0);
      const { p99Us, maxUs } = backup.loop.health().lateness;
      t.diagnostic(`takeover ${silentMs.toFixed(2)} ms after the last advert, RFC: ${activeDownMs(low).toFixed(2)}`);
      t.diagnostic(
        `last advert ${yieldMs.toFixed(2)} ms after the first higher one; timers p99 ${p99Us} max ${maxUs} us`,
      );
      assertWithin("takeover", silentMs, activeDownMs(low) - EARLY_MS, activeDownMs(low) + LATE_MS);
      assert.ok(yieldMs < LATE_MS, `still sending ${yieldMs} ms after a higher advert`);
      assert.equal(backup.counters().advertsSent, ofTwo?.length);
      assert.deepEqual([await countAddresses(one), await countAddresses(two), await countAddresses(three)], [0, 0, 1]);
      await judged(capture, [VIP]);
    } finally {
      active.close();
      backup.close();
      if (keepalived !== null) await stop(three, keepalived);
      await network.plugIn(one);
    }
  });

  it("takes over Skew_Time after the good-bye of keepalived", async () => {
    const capture = await network.capture();
    const backup = new LoopOnMachine(two);
    const keepalived = new Daemon(three, { name: "keepalived", config: keepalivedConfig(200) });
    try {
      await waitForAdvert(capture, three);
      backup.start(fastRouter(100), [VIP]);
      const heard = await backup.events.waitFor("keepalived", (event) => event.kind === "heard");
      assert.deepEqual(heard.kind === "heard" && heard.advert, {
        source: three.address,
        priority: 200,
        intervalUs: 250_000,
      });
      await keepalived.terminate();
      await backup.ran("active-down");
      await waitForAdvert(capture, two);
      assert.equal(backup.counters().priorityZeroReceived, 1);
      assert.equal(advertsOf(capture, three).at(-1)?.priority, 0);
      const skewMs = (156 * INTERVAL_MS) / 256;
      const takeoverMs = (advertsOf(capture, two)[0]?.atMs ?? 0) - (advertsOf(capture, three).at(-1)?.atMs ?? 0);
      assertWithin("takeover after priority 0", takeoverMs, skewMs - EARLY_MS, skewMs + LATE_MS);
      await judged(capture, [VIP]);
      const { dropped } = backup.counters();
      assert.ok(Object.values(dropped).every((count) => count === 0));
    } finally {
      backup.close();
      await keepalived.terminate();
      await forget(two, VIP);
    }
  });

  it("adds and removes 1,000 addresses in a moment and stays on time", async (t) => {
    const addresses = manyAddresses(1_000);
    const machine = new LoopOnMachine(one);
    const router = fastRouter(200);
    const transport = transportOf(router, one, addresses);
    const excluded = transport.addresses.map((address, index) => ({ ...address, isAdvertised: index < 20 }));
    try {
      machine.loop.openInstance(INSTANCE, { ...transport, addresses: excluded });
      machine.loop.submit(INSTANCE, startOrder(router));
      const ran = await machine.ran("active-down");
      const seen: LoopEvent[] = [];
      await machine.events.waitFor("all addresses", (event) => {
        if (event.kind === "address" && !event.isDeleted) seen.push(event);
        return seen.length === addresses.length;
      });
      const tookMs = ((seen.at(-1)?.atUs ?? 0) - ran.atUs) / 1_000;
      const { maxUs } = machine.loop.health().lateness;
      t.diagnostic(`1,000 addresses ${tookMs.toFixed(1)} ms after the takeover; timers at most ${maxUs} us late`);
      assert.ok(tookMs < 1_000, `${tookMs} ms`);
      assert.equal(await countAddresses(one), 1_000);
      await waitUntil("all announcements", () => (machine.counters().announcementsSent === 5_000 ? true : null));
      const order = startOrder(router);
      const actions: readonly VrrpAction[] = [{ kind: "disarm-adver" }, { kind: "remove-addresses" }];
      machine.loop.submit(INSTANCE, { ...order, epoch: 1, actions, program: { ...order.program, phase: "idle" } });
    } finally {
      machine.close();
    }
    // close() has carried out what was submitted before.
    assert.equal(await countAddresses(one), 0);
  });

  it("stands down right after an order that crosses the loss of a session it follows", async () => {
    const machine = new LoopOnMachine(one);
    try {
      machine.loop.setFollowers(9, [INSTANCE]);
      machine.start(fastRouter(100), [VIP]);
      const lost = await machine.ran("session-lost");
      assert.equal(lost.epoch, 1);
      machine.loop.setFollowers(9, []);
      machine.loop.submit(INSTANCE, { ...startOrder(fastRouter(100)), epoch: 1 });
      await machine.ran("active-down");
    } finally {
      machine.close();
    }
  });

  it("yields when the lease lapses, once until it is renewed", async () => {
    const capture = await network.capture();
    const machine = new LoopOnMachine(one, { leaseUs: 2_000_000 });
    try {
      const renewal = setInterval(() => machine.loop.renewLease(), 500);
      machine.start(fastRouter(100), [VIP]);
      await machine.ran("active-down");
      clearInterval(renewal);
      blockMainThread(4_500);
      const lapsed = await machine.ran("lease-lapsed");
      assert.equal(lapsed.epoch, 2);
      assert.equal(await countAddresses(one), 0);
      assert.equal(machine.counters().priorityZeroSent >= 1, true);
      await capture.frames.waitFor("priority 0", (frame) => advertOf(frame)?.priority === 0);
      const isLapse = (event: LoopEvent): boolean => event.kind === "ran" && event.trigger === "lease-lapsed";
      assert.equal(machine.events.items.filter(isLapse).length, 1);
      await judged(capture, [VIP]);
    } finally {
      machine.close();
    }
  });

  it("a replaced transport keeps phase, timers and the socket", async () => {
    const capture = await network.capture();
    const machine = new LoopOnMachine(one);
    const router = fastRouter(100);
    // The column before the last but two is the socket's inode.
    const inode = (): string | undefined => one.readNetFile("raw").trim().split("\n")[1]?.trim().split(/\s+/)[9];
    try {
      machine.start(router, [VIP]);
      await machine.ran("active-down");
      await waitForAdvert(capture, one);
      const before = inode();
      assert.match(before ?? "", /^[1-9]/);
      machine.loop.openInstance(INSTANCE, transportOf(router, one, [VIP, "192.168.1.101"]));
      const both = await capture.frames.waitFor("two addresses", (frame) => advertOf(frame)?.addressCount === 2);
      const [ofOne] = [advertsOf(capture, one)];
      assertNoneLost(ofOne);
      assert.ok(both.atMs <= (ofOne.at(-1)?.atMs ?? 0));
      assert.equal(inode(), before);
      await judged(capture, [VIP, "192.168.1.101"]);
    } finally {
      machine.close();
      await forget(one, VIP);
    }
  });

  it("speaks IPv6", async () => {
    const capture = await network.capture();
    const [high, low] = [fastRouter(200, { family: "inet6" }), fastRouter(100, { family: "inet6" })];
    const active = new LoopOnMachine(one);
    const backup = new LoopOnMachine(two);
    const transport = (machine: Machine): VrrpTransport => ({
      ...transportOf(high, machine, ["fe80::100"]),
      family: "inet6",
      sourceAddress: linkLocalAddress(machine),
      multicastGroup: "ff02::12",
      addresses: transportOf(high, machine, ["fe80::100"]).addresses.map((address) => ({
        ...address,
        family: "inet6",
        prefixLength: 128,
      })),
    });
    try {
      active.loop.openInstance(INSTANCE, transport(one));
      active.loop.submit(INSTANCE, startOrder(high));
      backup.loop.openInstance(INSTANCE, transport(two));
      backup.loop.submit(INSTANCE, startOrder(low));
      const heard = await backup.events.waitFor("an IPv6 advert", (event) => event.kind === "heard");
      const source = linkLocalAddress(one);
      assert.deepEqual(heard.kind === "heard" && heard.advert, { source, priority: 200, intervalUs: 250_000 });
      assert.match(await one.runOk(["ip", "-6", "-o", "address", "show", "dev", "eth0"]), /fe80::100\/128/);
      active.close();
      await backup.ran("active-down");
      await waitUntil("the announcement", () => (backup.counters().announcementsSent === 5 ? true : null));
      assert.ok(Object.values(backup.counters().dropped).every((count) => count === 0));
      const isIpv6Advert = (frame: CapturedFrame): boolean => frame.bytes.readUInt16BE(12) === 0x86dd;
      await capture.frames.waitFor("the advert of two", (frame) => isIpv6Advert(frame) && frame.bytes[11] === 2);
      await capture.stop();
      const fields = ["ipv6.hlim", "vrrp.checksum.status", "_ws.malformed"].flatMap((field) => ["-e", field]);
      const decoded = await runOk(["tshark", "-n", "-r", capture.path, "-Y", "ipv6", "-T", "fields", ...fields]);
      const lines = decoded.split("\n").filter((line) => line !== "");
      assert.equal(lines.length, capture.frames.items.filter(isIpv6Advert).length);
      assert.deepEqual([...new Set(lines)], ["255\t1\t"]);
    } finally {
      active.close();
      backup.close();
    }
  });
});
