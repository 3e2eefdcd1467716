import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { deriveSessionProgram } from "../../src/bfd/program.ts";
import type { BfdSession } from "../../src/native/contract.ts";
import { ROOT } from "../helpers/repository.ts";
import { TRANSPORT } from "../helpers/virtual-router.ts";
import { addon, fastRouter, INSTANCE, startOrder } from "./vrrp-helpers.ts";

type Wrong = Record<string, unknown>;
type Untyped = Record<string, (...words: unknown[]) => unknown>;

const OPTIONS = { leaseUs: 0 };
const ORDER = startOrder(fastRouter(100));
const HMAC = {
  kind: "hmac",
  keys: [{ id: 1, octets: new Uint8Array(32) }],
  activeKey: 1,
  windowSec: 5,
  hasWindow: true,
  mode: "enforce",
} as const;
const ADDRESS = {
  ifindex: 2,
  family: "inet",
  address: "192.0.2.1",
  prefixLength: 32,
  scope: 0,
  label: null,
  broadcast: null,
  peer: null,
  isAdvertised: true,
  mac: "02:00:00:00:00:01",
  addMessage: null,
  isPermanent: false,
  isExtra: false,
};

/** The addon as an untyped caller sees it. */
function untyped(): { createVrrpLoop: (...words: unknown[]) => Untyped } {
  return addon as unknown as ReturnType<typeof untyped>;
}

function withLoop(body: (call: (method: string, ...words: unknown[]) => unknown) => void): void {
  const loop = untyped().createVrrpLoop(OPTIONS, () => undefined);
  try {
    body((method, ...words) => loop[method]?.(...words));
  } finally {
    loop["close"]?.();
  }
}

function typeErrorNaming(field: string): (error: unknown) => boolean {
  return (error) => error instanceof TypeError && error.message.startsWith(`${field}:`);
}

/** An order whose backup phase has one plan with one action, both as given. */
function orderWith(plan: Wrong, action: Wrong): unknown {
  const group = { whileOthersWait: null, pulls: null };
  const good = { trigger: "adver", next: "backup", isReported: false, actions: [action], ...group, ...plan };
  return { ...ORDER, program: { ...ORDER.program, plans: { ...ORDER.program.plans, backup: [good] } } };
}

const PROGRAM = deriveSessionProgram({ minTxUs: 10_000, idleTxUs: 1_000_000 });
const SESSION: BfdSession = {
  family: "inet",
  neighborAddress: "127.0.0.1",
  sourceAddress: null,
  interfaceName: null,
  port: 3784,
  ttl: 255,
  minTtl: 255,
  detectMult: 5,
  requiredMinRxUs: 10_000,
  isPassive: true,
  program: PROGRAM,
};

/** Another reaction to a packet that says Up, in Up. */
function withReaction(wrong: Wrong): Wrong {
  const { reactions } = PROGRAM;
  const up = { ...reactions.up, "remote-up": { ...reactions.up["remote-up"], ...wrong } };
  return { program: { ...PROGRAM, reactions: { ...reactions, up } } };
}

describe("vrrp loop misuse", () => {
  it("options and callback are checked", () => {
    const create = untyped().createVrrpLoop;
    assert.throws(() => create(), typeErrorNaming("options"));
    for (const [field, wrong] of [
      ["leaseUs", -1],
      ["leaseUs", 0.5],
    ] as const) {
      assert.throws(() => create({ ...OPTIONS, [field]: wrong }, () => undefined), typeErrorNaming(`options.${field}`));
    }
    assert.throws(() => create(OPTIONS), typeErrorNaming("onEvents"));
    assert.throws(() => create(OPTIONS, {}), typeErrorNaming("onEvents"));
  });

  const WRONG_SESSIONS: readonly (readonly [string, Wrong])[] = [
    ["family", { family: "ipv4" }],
    ["neighborAddress", { neighborAddress: "::1" }],
    ["neighborAddress", { neighborAddress: null }],
    ["sourceAddress", { sourceAddress: "x" }],
    ["port", { port: 0 }],
    ["ttl", { ttl: 0 }],
    ["minTtl", { minTtl: 256 }],
    ["detectMult", { detectMult: 0 }],
    ["requiredMinRxUs", { requiredMinRxUs: 4_294_967_296 }],
    ["isPassive", { isPassive: undefined }],
    ["program", { program: null }],
    ["program.desiredMinTxUs.up", { program: { ...PROGRAM, desiredMinTxUs: { down: 1, init: 1, up: -1 } } }],
    ["program.reactions.down", { program: { ...PROGRAM, reactions: { init: {}, up: {} } } }],
    ["program.reactions.up.remote-up.next", withReaction({ next: "admin-down" })],
    ["program.reactions.up.remote-up.localDiag", withReaction({ localDiag: 32 })],
    ["program.reactions.up.remote-up.tells", withReaction({ tells: "maybe" })],
    ["program.reactions.up.remote-up.sends", withReaction({ sends: 1 })],
  ];
  for (const [field, wrong] of WRONG_SESSIONS) {
    it(`session ${JSON.stringify(wrong).slice(0, 80)} names ${field}`, () => {
      withLoop((call) => {
        assert.throws(() => call("openSession", 1, { ...SESSION, ...wrong }), typeErrorNaming(`session.${field}`));
      });
    });
  }

  it("sessions and followers are known by whole numbers", () => {
    withLoop((call) => {
      for (const wrong of [0, 1.5, "1", null]) {
        assert.throws(() => call("openSession", wrong, SESSION), typeErrorNaming("instance"));
        assert.throws(() => call("closeSession", wrong), typeErrorNaming("instance"));
        assert.throws(() => call("setFollowers", 1, [wrong]), typeErrorNaming("instance"));
      }
      assert.throws(() => call("setFollowers", 1, null), typeErrorNaming("instances"));
      assert.equal(call("sessionStatus", 7), null);
    });
  });

  const WRONG_TRANSPORTS: readonly (readonly [string, Wrong])[] = [
    ["family", { family: "ipv4" }],
    ["version", { version: 1 }],
    ["vrid", { vrid: 0 }],
    ["vrid", { vrid: 256 }],
    ["ifindex", { ifindex: -1 }],
    ["sourceAddress", { sourceAddress: "::1" }],
    ["sourceAddress", { sourceAddress: null }],
    ["multicastGroup", { multicastGroup: "192.0.2.1" }],
    ["multicastGroup", { multicastGroup: "" }],
    ["unicastPeers", { unicastPeers: null }],
    ["unicastPeers[0].address", { unicastPeers: [{ address: "x", minTtl: 0, maxTtl: 255 }] }],
    ["unicastPeers[0].maxTtl", { unicastPeers: [{ address: "192.0.2.9", minTtl: 0, maxTtl: 256 }] }],
    ["checksUnicastSource", { checksUnicastSource: undefined }],
    ["unicastTtl", { unicastTtl: 256 }],
    ["advertisedInterval", { advertisedInterval: 0 }],
    ["advertisedInterval", { advertisedInterval: 256 }],
    ["advertisedInterval", { version: 3, advertisedInterval: 4096 }],
    ["authentication.kind", { authentication: { kind: "none" } }],
    ["authentication.password", { authentication: { kind: "pass", password: "nine octet" } }],
    ["authentication.activeKey", { authentication: { ...HMAC, activeKey: 2 } }],
    ["authentication.mode", { authentication: { ...HMAC, mode: "off" } }],
    ["authentication.windowSec", { authentication: { ...HMAC, windowSec: 0 } }],
    ["authentication.keys[0].octets", { authentication: { ...HMAC, keys: [{ id: 1, octets: "secret" }] } }],
    ["checksumAsV2", { checksumAsV2: "yes" }],
    ["oldUnicastChecksum", { oldUnicastChecksum: "auto" }],
    ["skipsAddressCheck", { skipsAddressCheck: null }],
    ["socketPriority", { socketPriority: 16 }],
    ["mac", { mac: "02:00" }],
    ["extraAnnounceUs", { extraAnnounceUs: -1 }],
    ["addresses", { addresses: Array.from({ length: 256 }, () => ADDRESS) }],
    ["addresses[0]", { addresses: [null] }],
    ["addresses[0].ifindex", { addresses: [{ ...ADDRESS, ifindex: 0 }] }],
    ["addresses[0].family", { addresses: [{ ...ADDRESS, family: "inet6", address: "fe80::1" }] }],
    ["addresses[1].address", { addresses: [ADDRESS, { ...ADDRESS, address: "192.0.2" }] }],
    ["addresses[0].prefixLength", { addresses: [{ ...ADDRESS, prefixLength: 33 }] }],
    ["addresses[0].scope", { addresses: [{ ...ADDRESS, scope: 256 }] }],
    ["addresses[0].label", { addresses: [{ ...ADDRESS, label: "sixteen-octets-0" }] }],
    ["addresses[0].broadcast", { addresses: [{ ...ADDRESS, broadcast: "x" }] }],
    ["addresses[0].peer", { addresses: [{ ...ADDRESS, peer: undefined }] }],
    ["addresses[0].mac", { addresses: [{ ...ADDRESS, mac: "02:00:00:00:00" }] }],
    ["addresses[0].mac", { addresses: [{ ...ADDRESS, mac: "02:00:00:00:00:01:02" }] }],
    ["addresses[0].isAdvertised", { addresses: [{ ...ADDRESS, isAdvertised: 0 }] }],
    ["addresses[0].isExtra", { addresses: [{ ...ADDRESS, isExtra: null }] }],
  ];
  for (const [field, wrong] of WRONG_TRANSPORTS) {
    it(`transport ${JSON.stringify(wrong).slice(0, 80)} names ${field}`, () => {
      withLoop((call) => {
        const transport = { ...TRANSPORT, ...wrong };
        assert.throws(() => call("openInstance", INSTANCE, transport), typeErrorNaming(`transport.${field}`));
        assert.equal(call("counters", INSTANCE), null);
      });
    });
  }

  const PLAN = "program.plans.backup[0]";
  const ACTION = `${PLAN}.actions[0]`;
  const NO_ACTION = { kind: "disarm-adver" };
  const RULE = { intervalUs: 1, intervalFrom: "rule", multiplier: 3, skewNumerator: 0, skewBaseUs: null };
  const WRONG_ORDERS: readonly (readonly [string, unknown])[] = [
    ["order", { ...ORDER, order: -1 }],
    ["epoch", { ...ORDER, epoch: null }],
    ["actions", { ...ORDER, actions: {} }],
    ["actions[0].kind", { ...ORDER, actions: [{ kind: "panic" }] }],
    ["actions[0].priority", { ...ORDER, actions: [{ kind: "send-advert", priority: 256 }] }],
    ["program", { ...ORDER, program: null }],
    ["program.ownPriority", { ...ORDER, program: { ...ORDER.program, ownPriority: 256 } }],
    ["program.stalledAfterUs", { ...ORDER, program: { ...ORDER.program, stalledAfterUs: 0 } }],
    ["program.phase", { ...ORDER, program: { ...ORDER.program, phase: "master" } }],
    ["program.plans", { ...ORDER, program: { ...ORDER.program, plans: null } }],
    [
      "program.plans.held",
      { ...ORDER, program: { ...ORDER.program, plans: { idle: [], adopting: [], backup: [], active: [] } } },
    ],
    ["program.ignored.idle[0]", { ...ORDER, program: { ...ORDER.program, ignored: { idle: ["x"] } } }],
    [`${PLAN}.trigger`, orderWith({ trigger: "boredom" }, NO_ACTION)],
    [`${PLAN}.next`, orderWith({ next: null }, NO_ACTION)],
    [`${PLAN}.isReported`, orderWith({ isReported: 1 }, NO_ACTION)],
    [`${PLAN}.whileOthersWait`, orderWith({ whileOthersWait: 1 }, NO_ACTION)],
    [`${PLAN}.whileOthersWait[0].kind`, orderWith({ whileOthersWait: [{ kind: "panic" }] }, NO_ACTION)],
    [`${PLAN}.pulls`, orderWith({ pulls: "adver" }, NO_ACTION)],
    [`${ACTION}.intervalUs`, orderWith({}, { kind: "arm-adver", intervalUs: 0 })],
    [`${ACTION}.rule`, orderWith({}, { kind: "announce" })],
    [`${ACTION}.rule.repeat`, orderWith({}, { kind: "announce", rule: { repeat: -1 } })],
    [`${ACTION}.rule.intervalFrom`, orderWith({}, { kind: "arm-active-down", rule: { ...RULE, intervalFrom: "x" } })],
    [`${ACTION}.rule.multiplier`, orderWith({}, { kind: "arm-active-down", rule: { ...RULE, multiplier: 1e9 } })],
    [`${ACTION}.skewNumerator`, orderWith({}, { kind: "shift-active-down", skewBaseUs: null })],
  ];
  for (const [field, order] of WRONG_ORDERS) {
    it(`an order with a wrong ${field} names it`, () => {
      withLoop((call) => {
        assert.throws(
          () => call("submit", INSTANCE, order),
          typeErrorNaming(field === "order" ? "order.order" : `order.${field}`),
        );
      });
    });
  }

  it("a trigger with two plans is refused", () => {
    const [plan] = ORDER.program.plans.backup;
    const plans = { ...ORDER.program.plans, backup: [plan, plan] };
    withLoop((call) => {
      const order = { ...ORDER, program: { ...ORDER.program, plans } };
      assert.throws(() => call("submit", INSTANCE, order), typeErrorNaming("order.program.plans.backup[1].trigger"));
    });
  });

  it("instance numbers are checked", () => {
    withLoop((call) => {
      for (const wrong of [0, -1, 1.5, 2 ** 31, "1", null, undefined, Number.NaN]) {
        assert.throws(() => call("openInstance", wrong, TRANSPORT), typeErrorNaming("instance"));
        assert.throws(() => call("closeInstance", wrong), typeErrorNaming("instance"));
        assert.throws(() => call("submit", wrong, ORDER), typeErrorNaming("instance"));
        assert.throws(() => call("counters", wrong), typeErrorNaming("instance"));
      }
      call("closeInstance", 77);
      call("submit", 77, ORDER);
      assert.equal(call("counters", 77), null);
    });
  });

  it("a getter that throws leaves its own error", () => {
    withLoop((call) => {
      const transport = Object.defineProperty({ ...TRANSPORT }, "vrid", {
        get: () => {
          throw new RangeError("mine");
        },
      });
      assert.throws(() => call("openInstance", INSTANCE, transport), RangeError);
    });
  });

  it("close is idempotent; everything else throws ERR_CLOSED after it", () => {
    const loop = addon.createVrrpLoop(OPTIONS, () => undefined);
    loop.close();
    loop.close();
    for (const use of [
      () => loop.openInstance(INSTANCE, TRANSPORT),
      () => loop.closeInstance(INSTANCE),
      () => loop.submit(INSTANCE, ORDER),
      () => loop.renewLease(),
      () => loop.counters(INSTANCE),
      () => loop.health(),
    ]) {
      assert.throws(use, { code: "ERR_CLOSED" });
    }
  });

  it("a foreign this is refused", () => {
    const loop = untyped().createVrrpLoop(OPTIONS, () => undefined);
    assert.throws(() => loop["health"]?.call({}), TypeError);
    loop["close"]?.();
  });

  it("the heart beats and commands are counted", () => {
    const loop = addon.createVrrpLoop(OPTIONS, () => undefined);
    loop.renewLease();
    loop.closeInstance(1);
    const started = loop.health();
    assert.ok(started.heartbeats >= 0 && started.commands <= 1);
    assert.equal(started.eventsLost, 0);
    loop.close();
  });
});

describe("vrrp loop and its environment", { timeout: 30_000 }, () => {
  // Refused orders make events without any privilege.
  const BUSY = `
    const addon = require(process.env.HOLDFAST_TEST_ADDON);
    const loop = addon.createVrrpLoop(${JSON.stringify({ ...OPTIONS, leaseUs: 1_000 })}, (events) => { globalThis.onSeen?.(events); });
    loop.openInstance(1, ${JSON.stringify({ ...TRANSPORT, ifindex: 4711 })});
    const order = ${JSON.stringify({ ...ORDER, epoch: 7 })};
    setInterval(() => { for (let count = 0; count < 100; count++) loop.submit(1, order); loop.renewLease(); }, 1);`;
  const environment = {
    ...process.env,
    HOLDFAST_TEST_ADDON: process.env["HOLDFAST_ADDON"] ?? join(ROOT, "build", "Release", "holdfast.node"),
  };

  for (const [name, end, status] of [
    ["exit", "setTimeout(() => process.exit(7), 50)", 7],
    ["an uncaught error", "setTimeout(() => { throw new Error('x') }, 50)", 1],
    ["garbage collection", "setTimeout(() => { globalThis.gc(); process.exit(7); }, 50)", 7],
    ["closing from the callback", "setTimeout(() => { loop.close(); process.exit(7); }, 50)", 7],
  ] as const) {
    it(`${name} while events are on their way ends the process in order`, () => {
      const words = ["--expose-gc", "-e", `${BUSY}\n${end}`];
      const child = spawnSync(process.execPath, words, { env: environment, timeout: 10_000 });
      assert.deepEqual([child.signal, child.status], [null, status]);
    });
  }

  it("works in a worker that is terminated, and again in the next", async () => {
    for (let round = 0; round < 5; round++) {
      const code = `${BUSY}\nglobalThis.onSeen = (events) => require("node:worker_threads").parentPort.postMessage(events[0].kind);`;
      const worker = new Worker(code, { eval: true, env: environment });
      const kind = await new Promise<string>((resolve, reject) =>
        worker.once("message", resolve).once("error", reject),
      );
      assert.ok(kind === "failed" || kind === "refused", kind);
      await worker.terminate();
    }
  });
});
