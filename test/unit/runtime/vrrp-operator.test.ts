import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { decodeOrders, encodeOrders, orderStore } from "../../../src/cli/order-file.ts";
import { createLogger } from "../../../src/runtime/log.ts";
import { VrrpOperator, type VrrpOrder } from "../../../src/runtime/vrrp-operator.ts";

const folder = mkdtempSync(join(tmpdir(), "orders-"));
after(() => rmSync(folder, { recursive: true }));

const HOUR_MS = 3_600_000;
const HOLD: VrrpOrder = {
  instance: "VI_1",
  wish: { kind: "hold" },
  owner: "ann",
  reason: "new kernel",
  sinceMs: 0,
  expiresMs: null,
};
const VERDICT = { weight: 5, faults: [], isPending: false };

interface Bench {
  readonly operator: VrrpOperator;
  readonly log: string[];
  /** Lets the clock run, timers included. */
  readonly pass: (ms: number) => void;
}

function create(): Bench {
  const log: string[] = [];
  let nowMs = 0;
  let timer: { readonly atMs: number; readonly run: () => void } | null = null;
  const operator = new VrrpOperator({
    nowMs: () => nowMs,
    after: (delayMs, run) => {
      assert.ok(delayMs <= HOUR_MS);
      timer = { atMs: nowMs + delayMs, run };
      return () => {
        timer = null;
      };
    },
    log: createLogger({
      sinks: [{ write: ({ message }) => log.push(message), close: async () => {} }],
      detailLevel: 0,
      nowMs: () => nowMs,
    }),
  });
  const pass = (ms: number): void => {
    const endMs = nowMs + ms;
    while (timer !== null && timer.atMs <= endMs) {
      const { atMs, run } = timer;
      timer = null;
      nowMs = atMs;
      run();
    }
    nowMs = endMs;
  };
  return { operator, log, pass };
}

test("an order survives the daemon in a file that only its user can read", () => {
  const path = join(folder, "one", "orders.json");
  const first = create().operator;
  first.open(orderStore(path));
  assert.equal(first.give(HOLD), true);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  first.close();
  const second = create().operator;
  second.open(orderStore(path));
  assert.deepEqual(second.orderFor("VI_1"), HOLD);
  assert.deepEqual(second.amend("VI_1", VERDICT).faults, ["held by operator"]);
  assert.equal(second.release("VI_1"), true);
  assert.throws(() => statSync(path), { code: "ENOENT" });
  assert.equal(second.release("VI_1"), null);
});

test("an order expires after days, also over a restart", () => {
  const path = join(folder, "two", "orders.json");
  const { operator, pass, log } = create();
  operator.open(orderStore(path));
  operator.give({ ...HOLD, expiresMs: 50 * 24 * HOUR_MS });
  pass(50 * 24 * HOUR_MS - 1);
  assert.notEqual(operator.orderFor("VI_1"), null);
  pass(1);
  assert.equal(operator.orderFor("VI_1"), null);
  assert.deepEqual(log, ["vrrp order", "vrrp order released"]);
  operator.give({ ...HOLD, expiresMs: 60 * 24 * HOUR_MS });
  operator.close();
  const later = create();
  later.pass(61 * 24 * HOUR_MS);
  later.operator.open(orderStore(path));
  assert.equal(later.operator.orderFor("VI_1"), null);
});

test("a file that others could have written is not believed, and said", () => {
  const path = join(folder, "three", "orders.json");
  orderStore(path).save([HOLD]);
  chmodSync(path, 0o622);
  const { operator, log } = create();
  operator.open(orderStore(path));
  assert.equal(operator.orderFor("VI_1"), null);
  assert.deepEqual(log, ["vrrp orders not loaded"]);
});

test("a file with a wish that nobody can have is refused", () => {
  assert.deepEqual(decodeOrders(encodeOrders([HOLD])), [HOLD]);
  const owner = { ...HOLD, wish: { kind: "priority" as const, priority: 255 } };
  assert.throws(() => decodeOrders(encodeOrders([owner])), /unknown wish/);
  assert.throws(() => decodeOrders('{"version":2,"orders":[]}'), /another version/);
});
