import { applicationCheckersOf } from "../checker/application.ts";
import { overrideKey, type ServerForce } from "../checker/override.ts";
import {
  forceServer,
  initialServer,
  isPanicking,
  type PoolEffect,
  type PoolState,
  type PoolStep,
  type ServerState,
  startPool,
  stepPool,
} from "../checker/pool.ts";
import { type Asker, endpointId, targetId } from "../checker/targets.ts";
import { expandVirtualServer, mergeServices } from "../ipvs/expand.ts";
import { type GroupMembers, NO_GROUPS } from "../ipvs/groups.ts";
import type { ServiceId } from "../ipvs/keys.ts";
import type { TableService } from "../ipvs/table.ts";
import { realServerKey, virtualServerKeys } from "../model/diff.ts";
import { isSameModel } from "../model/equality.ts";
import type { RealServer, VirtualServer } from "../model/lvs.ts";
import { type LvsNames, nameVirtualServers } from "./lvs-names.ts";
import type { CheckerVerdict } from "./lvs-types.ts";

/** One virtual server as it runs. */
export interface Pool {
  readonly virtualServer: VirtualServer;
  readonly names: LvsNames;
  state: PoolState;
  /** What `state` asks of the kernel; null until somebody wants to know. */
  services: ReadonlyMap<ServiceId, TableService> | null;
}

/** What a pool's servers and effects are told as. */
export type OnPoolEffect = (pool: Pool, effect: PoolEffect) => void;

export interface ApplicationFacts {
  readonly verdicts: readonly CheckerVerdict[];
  readonly weight: number | null;
}

/** What a configuration is taken up with. */
export interface Takeover {
  readonly virtualServers: readonly VirtualServer[];
  readonly groups: GroupMembers;
  /** What ran until now: equal servers keep their health. */
  readonly before: Pools;
  /** What is known of a probe target. */
  readonly verdictOf: (targetId: string) => CheckerVerdict;
  /** What checkers beside the probe loop say of a server; null leaves its weight as configured. */
  readonly applicationOf: (virtualServer: number, server: number) => ApplicationFacts;
  /** By virtual and real server, whether an earlier run had taken it out; such a server has to pass its checks first. */
  readonly takenOut: (virtualServer: number) => readonly boolean[];
  /** An operator's word about a server, by names. */
  readonly forceOf?: (virtualServer: string, realServer: string) => ServerForce | null;
  readonly onEffect: OnPoolEffect;
}

/** All virtual servers of the running configuration, in its order. */
export class Pools {
  readonly all: readonly Pool[];
  private readonly groups: GroupMembers;
  /** By service, the pools that ask for it. */
  private readonly askers = new Map<ServiceId, Pool[]>();

  private constructor(all: readonly Pool[], groups: GroupMembers) {
    this.all = all;
    this.groups = groups;
    for (const pool of all) {
      for (const id of this.servicesOf(pool).keys()) {
        const list = this.askers.get(id);
        if (list === undefined) this.askers.set(id, [pool]);
        else list.push(pool);
      }
    }
  }

  static empty(): Pools {
    return new Pools([], NO_GROUPS);
  }

  /** Those with virtual servers that a configuration does not have as they are, each with what that has instead of it. */
  changedIn(virtualServers: readonly VirtualServer[]): readonly (readonly [Pool, VirtualServer | null])[] {
    const same = new Set(virtualServers);
    const changed = this.keyed().filter(([, pool]) => !same.has(pool.virtualServer));
    if (changed.length === 0) return [];
    const keys = virtualServerKeys(virtualServers);
    const now = new Map(virtualServers.map((one, index) => [keys[index] ?? "", one]));
    return changed.map(([key, pool]) => [pool, now.get(key) ?? null]);
  }

  /** Every pool with what identifies it across a reload. */
  keyed(): readonly (readonly [string, Pool])[] {
    const keys = virtualServerKeys(this.all.map(({ virtualServer }) => virtualServer));
    return this.all.map((pool, index) => [keys[index] ?? "", pool]);
  }

  /** Those of some servers, by `overrideKey`, that there are. */
  configured(keys: ReadonlySet<string>): ReadonlySet<string> {
    if (keys.size === 0) return keys;
    const all = this.all.flatMap(({ virtualServer, names }) =>
      virtualServer.realServers.map((_, index) =>
        overrideKey({ virtualServer: names.virtualServer, realServer: names.realServer(index) ?? "" }),
      ),
    );
    return new Set(all.filter((key) => keys.has(key)));
  }

  static take(takeover: Takeover): Pools {
    const { virtualServers, groups, before, verdictOf, applicationOf, takenOut, forceOf, onEffect } = takeover;
    const names = nameVirtualServers(
      virtualServers,
      new Map(before.all.map((pool) => [pool.virtualServer, pool.names])),
    );
    const keys = virtualServerKeys(virtualServers);
    const old = new Map(before.keyed());
    const pools: Pool[] = [];
    virtualServers.forEach((virtualServer, index) => {
      const own = names[index];
      if (own === undefined) return;
      const previous = old.get(keys[index] ?? "") ?? null;
      if (previous !== null && isUntouched(previous, virtualServer, own)) {
        pools.push(previous);
        return;
      }
      const known = indexServers(previous);
      const out = previous === null ? takenOut(index) : [];
      const servers = virtualServer.realServers.map((server, position) => {
        const taken = takeServer(server, known.get(realServerKey(server)), {
          verdictOf,
          application: applicationOf(index, position),
          wasTakenOut: out[position] === true,
        });
        const force = forceOf?.(own.virtualServer, own.realServer(position) ?? "") ?? null;
        return force === null ? taken : forceServer(taken, force);
      });
      shareStates(servers);
      const step = startPool(virtualServer, servers, previous?.state.hasQuorum ?? null);
      const pool: Pool = { virtualServer, names: own, state: step.state, services: null };
      tellWeights(pool, known, onEffect);
      settle(pool, step, onEffect);
      pools.push(pool);
    });
    return new Pools(pools, groups);
  }

  /** One checker's verdict for one of its askers. @returns the pool if that changed it */
  judge(asker: Asker, isUp: boolean, isFirst: boolean, onEffect: OnPoolEffect): Pool | null {
    const pool = this.all[asker.virtualServer];
    if (pool === undefined) return null;
    const { server, checker } = asker;
    const { state } = pool;
    settle(
      pool,
      stepPool(pool.virtualServer, pool.state, { kind: "verdict", server, checker, isUp, isFirst }),
      onEffect,
    );
    return pool.state === state ? null : pool;
  }

  /** Whether a checker is what keeps its server out, be it that it has yet to pass for the first time. */
  hasFailed({ virtualServer, server, checker }: Asker): boolean {
    return this.all[virtualServer]?.state.servers[server]?.hasFailed[checker] === true;
  }

  /** One server's weight. */
  reweigh({ virtualServer, server }: Asker, weight: number, onEffect: OnPoolEffect): Pool | null {
    const pool = this.all[virtualServer];
    if (pool === undefined) return null;
    settle(pool, stepPool(pool.virtualServer, pool.state, { kind: "weight", server, weight }), onEffect);
    return pool;
  }

  /** What operators say now. @returns the pools in which that is news */
  force(forceOf: NonNullable<Takeover["forceOf"]>, onEffect: OnPoolEffect): readonly Pool[] {
    return this.all.filter((pool) => {
      const { virtualServer, names } = pool;
      let isNews = false;
      virtualServer.realServers.forEach((_, server) => {
        const force = forceOf(names.virtualServer, names.realServer(server) ?? "");
        if (isSameModel(force, pool.state.servers[server]?.force ?? null)) return;
        isNews = true;
        settle(pool, stepPool(virtualServer, pool.state, { kind: "force", server, force }), onEffect);
      });
      return isNews;
    });
  }

  /** What differs in the desired table from that of earlier pools; null for a service that is wanted no more. */
  changesSince(before: Pools): Map<ServiceId, TableService | null> {
    const [earlier, now] = [new Set(before.all), new Set(this.all)];
    const changes = new Map<ServiceId, TableService | null>();
    const gone = before.all.filter((pool) => !now.has(pool));
    for (const pool of gone) for (const id of before.servicesOf(pool).keys()) changes.set(id, this.desiredService(id));
    for (const [id, service] of this.desiredOf(this.all.filter((pool) => !earlier.has(pool)))) changes.set(id, service);
    return changes;
  }

  private desiredService(id: ServiceId): TableService | null {
    const wanted = (this.askers.get(id) ?? []).map((asker) => this.servicesOf(asker).get(id));
    return mergeServices(wanted.filter((one) => one !== undefined)).get(id) ?? null;
  }

  /** The services of some pools, put together with what others want of the same ones. */
  desiredOf(pools: Iterable<Pool>): Map<ServiceId, TableService> {
    const result = new Map<ServiceId, TableService>();
    for (const pool of pools) {
      for (const id of this.servicesOf(pool).keys()) {
        if (result.has(id)) continue;
        const merged = this.desiredService(id);
        if (merged !== null) result.set(id, merged);
      }
    }
    return result;
  }

  /** Many servers may change at once, so a pool is expanded when asked for and not at every change. */
  private servicesOf(pool: Pool): ReadonlyMap<ServiceId, TableService> {
    const { virtualServer, state } = pool;
    const health = { ...state, isPanicking: isPanicking(virtualServer, state) };
    pool.services ??= mergeServices(expandVirtualServer(virtualServer, health, this.groups));
    return pool.services;
  }
}

function settle(pool: Pool, step: PoolStep, onEffect: OnPoolEffect): void {
  if (step.state !== pool.state) pool.services = null;
  pool.state = step.state;
  for (const effect of step.effects) onEffect(pool, effect);
}

/**
 * Whether a reload may leave a pool as it is: verdicts, weights and operators' words have come to it all along. Members of
 * groups and what scripts and files say are looked at anew.
 */
function isUntouched(pool: Pool, virtualServer: VirtualServer, names: LvsNames): boolean {
  return (
    pool.virtualServer === virtualServer &&
    virtualServer.key.kind !== "group" &&
    pool.names.virtualServer === names.virtualServer &&
    virtualServer.realServers.every((server) => applicationCheckersOf(server).length === 0)
  );
}

interface KnownServer {
  readonly server: RealServer;
  readonly state: ServerState;
}

function indexServers(pool: Pool | null): Map<string, KnownServer> {
  const known = new Map<string, KnownServer>();
  pool?.virtualServer.realServers.forEach((server, index) => {
    const state = pool.state.servers[index];
    if (state !== undefined) known.set(realServerKey(server), { server, state });
  });
  return known;
}

/** Servers in a row mostly fare alike; one object then serves them all. */
function shareStates(servers: ServerState[]): void {
  for (const [index, state] of servers.entries()) {
    const last = servers[index - 1];
    if (last !== undefined && isSameModel(last, state)) servers[index] = last;
  }
}

interface ServerNews {
  readonly verdictOf: Takeover["verdictOf"];
  readonly application: ApplicationFacts;
  readonly wasTakenOut: boolean;
}

/** Health comes from the target, else from the same checker before the reload, else from the start rule. */
function takeServer(
  server: RealServer,
  old: KnownServer | undefined,
  { verdictOf, application, wasTakenOut }: ServerNews,
): ServerState {
  const initial = initialServer(server);
  const hasFailed = server.checkers.map((checker, index) => {
    const verdict = verdictOf(targetId(checker));
    if (verdict !== "pending") return verdict === "down";
    const endpoint = endpointId(checker);
    const same = old?.server.checkers.findIndex((one) => endpointId(one) === endpoint) ?? -1;
    return old?.state.hasFailed[same] ?? (wasTakenOut || initial.hasFailed[index] === true);
  });
  application.verdicts.forEach((verdict, index) => {
    const isUnknown = wasTakenOut || initial.hasFailed[server.checkers.length + index] === true;
    hasFailed.push(verdict === "pending" ? isUnknown : verdict === "down");
  });
  return { hasFailed, isAlive: !hasFailed.includes(true), weight: application.weight ?? server.weight };
}

function tellWeights(pool: Pool, known: ReadonlyMap<string, KnownServer>, onEffect: OnPoolEffect): void {
  pool.virtualServer.realServers.forEach((server, index) => {
    const from = known.get(realServerKey(server))?.state.weight;
    const now = pool.state.servers[index];
    if (from === undefined || now === undefined || from === now.weight) return;
    onEffect(pool, { kind: "weight-changed", server: index, from, to: now.weight, isAlive: now.isAlive });
  });
}
