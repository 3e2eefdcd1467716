import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { LoopEvent, VrrpAction, VrrpTransport } from "../../src/native/contract.ts";
import { virtualRouter } from "../helpers/virtual-router.ts";
import { whyNoLab } from "../lab/capabilities.ts";
import type { Machine } from "../lab/machine.ts";
import { Network } from "../lab/network.ts";
import {
  countAddresses,
  fastRouter,
  forget,
  INSTANCE,
  LoopOnMachine,
  startOrder,
  transportOf,
} from "./vrrp-helpers.ts";

const VIP = "192.168.1.100";

describe("what the vrrp loop refuses, notes and reports", { skip: whyNoLab(), timeout: 60_000 }, () => {
  let network: Network;
  let one: Machine;
  let two: Machine;
  before(async () => {
    network = await Network.build();
    one = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
    two = await network.addMachine({ name: "two", addresses: ["192.168.1.6/24"] });
  });
  after(() => network?.close());

  it("counts forged packets by reason and lets them change nothing", async () => {
    const router = virtualRouter({ authentication: { kind: "pass", password: "secret" }, priority: 100 });
    const machine = new LoopOnMachine(one);
    const forger = new LoopOnMachine(two);
    const transport = transportOf(router, two, [VIP]);
    const forgeries: readonly (readonly [string, Partial<VrrpTransport>])[] = [
      ["version", { version: 3, advertisedInterval: 100, authentication: null }],
      ["authentication-mismatch", { authentication: null }],
      ["password", { authentication: { kind: "pass", password: "guess" } }],
      ["interval", { advertisedInterval: 2 }],
    ];
    const actions: readonly VrrpAction[] = [{ kind: "send-advert", priority: 254 }];
    const silent = { ...startOrder(router), actions };
    try {
      machine.start(router, [VIP]);
      await machine.ran("active-down");
      for (const [index, [reason, change]] of forgeries.entries()) {
        for (const round of [1, 2]) {
          forger.loop.openInstance(index + 2, { ...transport, ...change });
          forger.loop.submit(index + 2, { ...silent, order: round, epoch: 0 });
        }
        const dropped = await machine.events.waitFor(reason, (e) => e.kind === "dropped" && e.reason === reason);
        assert.equal(dropped.kind === "dropped" && dropped.source, two.address);
      }
      forger.loop.openInstance(99, { ...transport, vrid: 99 });
      forger.loop.submit(99, silent);
      const unknown = await machine.events.waitFor("the VRID", (e) => e.kind === "dropped" && e.instance === null);
      assert.equal(unknown.kind === "dropped" && unknown.received, 99);
      assert.ok(machine.loop.health().unknownVrids >= 1);
      const { dropped, advertsReceived } = machine.counters();
      assert.equal(advertsReceived, 0);
      for (const [reason] of forgeries) assert.equal(Object.entries(dropped).find(([name]) => name === reason)?.[1], 2);
      const isDrop = (event: LoopEvent): boolean => event.kind === "dropped";
      assert.equal(machine.events.items.filter(isDrop).length, forgeries.length + 1);
      assert.equal(await countAddresses(one), 1);
    } finally {
      forger.close();
      machine.close();
      await forget(one, VIP);
    }
  });

  it("a checksum of another kind is refused, another address list is noted and used", async () => {
    const machine = new LoopOnMachine(one);
    const other = new LoopOnMachine(two);
    const transport = transportOf(fastRouter(200), two, [VIP]);
    const advert = (instance: number, change: Partial<VrrpTransport>): void => {
      other.loop.openInstance(instance, { ...transport, ...change });
      const actions: readonly VrrpAction[] = [{ kind: "send-advert", priority: 200 }];
      other.loop.submit(instance, { ...startOrder(fastRouter(200)), actions });
    };
    const named = (reason: string) => (event: LoopEvent) => event.kind === "dropped" && event.reason === reason;
    try {
      machine.start(fastRouter(100), [VIP]);
      await machine.events.waitFor("the start", (event) => event.kind === "accepted");
      advert(2, { checksumAsV2: true });
      await machine.events.waitFor("checksum", named("checksum"));
      assert.equal(machine.counters().advertsReceived, 0);
      advert(3, { addresses: transport.addresses.map((address) => ({ ...address, address: "192.168.1.99" })) });
      await machine.events.waitFor("address list", named("address-list"));
      await machine.events.waitFor("the advert", (event) => event.kind === "heard" && event.advert.priority === 200);
      advert(4, { advertisedInterval: 50 });
      await machine.events.waitFor("the interval", named("interval-noted"));
      assert.equal(machine.counters().advertsReceived, 2);
    } finally {
      machine.close();
      other.close();
    }
  });

  it("reports sockets and links that fail", async () => {
    const machine = new LoopOnMachine(one);
    try {
      machine.loop.openInstance(INSTANCE, { ...transportOf(fastRouter(100), one, [VIP]), ifindex: 4_711 });
      const failed = await machine.events.waitFor("a failure", (event) => event.kind === "failed");
      assert.deepEqual(failed.kind === "failed" && [failed.action, failed.failure.code], ["open", "EADDRNOTAVAIL"]);
      await one.ip("link set eth0 down\nlink set eth0 up");
      const link = await machine.events.waitFor("the link", (event) => event.kind === "link" && !event.link.isUp);
      assert.equal(link.kind === "link" && link.link.name, "eth0");
    } finally {
      machine.close();
    }
  });
});
