import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { step } from "../../../src/vrrp/machine.ts";
import { actionsOf, INITIAL_STATE, type VrrpState } from "../../../src/vrrp/types.ts";
import { virtualRouter } from "../../helpers/virtual-router.ts";

const ROUTER = virtualRouter();
const ACTIVE: VrrpState = { kind: "active", weight: 0, isStartupDelayed: false };

describe("an announcement on request", () => {
  test("is one round, and the refresh goes on", () => {
    const { state, effects } = step(ROUTER, ACTIVE, { kind: "announce-requested", isBurstDue: false });
    const { refreshUs, refreshRepeat } = ROUTER.announce;
    assert.deepEqual(state, ACTIVE);
    assert.deepEqual(actionsOf(effects), [
      { kind: "announce", rule: { repeat: 1, delayUs: 0, refreshUs, refreshRepeat } },
    ]);
  });

  test("takes nothing from an unfinished takeover", () => {
    const { effects } = step(ROUTER, ACTIVE, { kind: "announce-requested", isBurstDue: true });
    const { repeat, delayUs, refreshUs, refreshRepeat } = ROUTER.announce;
    assert.deepEqual(actionsOf(effects), [{ kind: "announce", rule: { repeat, delayUs, refreshUs, refreshRepeat } }]);
  });

  test("is silence in every other state", () => {
    const { state: backup } = step(ROUTER, INITIAL_STATE, { kind: "startup", isDelayed: false });
    assert.equal(backup.kind, "backup");
    for (const before of [INITIAL_STATE, backup]) {
      const { state, effects } = step(ROUTER, before, { kind: "announce-requested", isBurstDue: false });
      assert.deepEqual([state, effects], [before, []]);
    }
  });
});
