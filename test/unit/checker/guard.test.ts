import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createGuardState,
  type GuardConfig,
  type GuardEvent,
  isHeld,
  relocate,
  stepGuard,
} from "../../../src/checker/guard.ts";

const SECOND_US = 1_000_000;
const CONFIG: GuardConfig = { poolSizes: [4, 4, 4, null], windowUs: 10 * SECOND_US };

function down(pool: number, server: number, atSec: number): GuardEvent {
  return { kind: "down", target: `${pool}/${server}`, places: [{ pool, server }], atUs: atSec * SECOND_US };
}

function network(problem: string | null, atSec: number): GuardEvent {
  return { kind: "network", problem, atUs: atSec * SECOND_US };
}

/** What each event does, in words. */
function run(events: readonly GuardEvent[], config = CONFIG): readonly string[] {
  const state = createGuardState();
  return events.map((event) => {
    const words = stepGuard(config, state, event).map((effect) =>
      "target" in effect
        ? `${effect.kind} ${effect.target}`
        : `${effect.kind} ${Object.values(effect).slice(1).join(" ")}`.trim(),
    );
    return words.join(", ");
  });
}

/** Three of four servers of two pools. */
const BURST = [down(0, 0, 1), down(0, 1, 1), down(0, 2, 2), down(1, 0, 2), down(1, 1, 3), down(1, 2, 3)];

test("with a broken network the burst is held, what went through comes back, late answers end it", () => {
  assert.deepEqual(
    run([
      ...BURST,
      network("eth0 has no carrier", 3),
      down(2, 0, 4),
      network("eth0 has no carrier", 5),
      network(null, 6),
      { kind: "up", target: "0/0" },
      network(null, 15),
      network(null, 16),
    ]),
    [
      "pass 0/0",
      "pass 0/1",
      "pass 0/2",
      "pass 1/0",
      "pass 1/1",
      "look",
      "hold-began eth0 has no carrier 6 2, take-back 0/0, take-back 0/1, take-back 0/2, take-back 1/0, take-back 1/1",
      "",
      "",
      "",
      "",
      "",
      "hold-ended 6, pass 0/1, pass 0/2, pass 1/0, pass 1/1, pass 1/2, pass 2/0",
    ],
  );
});

test("with a sound network a verdict waits for a look, at most one a second", () => {
  const events = [...BURST, network(null, 3), down(2, 0, 3.5), down(2, 1, 4)];
  assert.deepEqual(run(events).slice(5), ["look", "pass 1/2", "pass 2/0", "look"]);
});

test("failures of one pool among several, and those far apart, pass", () => {
  const single = [down(0, 0, 1), down(0, 1, 1), down(0, 2, 1), down(0, 3, 1)];
  assert.deepEqual(
    run(single),
    single.map((_, index) => `pass 0/${index}`),
  );
  const slow = BURST.map((event, index) =>
    event.kind === "down" ? { ...event, atUs: index * 20 * SECOND_US } : event,
  );
  assert.ok(run(slow).every((words) => words.startsWith("pass")));
});

test("what was down before does not count as a part of the burst, nor as one of those that were up", () => {
  const config: GuardConfig = { poolSizes: [4], windowUs: 10 * SECOND_US };
  const events = [down(0, 0, 1), down(0, 1, 1), down(0, 2, 100), down(0, 3, 100)];
  assert.deepEqual(run(events, config), ["pass 0/0", "pass 0/1", "pass 0/2", "look"]);
});

test("a server with two checks is up again when both are", () => {
  const config: GuardConfig = { poolSizes: [4], windowUs: 10 * SECOND_US };
  const second: GuardEvent = { kind: "down", target: "0/0 http", places: [{ pool: 0, server: 0 }], atUs: SECOND_US };
  const up = (target: string): GuardEvent => ({ kind: "up", target });
  const twice = [down(0, 0, 1), second, up("0/0 http"), down(0, 1, 1), down(0, 2, 1)];
  assert.deepEqual(run(twice, config), ["pass 0/0", "pass 0/0 http", "", "pass 0/1", "look"]);
  const both = [down(0, 0, 1), second, second, up("0/0 http"), up("0/0"), down(0, 1, 1), down(0, 2, 1)];
  assert.equal(run(both, config).at(-1), "pass 0/2");
});

test("pools that are not guarded are none of its business", () => {
  const events = [down(3, 0, 1), down(3, 1, 1), down(3, 2, 1)];
  assert.deepEqual(run(events, { poolSizes: [null, null, null, null], windowUs: 1 }), [
    "pass 3/0",
    "pass 3/1",
    "pass 3/2",
  ]);
});

test("the network that breaks again while settling goes on holding", () => {
  const events = [
    ...BURST,
    network("x", 3),
    network(null, 4),
    network("x", 5),
    network(null, 14),
    network(null, 23),
    network(null, 24),
  ];
  assert.deepEqual(run(events).slice(7), [
    "",
    "",
    "",
    "",
    "hold-ended 6, pass 0/0, pass 0/1, pass 0/2, pass 1/0, pass 1/1, pass 1/2",
  ]);
});

test("after a reload held targets are known at their new places, and others forgotten", () => {
  const state = createGuardState();
  for (const event of [...BURST, network("x", 3)]) stepGuard(CONFIG, state, event);
  relocate(state, (target) => (target === "0/0" ? [{ pool: 1, server: 3 }] : null));
  assert.deepEqual([isHeld(state, "0/0"), isHeld(state, "0/1")], [true, false]);
  stepGuard(CONFIG, state, network(null, 4));
  assert.deepEqual(stepGuard(CONFIG, state, network(null, 20)), [
    { kind: "hold-ended", targets: 1 },
    { kind: "pass", target: "0/0" },
  ]);
});

test("a failure of 30,000 targets is judged in no time", () => {
  const config: GuardConfig = { poolSizes: new Array(100).fill(300), windowUs: 10 * SECOND_US };
  const state = createGuardState();
  const began = performance.now();
  for (let index = 0; index < 30_000; index += 1) {
    const place = { pool: index % 100, server: Math.floor(index / 100) };
    stepGuard(config, state, { kind: "down", target: String(index), places: [place], atUs: index * 100 });
    if (state.mode.kind === "looking") stepGuard(config, state, network(null, (index * 100) / SECOND_US));
  }
  // 20 ms where nothing else runs; copying a table of 30,000 for each would take minutes.
  assert.ok(performance.now() - began < 3_000);
});
