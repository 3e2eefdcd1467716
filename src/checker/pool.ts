import type { RealServer, VirtualServer } from "../model/lvs.ts";
import { applicationCheckersOf, startsFailed } from "./application.ts";
import type { ServerForce } from "./override.ts";

/** One real server as seen by its checkers. */
export interface ServerState {
  /** By checker, those beside the probe loop last: true from a failure (or, for alpha, from the start) until a success. */
  readonly hasFailed: readonly boolean[];
  readonly isAlive: boolean;
  /** Effective weight, 0..65535; checkers and people may change it. */
  readonly weight: number;
  /** What an operator says; null, or absent, for nothing. */
  readonly force?: ServerForce | null;
  /** Without the operator's word; only while there is one. */
  readonly ownWeight?: number;
}

/** The pool of one virtual server; `servers` are in the order of its real servers. */
export interface PoolState {
  readonly hasQuorum: boolean;
  /** Sum of the weights of servers that are alive. */
  readonly liveWeight: number;
  readonly servers: readonly ServerState[];
}

export type PoolEvent =
  /** The verdict of one checker; `isFirst` when it had given none before. */
  | {
      readonly kind: "verdict";
      readonly server: number;
      readonly checker: number;
      readonly isUp: boolean;
      readonly isFirst: boolean;
    }
  | { readonly kind: "weight"; readonly server: number; readonly weight: number }
  /** An operator's word, or null when it is taken back. */
  | { readonly kind: "force"; readonly server: number; readonly force: ServerForce | null };

export type PoolEffect =
  | { readonly kind: "server-up"; readonly server: number }
  | { readonly kind: "server-down"; readonly server: number }
  /** An alpha server failed its first check: told to notify scripts although it never was up. */
  | { readonly kind: "server-never-up"; readonly server: number }
  /** One of its checkers changed its mind, which changes nothing for the server. */
  | { readonly kind: "checker-up" | "checker-down"; readonly server: number }
  | {
      readonly kind: "weight-changed";
      readonly server: number;
      readonly from: number;
      readonly to: number;
      readonly isAlive: boolean;
    }
  | { readonly kind: "quorum-gained"; readonly liveWeight: number }
  /** `isAtStart`: the pool was taken up in this state. */
  | { readonly kind: "quorum-lost"; readonly liveWeight: number; readonly isAtStart: boolean }
  | { readonly kind: "sorry-server-on" }
  | { readonly kind: "alive-servers-off" }
  | { readonly kind: "sorry-server-off" }
  | { readonly kind: "alive-servers-on" }
  /** `panic_threshold`: from here on all servers serve, whatever their checks say; and no longer so. */
  | { readonly kind: "panic-on" | "panic-off"; readonly alive: number; readonly total: number };

export interface PoolStep {
  readonly state: PoolState;
  /** Executed in this order. */
  readonly effects: readonly PoolEffect[];
}

/** When the quorum is judged; a pool that starts has no sorry server to take out. */
type PoolPhase = "start" | "reload" | "running";

/** A server before its checkers have said anything: alpha ones are out until their first success. */
export function initialServer(server: RealServer): ServerState {
  const hasFailed = [
    ...server.checkers.map((checker) => checker.timing.isAlpha),
    ...applicationCheckersOf(server).map(startsFailed),
  ];
  return { hasFailed, isAlive: !hasFailed.includes(true), weight: server.weight };
}

/**
 * Takes up a pool at start or reload.
 * @param servers one state per real server
 * @param hadQuorum of the pool before a reload; null for a new one
 */
export function startPool(
  virtualServer: VirtualServer,
  servers: readonly ServerState[],
  hadQuorum: boolean | null,
): PoolStep {
  let liveWeight = 0;
  for (const server of servers) if (server.isAlive) liveWeight += server.weight;
  const state: PoolState = { hasQuorum: hadQuorum ?? false, liveWeight, servers };
  const step = settleQuorum(virtualServer, state, [], hadQuorum === null ? "start" : "reload");
  if (hadQuorum !== null || step.state.hasQuorum || virtualServer.sorryServer === null) return step;
  return becomeWithoutQuorum(virtualServer, state, [], "start");
}

/** Whether the sorry server serves. */
export function isSorryServerActive(virtualServer: VirtualServer, state: PoolState): boolean {
  return virtualServer.sorryServer !== null && !state.hasQuorum;
}

/**
 * Whether so few servers are up that the checks are believed no more (`panic_threshold`). The sorry server still takes
 * over when the quorum is lost.
 */
export function isPanicking({ panicThresholdPercent = 0 }: VirtualServer, { servers }: PoolState): boolean {
  if (panicThresholdPercent === 0) return false;
  const { alive, total } = countServers(servers);
  return alive * 100 < panicThresholdPercent * total;
}

/** Without those that an operator took out. */
function countServers(servers: readonly ServerState[]): { readonly alive: number; readonly total: number } {
  const asked = servers.filter(({ force }) => force?.kind !== "out");
  return { alive: asked.filter(({ isAlive }) => isAlive).length, total: asked.length };
}

export function stepPool(virtualServer: VirtualServer, state: PoolState, event: PoolEvent): PoolStep {
  const step = stepServer(virtualServer, state, event);
  if ((virtualServer.panicThresholdPercent ?? 0) === 0) return step;
  const panics = isPanicking(virtualServer, step.state);
  if (panics === isPanicking(virtualServer, state)) return step;
  const told: PoolEffect = { kind: panics ? "panic-on" : "panic-off", ...countServers(step.state.servers) };
  return { state: step.state, effects: [...step.effects, told] };
}

function stepServer(virtualServer: VirtualServer, state: PoolState, event: PoolEvent): PoolStep {
  const server = state.servers[event.server];
  if (server === undefined) return { state, effects: [] };
  switch (event.kind) {
    case "verdict":
      return onVerdict(virtualServer, state, server, event);
    case "weight":
      return onWeight(virtualServer, state, server, event);
    case "force":
      return onForce(virtualServer, state, server, event);
  }
}

/** The same server under an operator's word, or without one. */
export function forceServer(server: ServerState, force: ServerForce | null): ServerState {
  const { hasFailed, weight, ownWeight = weight } = server;
  const isHealthy = !hasFailed.includes(true);
  if (force === null) return { hasFailed, isAlive: isHealthy, weight: ownWeight };
  const forced = force.kind === "weight" ? force.weight : ownWeight;
  return { hasFailed, isAlive: isHealthy && force.kind !== "out", weight: forced, force, ownWeight };
}

function onForce(
  virtualServer: VirtualServer,
  state: PoolState,
  server: ServerState,
  { server: index, force }: Extract<PoolEvent, { kind: "force" }>,
): PoolStep {
  const next = forceServer(server, force);
  const { isAlive, weight: to } = next;
  const effects: PoolEffect[] = [];
  if (to !== server.weight) {
    effects.push({
      kind: "weight-changed",
      server: index,
      from: server.weight,
      to,
      isAlive: server.isAlive && isAlive,
    });
  }
  if (isAlive !== server.isAlive) effects.push({ kind: isAlive ? "server-up" : "server-down", server: index });
  return settleQuorum(virtualServer, replaceServer(state, index, next), effects, "running");
}

function onVerdict(
  virtualServer: VirtualServer,
  state: PoolState,
  server: ServerState,
  event: Extract<PoolEvent, { kind: "verdict" }>,
): PoolStep {
  const hadFailed = server.hasFailed[event.checker] === true;
  if (hadFailed !== event.isUp) return { state, effects: effectsOnChecker(event, hadFailed) };
  const hasFailed = server.hasFailed.with(event.checker, !event.isUp);
  const isAlive = !hasFailed.includes(true) && server.force?.kind !== "out";
  const next = replaceServer(state, event.server, { ...server, hasFailed, isAlive });
  if (isAlive === server.isAlive) return { state: next, effects: effectsOnChecker(event, hadFailed) };
  const effects: PoolEffect[] = [{ kind: isAlive ? "server-up" : "server-down", server: event.server }];
  return settleQuorum(virtualServer, next, effects, "running");
}

/** The server stays what it is. */
function effectsOnChecker(
  { server, isUp, isFirst }: Extract<PoolEvent, { kind: "verdict" }>,
  hadFailed: boolean,
): readonly PoolEffect[] {
  if (hadFailed === isUp) return [{ kind: isUp ? "checker-up" : "checker-down", server }];
  return hadFailed && isFirst ? [{ kind: "server-never-up", server }] : [];
}

function onWeight(
  virtualServer: VirtualServer,
  state: PoolState,
  server: ServerState,
  event: Extract<PoolEvent, { kind: "weight" }>,
): PoolStep {
  // What an operator says counts; the rest is kept for when it is taken back.
  if (server.force !== undefined && server.force !== null) {
    const kept = forceServer({ ...server, ownWeight: event.weight }, server.force);
    return { state: replaceServer(state, event.server, kept), effects: [] };
  }
  if (server.weight === event.weight) return { state, effects: [] };
  const next = replaceServer(state, event.server, { ...server, weight: event.weight });
  const { isAlive, weight: from } = server;
  const changed: PoolEffect = { kind: "weight-changed", server: event.server, from, to: event.weight, isAlive };
  return settleQuorum(virtualServer, next, [changed], "running");
}

function replaceServer(state: PoolState, index: number, server: ServerState): PoolState {
  const before = state.servers[index];
  const removed = before?.isAlive ? before.weight : 0;
  const added = server.isAlive ? server.weight : 0;
  return {
    hasQuorum: state.hasQuorum,
    liveWeight: state.liveWeight - removed + added,
    servers: state.servers.with(index, server),
  };
}

/** Lost below `quorum - hysteresis` (or with nothing alive), gained from `quorum + hysteresis` on. */
function settleQuorum(
  virtualServer: VirtualServer,
  state: PoolState,
  effects: PoolEffect[],
  phase: PoolPhase,
): PoolStep {
  const { quorum, hysteresis } = virtualServer;
  if (state.hasQuorum && (state.liveWeight === 0 || state.liveWeight < quorum - hysteresis)) {
    return becomeWithoutQuorum(virtualServer, state, effects, phase);
  }
  if (!state.hasQuorum && state.liveWeight > 0 && state.liveWeight >= quorum + hysteresis) {
    return becomeWithQuorum(virtualServer, state, effects, phase);
  }
  return { state, effects };
}

function becomeWithoutQuorum(
  virtualServer: VirtualServer,
  state: PoolState,
  effects: PoolEffect[],
  phase: PoolPhase,
): PoolStep {
  effects.push({ kind: "quorum-lost", liveWeight: state.liveWeight, isAtStart: phase !== "running" });
  if (virtualServer.sorryServer !== null) effects.push({ kind: "sorry-server-on" }, { kind: "alive-servers-off" });
  return { state: { ...state, hasQuorum: false }, effects };
}

function becomeWithQuorum(
  virtualServer: VirtualServer,
  state: PoolState,
  effects: PoolEffect[],
  phase: PoolPhase,
): PoolStep {
  effects.push({ kind: "quorum-gained", liveWeight: state.liveWeight });
  if (virtualServer.sorryServer !== null && phase !== "start") {
    effects.push({ kind: "sorry-server-off" }, { kind: "alive-servers-on" });
  }
  return { state: { ...state, hasQuorum: true }, effects };
}
