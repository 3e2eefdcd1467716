import assert from "node:assert/strict";
import { test } from "node:test";
import { routersHeard } from "../../../src/vrrp/heard.ts";
import type { RecordedStep } from "../../../src/vrrp/recording.ts";

function advert(atUs: number, source: string, priority: number): RecordedStep {
  return {
    atUs,
    before: { kind: "active", weight: 0, isStartupDelayed: false },
    event: { kind: "advert", class: "lower-priority", advert: { source, priority, intervalUs: 1_000_000 } },
    basePriority: 100,
    counts: null,
  };
}

const silence: RecordedStep = { ...advert(5, "", 0), event: { kind: "active-down" } };

test("each router once, with what it said last, the newest first", () => {
  const steps = [advert(1, "10.0.0.2", 80), advert(2, "10.0.0.3", 90), silence, advert(9, "10.0.0.2", 0)];
  assert.deepEqual(routersHeard(steps, null), [
    { address: "10.0.0.2", priority: 0, newsUs: 9, isActive: false },
    { address: "10.0.0.3", priority: 90, newsUs: 2, isActive: false },
  ]);
});

test("the active one comes first and with the state's own facts, also when the recording has lost it", () => {
  const active = { address: "10.0.0.3", priority: 150 };
  assert.deepEqual(routersHeard([advert(1, "10.0.0.3", 90), advert(2, "10.0.0.2", 80)], active), [
    { address: "10.0.0.3", priority: 150, newsUs: 1, isActive: true },
    { address: "10.0.0.2", priority: 80, newsUs: 2, isActive: false },
  ]);
  assert.deepEqual(routersHeard([], active), [{ ...active, newsUs: null, isActive: true }]);
});

test("a thousand forged senders are sixteen rows, and the active one stays", () => {
  const steps = Array.from({ length: 1000 }, (_, at) => advert(at, `10.1.${at >> 8}.${at & 255}`, 1));
  const heard = routersHeard(steps, { address: "10.0.0.3", priority: 150 });
  assert.equal(heard.length, 16);
  assert.deepEqual([heard[0]?.address, heard[1]?.newsUs], ["10.0.0.3", 999]);
});
