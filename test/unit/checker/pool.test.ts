import assert from "node:assert/strict";
import { test } from "node:test";
import {
  initialServer,
  isSorryServerActive,
  type PoolEvent,
  type PoolState,
  startPool,
  stepPool,
} from "../../../src/checker/pool.ts";
import type { VirtualServer } from "../../../src/model/lvs.ts";
import { realServer, tcpChecker, virtualServer } from "./samples.ts";

const SORRY = realServer("192.168.1.9", { checkers: [] });

function start(service: VirtualServer): { state: PoolState; effects: string[] } {
  const step = startPool(service, service.realServers.map(initialServer), null);
  return { state: step.state, effects: step.effects.map((effect) => effect.kind) };
}

function verdict(server: number, isUp: boolean, checker = 0, isFirst = false): PoolEvent {
  return { kind: "verdict", server, checker, isUp, isFirst };
}

function run(service: VirtualServer, state: PoolState, event: PoolEvent): { state: PoolState; effects: string[] } {
  const step = stepPool(service, state, event);
  return { state: step.state, effects: step.effects.map((effect) => effect.kind) };
}

test("servers are in the pool from the start and the quorum is gained", () => {
  const service = virtualServer([realServer("192.168.1.7"), realServer("192.168.1.8")]);
  const started = startPool(service, service.realServers.map(initialServer), null);
  assert.deepEqual(started.effects, [{ kind: "quorum-gained", liveWeight: 2 }]);
  assert.equal(started.state.hasQuorum, true);
});

test("alpha servers stay out until the first success of each alpha checker", () => {
  const checkers = [tcpChecker("192.168.1.7", 80, { isAlpha: true }), tcpChecker("192.168.1.7", 90, { isAlpha: true })];
  const service = virtualServer([realServer("192.168.1.7", { checkers })]);
  const started = start(service);
  assert.deepEqual(started.effects, []);
  assert.equal(started.state.servers[0]?.isAlive, false);
  const first = run(service, started.state, verdict(0, true, 0, true));
  assert.deepEqual(first.effects, ["checker-up"]);
  const second = run(service, first.state, verdict(0, true, 1, true));
  assert.deepEqual(second.effects, ["server-up", "quorum-gained"]);
});

test("an alpha server whose first check fails is told of once although it never was up", () => {
  const checkers = [tcpChecker("192.168.1.7", 80, { isAlpha: true })];
  const service = virtualServer([realServer("192.168.1.7", { checkers })]);
  const failed = run(service, start(service).state, verdict(0, false, 0, true));
  assert.deepEqual(failed.effects, ["server-never-up"]);
  assert.equal(failed.state.servers[0]?.isAlive, false);
});

test("a first success without alpha changes nothing", () => {
  const service = virtualServer([realServer("192.168.1.7")]);
  assert.deepEqual(run(service, start(service).state, verdict(0, true, 0, true)).effects, []);
});

test("a server is up only while all its checkers pass", () => {
  const checkers = [tcpChecker("192.168.1.7", 80), tcpChecker("192.168.1.7", 90)];
  const service = virtualServer([realServer("192.168.1.7", { checkers }), realServer("192.168.1.8")]);
  const one = run(service, start(service).state, verdict(0, false, 1));
  assert.deepEqual(one.effects, ["server-down"]);
  const both = run(service, one.state, verdict(0, false, 0));
  assert.deepEqual(both.effects, ["checker-down"]);
  const half = run(service, both.state, verdict(0, true, 1));
  assert.deepEqual(half.effects, ["checker-up"]);
  assert.deepEqual(run(service, half.state, verdict(0, true, 0)).effects, ["server-up"]);
});

test("losing the quorum brings the sorry server in and gaining it takes it out", () => {
  const service = virtualServer([realServer("192.168.1.7")], { sorryServer: SORRY });
  const lost = run(service, start(service).state, verdict(0, false));
  assert.deepEqual(lost.effects, ["server-down", "quorum-lost", "sorry-server-on", "alive-servers-off"]);
  assert.equal(isSorryServerActive(service, lost.state), true);
  const gained = run(service, lost.state, verdict(0, true));
  assert.deepEqual(gained.effects, ["server-up", "quorum-gained", "sorry-server-off", "alive-servers-on"]);
  assert.equal(isSorryServerActive(service, gained.state), false);
});

test("without a sorry server losing the quorum is only told", () => {
  const service = virtualServer([realServer("192.168.1.7")]);
  assert.deepEqual(run(service, start(service).state, verdict(0, false)).effects, ["server-down", "quorum-lost"]);
});

test("hysteresis: lost below quorum - hysteresis, gained from quorum + hysteresis on", () => {
  const servers = [7, 8, 9].map((host) => realServer(`192.168.1.${host}`));
  const service = virtualServer(servers, { quorum: 2, hysteresis: 1 });
  let at = start(service);
  assert.deepEqual(at.effects, ["quorum-gained"]);
  at = run(service, at.state, verdict(0, false));
  assert.deepEqual(at.effects, ["server-down"]);
  at = run(service, at.state, verdict(1, false));
  assert.deepEqual(at.effects, ["server-down"]);
  at = run(service, at.state, verdict(2, false));
  assert.deepEqual(at.effects, ["server-down", "quorum-lost"]);
  at = run(service, at.state, verdict(2, true));
  at = run(service, at.state, verdict(1, true));
  assert.deepEqual(at.effects, ["server-up"]);
  at = run(service, at.state, verdict(0, true));
  assert.deepEqual(at.effects, ["server-up", "quorum-gained"]);
});

test("a pool that starts without quorum says so only when it has a sorry server", () => {
  const checkers = [tcpChecker("192.168.1.7", 80, { isAlpha: true })];
  const servers = [realServer("192.168.1.7", { checkers })];
  const withSorry = virtualServer(servers, { sorryServer: SORRY });
  const started = startPool(withSorry, servers.map(initialServer), null);
  assert.deepEqual(started.effects, [
    { kind: "quorum-lost", liveWeight: 0, isAtStart: true },
    { kind: "sorry-server-on" },
    { kind: "alive-servers-off" },
  ]);
  assert.deepEqual(start(virtualServer(servers)).effects, []);
});

test("a reload that takes away the quorum starts with quorum down, one that brings it back takes the sorry server out", () => {
  const dead = { hasFailed: [true], isAlive: false, weight: 1 };
  const alive = { hasFailed: [false], isAlive: true, weight: 1 };
  const service = virtualServer([realServer("192.168.1.7")], { sorryServer: SORRY });
  const kinds = (isAlive: boolean, hadQuorum: boolean): string[] =>
    startPool(service, [isAlive ? alive : dead], hadQuorum).effects.map((effect) => effect.kind);
  assert.deepEqual(kinds(false, true), ["quorum-lost", "sorry-server-on", "alive-servers-off"]);
  assert.deepEqual(kinds(true, false), ["quorum-gained", "sorry-server-off", "alive-servers-on"]);
  assert.deepEqual(kinds(true, true), []);
  assert.deepEqual(kinds(false, false), []);
});

test("a weight change counts for the quorum only while the server is alive", () => {
  const service = virtualServer([realServer("192.168.1.7", { weight: 2 })], { quorum: 2 });
  const less = stepPool(service, start(service).state, { kind: "weight", server: 0, weight: 1 });
  assert.deepEqual(less.effects, [
    { kind: "weight-changed", server: 0, from: 2, to: 1, isAlive: true },
    { kind: "quorum-lost", liveWeight: 1, isAtStart: false },
  ]);
  const down = stepPool(service, less.state, verdict(0, false));
  const dead = stepPool(service, down.state, { kind: "weight", server: 0, weight: 5 });
  assert.deepEqual(dead.effects, [{ kind: "weight-changed", server: 0, from: 1, to: 5, isAlive: false }]);
  assert.equal(dead.state.liveWeight, 0);
});
