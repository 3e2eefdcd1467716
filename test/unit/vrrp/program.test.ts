import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { VrrpInstance } from "../../../src/model/vrrp.ts";
import type { VrrpEvent, VrrpProgram } from "../../../src/native/contract.ts";
import { step } from "../../../src/vrrp/machine.ts";
import { deriveProgram, phaseOf, TRIGGERS, triggerEvent } from "../../../src/vrrp/program.ts";
import { actionsOf, INITIAL_STATE, type RouterEvent, type VrrpState } from "../../../src/vrrp/types.ts";
import { ModelLoop } from "../../helpers/model-loop.ts";
import { ReferenceRouter } from "../../helpers/reference-router.ts";
import { TRANSPORT, virtualRouter } from "../../helpers/virtual-router.ts";
import { anyHappening, anyRouter, type Happening } from "../../helpers/vrrp-arbitraries.ts";

/** A loop that got one order, right after startup, and whose control loop then fell asleep. */
function startLoop(router: VrrpInstance, event: RouterEvent): { loop: ModelLoop; state: VrrpState } {
  const loop = new ModelLoop({ leaseUs: 0, world: null });
  const { state, effects } = step(router, INITIAL_STATE, event);
  loop.openInstance(1, TRANSPORT);
  loop.submit(1, { order: 1, epoch: 0, actions: actionsOf(effects), program: deriveProgram(router, state) });
  loop.turn();
  loop.takeEvents();
  return { loop, state };
}

const anyStart = fc.constantFrom<RouterEvent>(
  { kind: "startup", isDelayed: false },
  { kind: "startup", isDelayed: false },
  { kind: "adopt", isHeldBack: false },
  { kind: "adopt", isHeldBack: true },
);

function play(target: ModelLoop | ReferenceRouter, happening: Happening): void {
  switch (happening.kind) {
    case "wait":
      target.advanceTo(target.nowUs + happening.us);
      break;
    case "advert":
      if (target instanceof ModelLoop) target.receive(1, happening.advert);
      else target.receive(happening.advert);
      break;
    case "link-lost":
      if (target instanceof ModelLoop) target.loseLink(1);
      else target.loseLink();
      break;
  }
}

/** The control loop wakes up and reads what has happened. */
function catchUp(router: VrrpInstance, asleep: VrrpState, events: readonly VrrpEvent[]): VrrpState {
  let state = asleep;
  for (const event of events) {
    if (event.kind !== "ran" && event.kind !== "heard") continue;
    const input = triggerEvent(router, event.trigger, event.advert);
    if (input !== null) state = step(router, state, input).state;
  }
  return state;
}

describe("a program that runs alone", () => {
  it("does what the machine would have done, and its reports lead to the machine's state", () => {
    fc.assert(
      fc.property(anyRouter, anyStart, fc.array(anyHappening, { maxLength: 30 }), (router, start, happenings) => {
        const { loop, state } = startLoop(router, start);
        const reference = new ReferenceRouter(router);
        reference.feed(start);
        for (const happening of happenings) {
          play(loop, happening);
          play(reference, happening);
        }
        const trace = loop.trace.map(({ atUs, action }) => ({ atUs, action }));
        assert.deepEqual(trace, reference.trace);
        assert.equal(loop.phaseOf(1), phaseOf(reference.state));
        assert.deepEqual(catchUp(router, state, loop.takeEvents()), reference.state);
      }),
      { numRuns: 2000 },
    );
  });

  it("is the same whichever state of its phase it was made from", () => {
    const anyEvent = fc.oneof(
      fc.constantFrom(...TRIGGERS).map((trigger): RouterEvent | null => triggerEvent(virtualRouter(), trigger, null)),
      fc.constant<RouterEvent>({ kind: "preempt-delay-expired" }),
    );
    fc.assert(
      fc.property(anyRouter, fc.array(anyEvent, { maxLength: 8 }), (router, events) => {
        const start = step(router, INITIAL_STATE, { kind: "startup", isDelayed: false }).state;
        const end = events.reduce((state, event) => (event === null ? state : step(router, state, event).state), start);
        const first = tables(deriveProgram(router, start));
        const last = tables(deriveProgram(router, end));
        for (const [phase, plans] of last) {
          if (plans.length > 0 && (first.get(phase)?.length ?? 0) > 0) assert.deepEqual(plans, first.get(phase));
        }
      }),
    );
  });
});

/** Plans by phase without the reporting flag, which may differ between two states of one phase. */
function tables(program: VrrpProgram): ReadonlyMap<string, readonly unknown[]> {
  return new Map(
    Object.entries(program.plans).map(([phase, plans]) => [
      phase,
      plans.map(({ trigger, actions, next }) => ({ trigger, actions, next })),
    ]),
  );
}

describe("deriveProgram", () => {
  const backup = step(virtualRouter(), INITIAL_STATE, { kind: "startup", isDelayed: false }).state;

  it("covers takeover, adverts and a later yield from backup", () => {
    const program = deriveProgram(virtualRouter(), backup);
    assert.equal(program.phase, "backup");
    assert.equal(program.ownPriority, 100);
    const takeover = program.plans.backup.find((plan) => plan.trigger === "active-down");
    assert.deepEqual(takeover, {
      trigger: "active-down",
      actions: [
        { kind: "send-advert", priority: 100 },
        { kind: "add-addresses" },
        { kind: "announce", rule: { repeat: 5, delayUs: 5_000_000, refreshUs: 0, refreshRepeat: 1 } },
        { kind: "arm-adver", intervalUs: 1_000_000 },
      ],
      next: "active",
      isReported: true,
      whileOthersWait: null,
      pulls: null,
    });
    const adver = program.plans.active.find((plan) => plan.trigger === "adver");
    assert.deepEqual(adver, {
      trigger: "adver",
      actions: [
        { kind: "send-advert", priority: 100 },
        { kind: "arm-adver", intervalUs: 1_000_000 },
      ],
      next: "active",
      isReported: false,
      whileOthersWait: null,
      pulls: null,
    });
    assert.equal(program.plans.active.find((plan) => plan.trigger === "higher-priority")?.next, "backup");
    assert.equal(program.plans.active.find((plan) => plan.trigger === "lease-lapsed")?.next, "idle");
    assert.equal(program.plans.backup.find((plan) => plan.trigger === "link-lost")?.next, "idle");
  });

  it("does not wake the control loop for routine adverts", () => {
    const program = deriveProgram(virtualRouter(), backup);
    assert.equal(program.plans.backup.find((plan) => plan.trigger === "higher-priority")?.isReported, false);
    assert.equal(program.plans.active.find((plan) => plan.trigger === "lower-priority")?.isReported, false);
  });

  it("leaves every advert to others when an owner ignores them (keepalived D.7)", () => {
    const owner = { ...virtualRouter({ priority: 255, wantsActive: true }), ownerIgnoresAdverts: true };
    const active = step(owner, INITIAL_STATE, { kind: "startup", isDelayed: false }).state;
    const triggers = deriveProgram(owner, active).plans.active.map(({ trigger }) => trigger);
    assert.deepEqual(triggers, ["adver", "link-lost", "lease-lapsed", "session-lost"]);
    const plain = deriveProgram({ ...owner, priority: 254 }, active).plans.active.map(({ trigger }) => trigger);
    assert.ok(plain.includes("higher-priority"));
  });

  it("ignores everything in fault and during the startup delay", () => {
    const delayed = step(virtualRouter(), INITIAL_STATE, { kind: "startup", isDelayed: true }).state;
    const program = deriveProgram(virtualRouter(), delayed);
    assert.equal(program.phase, "idle");
    assert.deepEqual(program.plans.idle, []);
    assert.deepEqual(program.ignored.idle, TRIGGERS);
  });

  it("holds back while the preempt delay has not passed", () => {
    const router = virtualRouter({ preemptDelayUs: 1_000_000 });
    const pending = step(router, INITIAL_STATE, { kind: "startup", isDelayed: false }).state;
    assert.equal(deriveProgram(router, pending).phase, "held");
    const lower = deriveProgram(router, pending).plans.held.find((plan) => plan.trigger === "lower-priority");
    assert.deepEqual([lower?.next, lower?.isReported, lower?.actions[0]?.kind], ["held", true, "arm-active-down"]);
  });
});
