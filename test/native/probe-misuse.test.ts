import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { ProbeCounters } from "../../src/native/contract.ts";
import { addon, REPORT_ONCE, tcpTarget } from "./probe-helpers.ts";

type Wrong = Record<string, unknown>;

/** The addon as an untyped caller sees it. */
const ANY_REPLY = { payload: "", requiresReply: false, reply: "", minReplyBytes: 0, maxReplyBytes: 255 };

function untyped(): { createProbeLoop: (...words: unknown[]) => Record<string, (...words: unknown[]) => unknown> } {
  return addon as unknown as ReturnType<typeof untyped>;
}

function withLoop(body: (call: (method: string, ...words: unknown[]) => unknown) => void): void {
  const loop = untyped().createProbeLoop({ maxInFlight: 1 }, () => undefined);
  try {
    body((method, ...words) => loop[method]?.(...words));
  } finally {
    loop["close"]?.();
  }
}

function typeErrorNaming(field: string): (error: unknown) => boolean {
  return (error) => error instanceof TypeError && error.message.startsWith(`${field}:`);
}

describe("probe loop misuse", () => {
  it("options and callback are checked", () => {
    assert.throws(() => untyped().createProbeLoop(), typeErrorNaming("options"));
    assert.throws(() => untyped().createProbeLoop({}), typeErrorNaming("options.maxInFlight"));
    for (const maxInFlight of [0, -1, 1.5, "1", null, Number.NaN, 2 ** 31]) {
      assert.throws(() => untyped().createProbeLoop({ maxInFlight }), typeErrorNaming("options.maxInFlight"));
    }
    assert.throws(() => untyped().createProbeLoop({ maxInFlight: 1 }), typeErrorNaming("onEvents"));
    assert.throws(() => untyped().createProbeLoop({ maxInFlight: 1 }, 5), typeErrorNaming("onEvents"));
  });

  const WRONG_TARGETS: readonly [string, Wrong][] = [
    ["kind", { kind: "sctp" }],
    ["kind", { kind: undefined }],
    ["family", { family: "inet7" }],
    ["address", { address: "localhost" }],
    ["address", { address: "::1" }],
    ["address", { address: null }],
    ["address", { family: "inet6" }],
    ["address", { family: "inet6", address: "fe80::1%absent0" }],
    ["port", { port: 65536 }],
    ["port", { port: "80" }],
    ["bindAddress", { bindAddress: "::1" }],
    ["bindAddress", { bindAddress: undefined }],
    ["bindPort", { bindPort: -1 }],
    ["bindInterface", { bindInterface: "" }],
    ["bindInterface", { bindInterface: "sixteen-octets-0" }],
    ["fwmark", { fwmark: 2 ** 32 }],
    ["timeoutUs", { timeoutUs: 0 }],
    ["udp", { kind: "udp" }],
    ["udp.payload", { kind: "udp", udp: { ...ANY_REPLY, payload: "0" } }],
    ["udp.reply", { kind: "udp", udp: { ...ANY_REPLY, reply: "0g" } }],
    ["udp.minReplyBytes", { kind: "udp", udp: { ...ANY_REPLY, minReplyBytes: 65_536 } }],
    ["timeoutUs", { timeoutUs: Number.POSITIVE_INFINITY }],
  ];
  for (const [field, wrong] of WRONG_TARGETS) {
    it(`target ${JSON.stringify(wrong)} names ${field}`, () => {
      withLoop((call) => {
        const target = { ...tcpTarget(80), ...wrong };
        assert.throws(() => call("addTarget", 1, target, REPORT_ONCE, 0), typeErrorNaming(`target.${field}`));
      });
    });
  }

  it("ids, schedules and delays are checked", () => {
    withLoop((call) => {
      for (const id of [-1, 0.5, 2 ** 31, "1", undefined, Number.NaN]) {
        assert.throws(() => call("addTarget", id, tcpTarget(80), REPORT_ONCE, 0), typeErrorNaming("target"));
        assert.throws(() => call("setSchedule", id, REPORT_ONCE), typeErrorNaming("target"));
        assert.throws(() => call("removeTarget", id), typeErrorNaming("target"));
      }
      for (const [field, wrong] of [
        ["expected", { expected: "up" }],
        ["intervalUs", { intervalUs: 0 }],
        ["unexpectedIntervalUs", { unexpectedIntervalUs: null }],
      ] as const) {
        const schedule = { ...REPORT_ONCE, ...wrong };
        assert.throws(() => call("addTarget", 1, tcpTarget(80), schedule, 0), typeErrorNaming(`schedule.${field}`));
        assert.throws(() => call("setSchedule", 1, schedule), typeErrorNaming(`schedule.${field}`));
      }
      for (const delay of [-1, undefined, "0", Number.NaN, 1e18]) {
        assert.throws(() => call("addTarget", 1, tcpTarget(80), REPORT_ONCE, delay), typeErrorNaming("firstDelayUs"));
      }
      const { kinds: _, ...counters } = call("counters") as ProbeCounters;
      assert.deepEqual(counters, { started: 0, succeeded: 0, failed: 0, local: 0, late: 0, inFlight: 0 });
    });
  });

  it("close is idempotent; everything else throws ERR_CLOSED after it", () => {
    const loop = addon.createProbeLoop({ maxInFlight: 1 }, () => undefined);
    loop.close();
    loop.close();
    for (const use of [
      () => loop.addTarget(1, tcpTarget(80), REPORT_ONCE, 0),
      () => loop.setSchedule(1, REPORT_ONCE),
      () => loop.removeTarget(1),
      () => loop.counters(),
      () => loop.health(),
    ]) {
      assert.throws(use, { code: "ERR_CLOSED" });
    }
  });

  it("a foreign this is refused", () => {
    withLoop(() => {
      const loop = untyped().createProbeLoop({ maxInFlight: 1 }, () => undefined);
      assert.throws(() => loop["counters"]?.call({}), TypeError);
      loop["close"]?.();
    });
  });

  it("may be closed from its own callback", { timeout: 10_000 }, async () => {
    await new Promise<void>((resolve) => {
      const loop = addon.createProbeLoop({ maxInFlight: 1 }, () => {
        loop.close();
        resolve();
      });
      // Whatever answers on the discard port, there is a result.
      loop.addTarget(1, tcpTarget(9), REPORT_ONCE, 0);
    });
  });
});

describe("probe loop and its environment", () => {
  const BUSY = `
    const addon = require(process.env.HOLDFAST_TEST_ADDON);
    const loop = addon.createProbeLoop({ maxInFlight: 100 }, (events) => { globalThis.seen = events; });
    const schedule = { expected: "none", intervalUs: 1000, unexpectedIntervalUs: 1000 };
    for (let id = 0; id < 50; id++) loop.addTarget(id, ${JSON.stringify(tcpTarget(9))}, schedule, 0);`;
  const environment = { ...process.env, HOLDFAST_TEST_ADDON: addonPath() };

  function addonPath(): string {
    const root = import.meta.url.endsWith(".ts") ? "../../" : "../../../";
    return (
      process.env["HOLDFAST_ADDON"] ?? fileURLToPath(new URL(`${root}build/Release/holdfast.node`, import.meta.url))
    );
  }

  for (const [name, end] of [
    ["exit", "setTimeout(() => process.exit(7), 50)"],
    ["an uncaught error", "setTimeout(() => { throw new Error('x') }, 50)"],
    ["garbage collection", "setTimeout(() => { globalThis.gc(); process.exit(7); }, 50)"],
  ] as const) {
    it(`${name} with probes in flight ends the process in order`, () => {
      const child = spawnSync(process.execPath, ["--expose-gc", "-e", `${BUSY}\n${end}`], {
        env: environment,
        timeout: 10_000,
      });
      assert.equal(child.signal, null);
      assert.equal(child.status, name === "an uncaught error" ? 1 : 7);
    });
  }

  it("works in a worker that is terminated, and again in the next", { timeout: 20_000 }, async () => {
    for (let round = 0; round < 5; round++) {
      const code = `${BUSY}
        const look = setInterval(() => {
          if (loop.counters().started < 50) return;
          clearInterval(look);
          require("node:worker_threads").parentPort.postMessage("started");
        }, 5);`;
      const worker = new Worker(code, { eval: true, env: environment });
      await new Promise<void>((resolve, reject) => worker.once("message", resolve).once("error", reject));
      await worker.terminate();
    }
  });

  it("keeps the process alive until it is closed", () => {
    const code = `${BUSY}\nsetTimeout(() => { loop.close(); console.log("closed"); }, 30).unref();`;
    const child = spawnSync(process.execPath, ["-e", code], { env: environment, timeout: 10_000, encoding: "utf8" });
    assert.deepEqual([child.status, child.stdout], [0, "closed\n"]);
  });
});
