import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { VrrpEvent } from "../../../src/native/contract.ts";
import { groupRole, sharedFaults } from "../../../src/vrrp/group.ts";
import { step } from "../../../src/vrrp/machine.ts";
import { deriveProgram, triggerEvent } from "../../../src/vrrp/program.ts";
import { actionsOf, INITIAL_STATE, type VrrpState } from "../../../src/vrrp/types.ts";
import { ModelLoop } from "../../helpers/model-loop.ts";
import { type GroupedRouter, ReferenceGroup } from "../../helpers/reference-group.ts";
import { TRANSPORT, virtualRouter } from "../../helpers/virtual-router.ts";
import { anyHappening, anyRouter } from "../../helpers/vrrp-arbitraries.ts";

function grouped(routers: readonly GroupedRouter[]): readonly GroupedRouter[] {
  const group = groupRole("G", routers);
  return routers.map((router) => ({ ...router, group }));
}

/** A loop whose members got one order each, right after startup, and whose control loop then fell asleep. */
function startLoop(routers: readonly GroupedRouter[]): { loop: ModelLoop; states: readonly VrrpState[] } {
  const loop = new ModelLoop({ leaseUs: 0, world: null });
  loop.setGroup(routers.map((_, index) => index + 1));
  for (const index of routers.keys()) loop.openInstance(index + 1, TRANSPORT);
  const states = routers.map((router, index) => {
    const { state, effects } = step(router, INITIAL_STATE, { kind: "startup", isDelayed: false });
    const program = deriveProgram(router, state);
    loop.submit(index + 1, { order: 1, epoch: 0, actions: actionsOf(effects), program });
    return state;
  });
  loop.turn();
  loop.takeEvents();
  return { loop, states };
}

/** The control loop wakes up and reads what has happened. */
function catchUp(
  routers: readonly GroupedRouter[],
  asleep: readonly VrrpState[],
  events: readonly VrrpEvent[],
): readonly VrrpState[] {
  const states = [...asleep];
  for (const event of events) {
    if (event.kind !== "ran" && event.kind !== "heard") continue;
    const index = event.instance - 1;
    const router = routers[index];
    const state = states[index];
    if (router === undefined || state === undefined) continue;
    const input = triggerEvent(router, event.trigger, event.advert);
    if (input !== null) states[index] = step(router, state, input).state;
  }
  return states;
}

const SECOND = 1_000_000;

function backups(count: number): readonly GroupedRouter[] {
  return grouped(Array.from({ length: count }, (_, index) => virtualRouter({ name: `VI_${index + 1}` })));
}

function phases(loop: ModelLoop): readonly (string | null)[] {
  return loop.instanceNumbers().map((number) => loop.phaseOf(number));
}

describe("a sync group whose control loop sleeps", () => {
  it("does what the group's rules say, and its reports lead to the members' states", () => {
    const anyGroupHappening = fc.record({ member: fc.nat(3), happening: anyHappening });
    fc.assert(
      fc.property(
        fc.array(anyRouter, { minLength: 2, maxLength: 4 }),
        fc.array(anyGroupHappening, { maxLength: 30 }),
        (plain, happenings) => {
          const routers = grouped(plain);
          const { loop, states } = startLoop(routers);
          const reference = new ReferenceGroup(routers);
          reference.start();
          for (const { member, happening } of happenings) {
            const number = (member % routers.length) + 1;
            if (happening.kind === "wait") {
              loop.advanceTo(loop.nowUs + happening.us);
              reference.advanceTo(reference.nowUs + happening.us);
            } else if (happening.kind === "advert") {
              loop.receive(number, happening.advert);
              reference.receive(number, happening.advert);
            } else {
              loop.loseLink(number);
              reference.loseLink(number);
            }
          }
          assert.deepEqual(loop.trace, reference.trace);
          assert.deepEqual(catchUp(routers, states, loop.takeEvents()), reference.states());
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("becomes active when the last timer has ended, and not before", () => {
    const { loop } = startLoop(backups(3));
    loop.receive(2, { source: "192.0.2.6", priority: 200, intervalUs: SECOND });
    loop.advanceTo(3.5 * SECOND);
    loop.receive(2, { source: "192.0.2.6", priority: 200, intervalUs: SECOND });
    loop.advanceTo(7.1 * SECOND);
    assert.deepEqual(phases(loop), ["backup", "backup", "backup"]);
    loop.advanceTo(7.11 * SECOND);
    assert.deepEqual(phases(loop), ["active", "active", "active"]);
    const ran = loop.takeEvents().flatMap((event) => (event.kind === "ran" ? [[event.instance, event.trigger]] : []));
    assert.deepEqual(ran, [
      [2, "active-down"],
      [1, "group-active"],
      [3, "group-active"],
    ]);
  });

  it("forgets the wish of a member that hears a better router", () => {
    const { loop } = startLoop(backups(2));
    loop.receive(2, { source: "192.0.2.6", priority: 200, intervalUs: SECOND });
    loop.advanceTo(3.61 * SECOND);
    loop.receive(1, { source: "192.0.2.6", priority: 200, intervalUs: SECOND });
    loop.advanceTo(7 * SECOND);
    assert.deepEqual(phases(loop), ["backup", "backup"]);
    loop.advanceTo(7.3 * SECOND);
    assert.deepEqual(phases(loop), ["active", "active"]);
  });

  it("yields as a whole without priority 0", () => {
    const { loop } = startLoop(backups(2));
    loop.advanceTo(4 * SECOND);
    loop.trace.length = 0;
    loop.receive(2, { source: "192.0.2.6", priority: 200, intervalUs: SECOND });
    assert.deepEqual(phases(loop), ["backup", "backup"]);
    assert.deepEqual(
      loop.trace.flatMap(({ action }) => (action.kind === "send-advert" ? [action.priority] : [])),
      [],
    );
    assert.deepEqual([loop.hasAddresses(1), loop.hasAddresses(2)], [false, false]);
  });

  it("goes idle as a whole: priority 0 twice by the member that lost its link, once by the other", () => {
    const { loop } = startLoop(backups(2));
    loop.advanceTo(4 * SECOND);
    loop.trace.length = 0;
    loop.loseLink(1);
    assert.deepEqual(phases(loop), ["idle", "idle"]);
    const zeros = loop.trace.flatMap(({ instance, action }) => (action.kind === "send-advert" ? [instance] : []));
    assert.deepEqual(zeros, [1, 1, 2]);
  });

  it("goes idle as a whole when a BFD session that one member follows is lost", () => {
    const { loop } = startLoop(backups(2));
    loop.setFollowers(9, [2]);
    loop.advanceTo(4 * SECOND);
    loop.takeEvents();
    loop.loseSession(8);
    assert.deepEqual(phases(loop), ["active", "active"]);
    loop.loseSession(9);
    assert.deepEqual(phases(loop), ["idle", "idle"]);
    const ran = loop.takeEvents().flatMap((event) => (event.kind === "ran" ? [[event.instance, event.trigger]] : []));
    assert.deepEqual(ran, [
      [2, "session-lost"],
      [1, "group-fault"],
    ]);
  });

  it("waits for a member that has no program yet", () => {
    const { loop } = startLoop(backups(2));
    loop.setGroup([1, 2, 3]);
    loop.turn();
    loop.advanceTo(20 * SECOND);
    assert.deepEqual(phases(loop), ["backup", "backup"]);
  });
});

describe("groupRole", () => {
  it("lets only a group of owners with state MASTER start as active", () => {
    const owner = { priority: 255, wantsActive: true };
    assert.deepEqual(groupRole("G", [owner, owner]), { name: "G", isOwned: true, startsActive: true });
    const waiting = { ...owner, wantsActive: false };
    assert.deepEqual(groupRole("G", [owner, waiting]), { name: "G", isOwned: true, startsActive: false });
    const other = { priority: 254, wantsActive: true };
    assert.deepEqual(groupRole("G", [owner, other]), { name: "G", isOwned: false, startsActive: false });
  });
});

describe("sharedFaults", () => {
  it("names the members that another one's fault concerns", () => {
    const sound: VrrpState = INITIAL_STATE;
    const broken: VrrpState = { ...INITIAL_STATE, kind: "fault", reasons: ["interface eth0 down", "sync group"] };
    const pulled: VrrpState = { ...INITIAL_STATE, kind: "fault", reasons: ["sync group"] };
    const held: VrrpState = { ...INITIAL_STATE, kind: "fault", reasons: ["held by operator"] };
    const follower: VrrpState = { ...INITIAL_STATE, kind: "fault", reasons: ["sync group held by operator"] };
    assert.deepEqual(sharedFaults([sound, sound]), [null, null]);
    assert.deepEqual(sharedFaults([broken, sound]), [null, "sync group"]);
    assert.deepEqual(sharedFaults([broken, broken]), ["sync group", "sync group"]);
    assert.deepEqual(sharedFaults([pulled, pulled]), [null, null]);
    assert.deepEqual(sharedFaults([held, follower]), [null, "sync group held by operator"]);
    assert.deepEqual(sharedFaults([held, broken]), ["sync group", "sync group held by operator"]);
  });
});
