import assert from "node:assert/strict";
import { test } from "node:test";
import type { BfdLoop, LoopEvent, VrrpLoop } from "../../../src/native/contract.ts";
import { SharedLoop } from "../../../src/runtime/shared-loop.ts";

const OPTIONS = { leaseUs: 0 };
const SESSION: LoopEvent = { kind: "session-times", session: 1, detectionUs: 1, transmitUs: 1, atUs: 1 };
const ACCEPTED: LoopEvent = { kind: "accepted", instance: 1, order: 1, atUs: 1 };
const OVERRUN: LoopEvent = { kind: "overrun", atUs: 2 };

class Bench {
  readonly calls: string[] = [];
  emit: (events: readonly LoopEvent[]) => void = () => undefined;
  readonly shared = new SharedLoop((_options, onEvents) => {
    this.emit = onEvents;
    this.calls.push("create");
    const names = "openInstance closeInstance submit setGroup setFollowers setPacing renewLease counters health";
    const all = `${names} openSession closeSession sessionStatus close`.split(" ");
    const note = (name: string) => (number?: number) => this.calls.push([name, number].join(" ").trim());
    return Object.fromEntries(all.map((name) => [name, note(name)])) as unknown as VrrpLoop & BfdLoop;
  });
}

test("the first one opens the loop, the last one closes it; who goes before takes its own along", () => {
  const bench = new Bench();
  const vrrp = bench.shared.openVrrp(OPTIONS, () => undefined);
  const bfd = bench.shared.openBfd(OPTIONS, () => undefined);
  bfd.openSession(3, {} as never);
  bfd.openSession(4, {} as never);
  bfd.closeSession(3);
  bfd.close();
  vrrp.openInstance(7, {} as never);
  vrrp.close();
  const opened = ["create", "openSession 3", "openSession 4", "closeSession 3"];
  assert.deepEqual(bench.calls, [...opened, "closeSession 4", "openInstance 7", "close"]);
  bench.shared.openBfd(OPTIONS, () => undefined).close();
  assert.deepEqual(bench.calls.slice(-2), ["create", "close"]);
});

test("of a batch BFD gets its own first, and both hear of lost events", () => {
  const bench = new Bench();
  const heard: string[] = [];
  bench.shared.openVrrp(OPTIONS, (events) => heard.push(...events.map(({ kind }) => `vrrp ${kind}`)));
  bench.shared.openBfd(OPTIONS, (events) => heard.push(...events.map(({ kind }) => `bfd ${kind}`)));
  bench.emit([ACCEPTED, SESSION, OVERRUN]);
  assert.deepEqual(heard, ["bfd session-times", "bfd overrun", "vrrp accepted", "vrrp overrun"]);
});

test("a name keeps its number", () => {
  const { shared } = new Bench();
  assert.deepEqual(
    ["A", "B", "A"].map((name) => shared.sessionNumber(name)),
    [1, 2, 1],
  );
});
