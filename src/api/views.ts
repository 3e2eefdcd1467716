import { type Override, overrideKey } from "../checker/override.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { LatenessSummary, ProbeCounters, TimeHistogram, VrrpLoopHealth } from "../native/contract.ts";
import type { BfdSessionSnapshot } from "../runtime/bfd-runtime.ts";
import type { CheckerStatus, LvsSnapshot, RealServerStatus, VirtualServerStatus } from "../runtime/lvs-types.ts";
import type { VrrpOrder } from "../runtime/vrrp-operator.ts";
import type { VrrpInstanceSnapshot } from "../runtime/vrrp-types.ts";
import { routersHeard } from "../vrrp/heard.ts";
import type {
  BfdSessionView,
  DiagnosticView,
  Instance,
  OverrideView,
  RealServersPage,
  RealServerView,
  Status,
  VirtualServerView,
} from "./schema.ts";

/** What the views are made of. */
export interface Snapshot {
  readonly configuration: CompleteConfiguration;
  readonly instances: readonly VrrpInstanceSnapshot[];
  readonly bfdSessions: readonly BfdSessionSnapshot[];
  readonly lvs: LvsSnapshot | null;
  readonly vrrpHealth: VrrpLoopHealth | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Of the process. */
export interface ProcessFacts {
  readonly version: string;
  readonly compatible: string;
  readonly pid: number;
  readonly node: string;
  readonly uptimeSec: number;
  readonly configFile: string;
  readonly lastEvent: number;
  readonly heapUsedBytes: number;
  readonly residentBytes: number;
  /** How late the timers of the control loop (JavaScript) fire. */
  readonly loopLag: LatenessSummary;
}

const SECOND_US = 1_000_000;

function ageSec(nowUs: number, sinceUs: number): number {
  return Math.round((nowUs - sinceUs) / 1000) / 1000;
}

function count<Item>(items: readonly Item[], isCounted: (item: Item) => boolean): number {
  return items.reduce((sum, item) => sum + Number(isCounted(item)), 0);
}

export function viewStatus(snapshot: Snapshot, facts: ProcessFacts): Status {
  const { instances, bfdSessions, lvs, vrrpHealth, configuration } = snapshot;
  const { heapUsedBytes, residentBytes, loopLag: _, ...process } = facts;
  const inState = (state: VrrpInstanceSnapshot["state"]): number => count(instances, (one) => one.state === state);
  const virtualServers = lvs?.virtualServers ?? [];
  const total = virtualServers.reduce((sum, { realServers }) => sum + realServers.length, 0);
  return {
    ...process,
    routerId: configuration.global.routerId,
    instances: {
      initialize: inState("initialize"),
      backup: inState("backup"),
      active: inState("active"),
      fault: inState("fault"),
    },
    bfdSessions: { total: bfdSessions.length, up: count(bfdSessions, ({ isUp }) => isUp) },
    virtualServers: { total: virtualServers.length, withQuorum: count(virtualServers, ({ hasQuorum }) => hasQuorum) },
    realServers: { total, alive: virtualServers.reduce((sum, one) => sum + aliveOf(one), 0) },
    vrrpLoop: vrrpHealth && viewVrrpLoop(vrrpHealth),
    probes: viewProbes(lvs?.probes ?? null),
    ipvs: lvs?.table ?? null,
    memory: { heapUsedBytes, residentBytes },
  };
}

/** Whole histograms are for the metrics. */
function viewVrrpLoop(health: VrrpLoopHealth): NonNullable<Status["vrrpLoop"]> {
  const { heartbeats, commands, eventsLost, lateness, advertLateness } = health;
  const count = countOf(advertLateness);
  return {
    heartbeats,
    commands,
    eventsLost,
    lateness,
    advertLateness: { count, p99Us: quantileUs(advertLateness, 0.99) },
  };
}

function countOf({ counts }: TimeHistogram): number {
  return counts.reduce((all, one) => all + one, 0);
}

/** @returns the least upper end of a bucket that holds this share together with those below; null when none does */
function quantileUs(histogram: TimeHistogram, share: number): number | null {
  const wanted = countOf(histogram) * share;
  if (wanted === 0) return null;
  let sum = 0;
  const index = histogram.counts.findIndex((count) => {
    sum += count;
    return sum >= wanted;
  });
  return histogram.boundsUs[index] ?? null;
}

function viewProbes(counters: ProbeCounters | null): Status["probes"] {
  if (counters === null) return null;
  const { kinds, ...sums } = counters;
  const latency = Object.entries(kinds).map(([kind, { latency: times }]) => [
    kind,
    { count: countOf(times), sumUs: times.sumUs },
  ]);
  return { ...sums, latency: Object.fromEntries(latency) };
}

function viewOrder({ wish, owner, reason, sinceMs, expiresMs }: VrrpOrder): NonNullable<Instance["order"]> {
  const priority = wish.kind === "priority" ? wish.priority : null;
  return { wish: wish.kind, priority, owner, reason, sinceMs, expiresMs };
}

function viewRouters({ recording = [], activeRouter }: VrrpInstanceSnapshot, nowUs: number): Instance["routers"] {
  return routersHeard(recording, activeRouter).map(({ newsUs, ...router }) => ({
    ...router,
    newsAgeSec: newsUs === null ? null : ageSec(nowUs, newsUs),
  }));
}

export function viewInstance(instance: VrrpInstanceSnapshot, order: VrrpOrder | null, nowUs: number): Instance {
  const { interfaceName, sinceUs, counters, recording: _, transitions: __, ...rest } = instance;
  const dropped = Object.entries(counters?.dropped ?? {}).filter(([, drops]) => drops > 0);
  return {
    ...rest,
    interface: interfaceName,
    stateAgeSec: ageSec(nowUs, sinceUs),
    routers: viewRouters(instance, nowUs),
    faultReasons: [...rest.faultReasons],
    order: order && viewOrder(order),
    virtualAddresses: [...rest.virtualAddresses],
    advertsSent: counters?.advertsSent ?? 0,
    advertsReceived: counters?.advertsReceived ?? 0,
    advertsDropped: Object.fromEntries(dropped),
  };
}

export function viewBfdSession(session: BfdSessionSnapshot, nowUs: number): BfdSessionView {
  const { sinceUs, status, ...rest } = session;
  const dropped = Object.entries(status?.dropped ?? {}).filter(([, drops]) => drops > 0);
  return {
    ...rest,
    stateAgeSec: ageSec(nowUs, sinceUs),
    packetsSent: status?.packetsSent ?? 0,
    packetsReceived: status?.packetsReceived ?? 0,
    packetsDropped: Object.fromEntries(dropped),
  };
}

function aliveOf({ realServers }: VirtualServerStatus): number {
  return count(realServers, ({ isAlive }) => isAlive);
}

export function viewVirtualServer(status: VirtualServerStatus): VirtualServerView {
  const { name, scheduler, hasQuorum, isSorryServerActive, realServers } = status;
  return {
    name,
    scheduler,
    hasQuorum,
    isSorryServerActive,
    realServers: realServers.length,
    aliveRealServers: aliveOf(status),
  };
}

function viewCheck(
  { kind, verdict, failures, last = null }: CheckerStatus,
  nowUs: number,
): RealServerView["checks"][0] {
  const result =
    last === null ? null : { reason: last.reason, latencyUs: last.latencyUs, ageSec: ageSec(nowUs, last.atUs) };
  return { kind, verdict, failures, last: result };
}

function viewRealServer(
  status: RealServerStatus,
  override: Override | undefined,
  nowUs: number,
): Omit<RealServerView, "virtualServer"> {
  const { checkers, ...rest } = status;
  const said =
    override === undefined
      ? null
      : { action: override.action.kind, owner: override.owner, reason: override.reason, expiresMs: override.expiresMs };
  return { ...rest, override: said, checks: checkers.map((checker) => viewCheck(checker, nowUs)) };
}

export function viewOverride({ action, ...rest }: Override): OverrideView {
  return {
    ...rest,
    action: action.kind,
    weight: action.kind === "weight" ? action.weight : null,
    isDrained: action.kind === "drain" && action.isDone,
    deadlineMs: action.kind === "drain" ? action.deadlineMs : null,
  };
}

export interface RealServerQuery {
  readonly overrides: readonly Override[];
  /** Null: of all. */
  readonly virtualServer: string | null;
  readonly isAlive: boolean | null;
  readonly offset: number;
  readonly limit: number;
}

/** A page of real servers, in the order of the configuration. */
export function viewRealServers(lvs: LvsSnapshot | null, query: RealServerQuery, nowUs: number): RealServersPage {
  const { virtualServer, isAlive, offset, limit } = query;
  const overrides = new Map(query.overrides.map((one) => [overrideKey(one), one]));
  const items: RealServerView[] = [];
  let total = 0;
  for (const { name, realServers } of lvs?.virtualServers ?? []) {
    if (virtualServer !== null && virtualServer !== name) continue;
    for (const server of realServers) {
      if (isAlive !== null && server.isAlive !== isAlive) continue;
      if (total >= offset && items.length < limit) {
        const override = overrides.get(overrideKey({ virtualServer: name, realServer: server.name }));
        items.push({ virtualServer: name, ...viewRealServer(server, override, nowUs) });
      }
      total += 1;
    }
  }
  return { total, offset, items };
}

export function viewDiagnostic(diagnostic: Diagnostic): DiagnosticView {
  const { severity, code, message, place } = diagnostic;
  return {
    severity,
    code,
    message,
    file: place?.file ?? null,
    line: place?.line ?? null,
    column: place?.column ?? null,
  };
}

/** For a clock that counts from elsewhere: when something happened, in milliseconds since 1970. */
export function wallClockMs(atUs: number, nowUs: number, nowMs: number): number {
  return Math.round(nowMs - ((nowUs - atUs) / SECOND_US) * 1000);
}
