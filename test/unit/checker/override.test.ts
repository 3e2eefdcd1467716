import assert from "node:assert/strict";
import { test } from "node:test";
import { forceOf, type Override, overrideKey, stepOverrides } from "../../../src/checker/override.ts";
import { initialServer, type PoolState, startPool, stepPool } from "../../../src/checker/pool.ts";
import { realServer, virtualServer } from "./samples.ts";

function override(action: Override["action"], expiresMs: number | null = null): Override {
  return { virtualServer: "V", realServer: "R", action, owner: "ann", reason: "", sinceMs: 0, expiresMs };
}

function step(one: Override, nowMs: number, connections: number | null): readonly string[] {
  const { overrides, news } = stepOverrides(new Map([[overrideKey(one), one]]), nowMs, () => connections);
  return [...news.map(({ kind }) => kind), ...[...overrides.values()].map((kept) => JSON.stringify(forceOf(kept)))];
}

const KEPT = '{"kind":"weight","weight":0}';
const OUT = '{"kind":"out"}';

test("a drain waits for its connections, then takes the server out; the deadline ends the wait", () => {
  const drain = override({ kind: "drain", deadlineMs: 5000, isDone: false });
  assert.deepEqual(step(drain, 1000, 3), [KEPT]);
  assert.deepEqual(step(drain, 1000, null), [KEPT]);
  assert.deepEqual(step(drain, 1000, 0), ["drained", OUT]);
  assert.deepEqual(step(drain, 5000, 3), ["deadline", OUT]);
  assert.deepEqual(step(override({ kind: "drain", deadlineMs: null, isDone: false }), 1e12, 1), [KEPT]);
  assert.deepEqual(step(override({ kind: "drain", deadlineMs: null, isDone: true }), 1e12, 1), [OUT]);
});

test("an override expires whatever it says", () => {
  assert.deepEqual(step(override({ kind: "disable" }, 2000), 1999, null), [OUT]);
  assert.deepEqual(step(override({ kind: "disable" }, 2000), 2000, null), ["expired"]);
  assert.deepEqual(step(override({ kind: "weight", weight: 7 }, 2000), 1, null), ['{"kind":"weight","weight":7}']);
});

const SERVICE = virtualServer([realServer("192.168.1.7", { weight: 5 }), realServer("192.168.1.8")], { quorum: 2 });

function pool(): PoolState {
  return startPool(SERVICE, SERVICE.realServers.map(initialServer), null).state;
}

function feed(
  state: PoolState,
  ...events: readonly Parameters<typeof stepPool>[2][]
): { state: PoolState; effects: string[] } {
  const effects: string[] = [];
  let now = state;
  for (const event of events) {
    const taken = stepPool(SERVICE, now, event);
    now = taken.state;
    effects.push(...taken.effects.map((effect) => effect.kind));
  }
  return { state: now, effects };
}

test("a forced weight counts for the quorum, and the own one comes back as it is by then", () => {
  const drained = feed(pool(), { kind: "force", server: 0, force: { kind: "weight", weight: 0 } });
  assert.deepEqual(drained.effects, ["weight-changed", "quorum-lost"]);
  assert.deepEqual([drained.state.liveWeight, drained.state.servers[0]?.isAlive], [1, true]);
  const reweighed = feed(drained.state, { kind: "weight", server: 0, weight: 9 });
  assert.deepEqual([reweighed.effects, reweighed.state.servers[0]?.weight], [[], 0]);
  const back = feed(reweighed.state, { kind: "force", server: 0, force: null });
  assert.deepEqual(back.effects, ["weight-changed", "quorum-gained"]);
  assert.deepEqual([back.state.servers[0]?.weight, back.state.liveWeight], [9, 10]);
});

test("a server that is out stays out when its checks succeed, and comes back only if they do", () => {
  const verdict = (isUp: boolean) => ({ kind: "verdict", server: 0, checker: 0, isUp, isFirst: false }) as const;
  const out = feed(pool(), { kind: "force", server: 0, force: { kind: "out" } });
  assert.deepEqual(out.effects, ["server-down", "quorum-lost"]);
  const failed = feed(out.state, verdict(true), verdict(false));
  assert.deepEqual(failed.effects, ["checker-down"]);
  assert.deepEqual(feed(failed.state, { kind: "force", server: 0, force: null }).effects, []);
  const healthy = feed(failed.state, verdict(true), { kind: "force", server: 0, force: null });
  assert.deepEqual(healthy.effects, ["checker-up", "server-up", "quorum-gained"]);
});
