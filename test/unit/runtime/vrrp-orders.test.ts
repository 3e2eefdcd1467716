import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { VrrpInstance } from "../../../src/model/vrrp.ts";
import type { VrrpEvent } from "../../../src/native/contract.ts";
import { OrderBook } from "../../../src/runtime/vrrp-orders.ts";
import { deriveProgram, phaseOf } from "../../../src/vrrp/program.ts";
import type { RouterEvent, VrrpEffect } from "../../../src/vrrp/types.ts";
import { dispatch } from "../../helpers/dispatch.ts";
import { ModelLoop } from "../../helpers/model-loop.ts";
import { TRANSPORT, virtualRouter } from "../../helpers/virtual-router.ts";
import { anyHappening, anyRouter, type Happening } from "../../helpers/vrrp-arbitraries.ts";

/** One book and one loop, with a hand on what travels between them. */
class Bench {
  readonly loop = new ModelLoop({ leaseUs: 0, world: null });
  readonly effects: VrrpEffect[] = [];
  readonly book: OrderBook;

  constructor(router: VrrpInstance) {
    this.book = new OrderBook(1, router, {
      loop: this.loop,
      onEffects: (effects) => void this.effects.push(...effects),
    });
    this.book.open(TRANSPORT);
    this.feed({ kind: "startup", isDelayed: false });
  }

  feed(event: RouterEvent): void {
    this.book.feed(event, this.loop.nowUs);
  }

  deliver(): boolean {
    const events = this.loop.takeEvents();
    for (const event of events) dispatch(this.book, event);
    return events.length > 0;
  }

  /** Until nobody has anything to say. */
  settle(): void {
    do this.loop.turn();
    while (this.deliver());
  }

  notified(): readonly string[] {
    return this.effects.flatMap((effect) => (effect.kind === "notify" ? [`${effect.from} ${effect.to}`] : []));
  }
}

type Move =
  | Happening
  | { readonly kind: "feed"; readonly event: RouterEvent }
  | { readonly kind: "turn" | "deliver" | "lose" };

const anyFeed: fc.Arbitrary<RouterEvent> = fc.oneof(
  fc.constantFrom(-100, -20, 0, 20, 60).map((weight): RouterEvent => ({ kind: "weight", weight })),
  fc
    .constantFrom("fault-raised", "fault-cleared")
    .map((kind): RouterEvent => ({ kind, reason: "interface eth0 down" })),
  fc.constant<RouterEvent>({ kind: "preempt-delay-expired" }),
  fc.constant<RouterEvent>({ kind: "reconfigured", hasNewAddresses: true }),
  fc.constant<RouterEvent>({ kind: "addresses-removed", reaction: "repair", addresses: ["192.168.1.100"] }),
);

function anyMove(losesEvents: boolean): fc.Arbitrary<Move> {
  return fc.oneof(
    { weight: 4, arbitrary: anyHappening },
    { weight: 3, arbitrary: anyFeed.map((event): Move => ({ kind: "feed", event })) },
    { weight: 2, arbitrary: fc.constantFrom<Move>({ kind: "turn" }, { kind: "deliver" }) },
    { weight: losesEvents ? 1 : 0, arbitrary: fc.constant<Move>({ kind: "lose" }) },
  );
}

function play(bench: Bench, move: Move): void {
  switch (move.kind) {
    case "wait":
      bench.loop.advanceTo(bench.loop.nowUs + move.us);
      break;
    case "advert":
      bench.loop.receive(1, move.advert);
      break;
    case "link-lost":
      bench.loop.loseLink(1);
      break;
    case "feed":
      bench.feed(move.event);
      break;
    case "turn":
      bench.loop.turn();
      break;
    case "deliver":
      bench.deliver();
      break;
    case "lose":
      bench.loop.loseEvents();
      break;
  }
}

/** Both sides agree, and what was told is one unbroken story. */
function assertAgreement(bench: Bench, router: VrrpInstance): void {
  const { state, isSettled } = bench.book;
  assert.ok(isSettled);
  assert.equal(bench.loop.phaseOf(1), phaseOf(state));
  assert.deepEqual(bench.loop.programOf(1), deriveProgram(router, state));
  assert.equal(bench.loop.hasAddresses(1), state.kind === "active");
  const changes = bench.effects.filter((effect) => effect.kind === "notify");
  let told = "initialize";
  for (const change of changes) {
    assert.equal(change.from, told);
    told = change.to;
  }
  assert.equal(told, state.kind);
}

describe("OrderBook", () => {
  it("agrees with the loop in the end, whoever acted first", () => {
    fc.assert(
      fc.property(anyRouter, fc.array(anyMove(false), { maxLength: 40 }), (router, moves) => {
        const bench = new Bench(router);
        for (const move of moves) play(bench, move);
        bench.settle();
        assertAgreement(bench, router);
      }),
      { numRuns: 2000 },
    );
  });

  it("agrees with the loop in the end although events were lost", () => {
    fc.assert(
      fc.property(anyRouter, fc.array(anyMove(true), { maxLength: 40 }), (router, moves) => {
        const bench = new Bench(router);
        for (const move of moves) play(bench, move);
        bench.settle();
        bench.loop.loseEvents();
        bench.settle();
        assertAgreement(bench, router);
      }),
      { numRuns: 2000 },
    );
  });

  it("takes a refused step again after the step that overtook it", () => {
    const bench = new Bench(virtualRouter());
    bench.settle();
    bench.loop.advanceTo(3_609_375);
    bench.feed({ kind: "fault-raised", reason: "interface eth0 down" });
    bench.settle();
    assert.deepEqual(bench.notified(), ["initialize backup", "backup active", "active fault"]);
    const zeros = bench.loop.trace.filter(({ action }) => action.kind === "send-advert" && action.priority === 0);
    assert.equal(zeros.length, 2);
    assert.equal(bench.loop.hasAddresses(1), false);
  });

  it("tells nothing before the loop has agreed", () => {
    const bench = new Bench(virtualRouter());
    assert.deepEqual(bench.effects, []);
    assert.equal(bench.book.isSettled, false);
    bench.settle();
    assert.deepEqual(bench.notified(), ["initialize backup"]);
  });

  it("sends no order for what the loop does by itself", () => {
    const bench = new Bench(virtualRouter());
    bench.settle();
    bench.loop.advanceTo(20_000_000);
    bench.loop.receive(1, { source: "192.0.2.9", priority: 200, intervalUs: 1_000_000 });
    bench.loop.advanceTo(40_000_000);
    const events: VrrpEvent[] = [];
    for (const event of bench.loop.takeEvents()) {
      events.push(event);
      dispatch(bench.book, event);
    }
    assert.deepEqual(
      events.map((event) => event.kind),
      ["ran", "ran", "ran"],
    );
    assert.equal(bench.book.isSettled, true);
  });

  it("resolves settled() with the last confirmation", async () => {
    const bench = new Bench(virtualRouter());
    const settled = bench.book.settled();
    bench.settle();
    await settled;
    assert.equal(bench.book.isSettled, true);
  });

  it("writes the learned interval into an order", () => {
    const bench = new Bench(virtualRouter({ version: 3 }));
    bench.settle();
    const advert = { source: "192.0.2.9", priority: 200, intervalUs: 2_000_000 };
    bench.book.happened({ trigger: "higher-priority", atUs: 0, advert });
    bench.settle();
    assert.equal(bench.loop.nextTimerUs(), 7_218_750);
  });
});
