import { type Override, overrideKey } from "../checker/override.ts";
import type {
  IpvsTraffic,
  LatenessSummary,
  ProbeKindCounters,
  TimeHistogram,
  VrrpLoopHealth,
} from "../native/contract.ts";
import type { BfdSessionSnapshot } from "../runtime/bfd-runtime.ts";
import type { LvsSnapshot, LvsUsage, RealServerStatus, ServerUsage } from "../runtime/lvs-types.ts";
import type { VrrpInstanceSnapshot } from "../runtime/vrrp-types.ts";
import { FAMILIES, type MetricFamily } from "./metric-families.ts";
import type { ProcessFacts, Snapshot } from "./views.ts";

/** @see OpenMetrics 1.0.0 */
export const METRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const CHUNK_CHARACTERS = 1 << 16;
const SECOND_US = 1_000_000;

interface Sample {
  /** In the order of the family's labels. */
  readonly labels: readonly (string | number)[];
  readonly value: number | boolean;
}

function escaped(value: string | number): string {
  return String(value).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function labelText(names: readonly string[], values: Sample["labels"]): string {
  return names.length === 0
    ? ""
    : `{${names.map((name, index) => `${name}="${escaped(values[index] ?? "")}"`).join(",")}}`;
}

function* samples({ name, type, labels: names, help }: MetricFamily, all: Iterable<Sample>): Generator<string> {
  yield `# TYPE ${name} ${type}\n# HELP ${name} ${help}.\n`;
  const full = type === "counter" ? `${name}_total` : name;
  for (const { labels, value } of all) yield `${full}${labelText(names, labels)} ${Number(value)}\n`;
}

function one(family: MetricFamily, value: number | boolean): Generator<string> {
  return samples(family, [{ labels: [], value }]);
}

function* processMetrics(facts: ProcessFacts, overrides: readonly Override[]): Generator<string> {
  const { version, compatible, node } = facts;
  yield* samples(FAMILIES.build, [{ labels: [version, compatible, node], value: 1 }]);
  yield* one(FAMILIES.uptime, facts.uptimeSec);
  yield* one(FAMILIES.heap, facts.heapUsedBytes);
  yield* one(FAMILIES.resident, facts.residentBytes);
  yield* summary(FAMILIES.loopLag, facts.loopLag);
  yield* one(FAMILIES.loopLagMax, facts.loopLag.maxUs / SECOND_US);
  const actions = ["drain", "disable", "weight"].map((kind) => ({
    labels: [kind],
    value: overrides.filter(({ action }) => action.kind === kind).length,
  }));
  yield* samples(FAMILIES.overrides, actions);
}

function* summary(family: MetricFamily, lateness: LatenessSummary): Generator<string> {
  const { name } = family;
  yield* samples(family, []);
  yield `${name}{quantile="0.5"} ${lateness.p50Us / SECOND_US}\n`;
  yield `${name}{quantile="0.99"} ${lateness.p99Us / SECOND_US}\n`;
  yield `${name}_count ${lateness.count}\n`;
}

/** Native counts are of each bucket alone; here they add up. */
function* histogram(
  family: MetricFamily,
  all: readonly { readonly labels: readonly string[]; readonly times: TimeHistogram }[],
): Generator<string> {
  const { name, labels: names } = family;
  yield* samples(family, []);
  for (const { labels, times } of all) {
    let count = 0;
    for (const [index, inBucket] of times.counts.entries()) {
      count += inBucket;
      const bound = times.boundsUs[index];
      const le = bound === undefined ? "+Inf" : bound / SECOND_US;
      yield `${name}_bucket${labelText([...names, "le"], [...labels, le])} ${count}\n`;
    }
    yield `${name}_count${labelText(names, labels)} ${count}\n`;
    yield `${name}_sum${labelText(names, labels)} ${times.sumUs / SECOND_US}\n`;
  }
}

function* loopMetrics(health: VrrpLoopHealth): Generator<string> {
  const { heartbeats, eventsLost, unknownVrids, lateness, advertLateness } = health;
  yield* one(FAMILIES.heartbeats, heartbeats);
  yield* one(FAMILIES.eventsLost, eventsLost);
  yield* one(FAMILIES.unknownVrids, unknownVrids);
  yield* summary(FAMILIES.lateness, lateness);
  yield* one(FAMILIES.latenessMax, lateness.maxUs / SECOND_US);
  yield* histogram(FAMILIES.advertLateness, [{ labels: [], times: advertLateness }]);
}

function* probeMetrics({ probes, probeHealth = null, scripts }: LvsSnapshot): Generator<string> {
  const kinds: readonly (readonly [string, ProbeKindCounters])[] = [
    ...Object.entries(probes?.kinds ?? {}),
    ...(scripts === undefined ? [] : [["misc", scripts] as const]),
  ];
  const results = kinds.flatMap(([kind, { succeeded, failed, local, late }]) =>
    Object.entries({ success: succeeded, failure: failed, local, late }).map(([result, value]) => ({
      labels: [kind, result],
      value,
    })),
  );
  yield* samples(FAMILIES.checks, results);
  yield* histogram(
    FAMILIES.probeLatency,
    kinds.map(([kind, { latency }]) => ({ labels: [kind], times: latency })),
  );
  if (probeHealth === null) return;
  yield* one(FAMILIES.probeHeartbeats, probeHealth.heartbeats);
  yield* summary(FAMILIES.probeLateness, probeHealth.lateness);
  yield* one(FAMILIES.probeLatenessMax, probeHealth.lateness.maxUs / SECOND_US);
}

const STATES = ["initialize", "backup", "active", "fault"] as const;

function* instanceMetrics(instances: readonly VrrpInstanceSnapshot[], nowUs: number): Generator<string> {
  const labelsOf = (it: VrrpInstanceSnapshot): readonly (string | number)[] => [
    it.name,
    it.interfaceName,
    it.vrid,
    it.family,
  ];
  const each = (family: MetricFamily, value: (it: VrrpInstanceSnapshot) => number): Generator<string> =>
    samples(
      family,
      instances.map((it) => ({ labels: labelsOf(it), value: value(it) })),
    );
  const states = instances.flatMap((it) =>
    STATES.map((state) => ({ labels: [...labelsOf(it), state], value: it.state === state })),
  );
  yield* samples(FAMILIES.state, states);
  yield* each(FAMILIES.stateAge, ({ sinceUs }) => (nowUs - sinceUs) / SECOND_US);
  yield* each(FAMILIES.basePriority, ({ basePriority }) => basePriority);
  yield* each(FAMILIES.priority, ({ effectivePriority }) => effectivePriority);
  yield* each(FAMILIES.faults, ({ faultReasons }) => faultReasons.length);
  yield* each(FAMILIES.becameActive, ({ becameActive }) => becameActive);
  yield* each(FAMILIES.releasedActive, ({ releasedActive }) => releasedActive);
  const transitions = instances.flatMap((it) =>
    (it.transitions ?? []).map(({ from, to, cause, count }) => ({
      labels: [...labelsOf(it), from, to, cause],
      value: count,
    })),
  );
  yield* samples(FAMILIES.transitions, transitions);
  yield* each(FAMILIES.sent, ({ counters }) => counters?.advertsSent ?? 0);
  yield* each(FAMILIES.received, ({ counters }) => counters?.advertsReceived ?? 0);
  const drops = instances.flatMap((it) =>
    Object.entries(it.counters?.dropped ?? {}).map(([reason, value]) => ({ labels: [...labelsOf(it), reason], value })),
  );
  yield* samples(FAMILIES.dropped, drops);
  yield* each(FAMILIES.zeroSent, ({ counters }) => counters?.priorityZeroSent ?? 0);
  yield* each(FAMILIES.zeroReceived, ({ counters }) => counters?.priorityZeroReceived ?? 0);
}

function* sessionMetrics(sessions: readonly BfdSessionSnapshot[], nowUs: number): Generator<string> {
  const labelsOf = ({ name, neighborAddress }: BfdSessionSnapshot): readonly string[] => [name, neighborAddress ?? ""];
  const each = (family: MetricFamily, value: (it: BfdSessionSnapshot) => number | boolean): Generator<string> =>
    samples(
      family,
      sessions.map((it) => ({ labels: labelsOf(it), value: value(it) })),
    );
  yield* each(FAMILIES.bfdUp, ({ isUp }) => isUp);
  yield* each(FAMILIES.bfdStateAge, ({ sinceUs }) => (nowUs - sinceUs) / SECOND_US);
  yield* each(FAMILIES.bfdDetection, ({ detectionUs }) => detectionUs / SECOND_US);
  yield* each(FAMILIES.bfdSent, ({ status }) => status?.packetsSent ?? 0);
  yield* each(FAMILIES.bfdReceived, ({ status }) => status?.packetsReceived ?? 0);
  const drops = sessions.flatMap((it) =>
    Object.entries(it.status?.dropped ?? {}).map(([reason, value]) => ({ labels: [...labelsOf(it), reason], value })),
  );
  yield* samples(FAMILIES.bfdDropped, drops);
}

function* tableMetrics({ probes, table }: LvsSnapshot): Generator<string> {
  if (probes !== null) {
    const { succeeded, failed, local, late, inFlight } = probes;
    const results = Object.entries({ success: succeeded, failure: failed, local, late });
    yield* samples(
      FAMILIES.probes,
      results.map(([result, value]) => ({ labels: [result], value })),
    );
    yield* one(FAMILIES.inFlight, inFlight);
  }
  yield* one(FAMILIES.inSync, table.isInSync);
  yield* one(FAMILIES.reconciles, table.reconciles);
  yield* one(FAMILIES.repairs, table.repairs);
  yield* one(FAMILIES.failures, table.failures);
}

function* serverSamples(
  { virtualServers }: LvsSnapshot,
  of: (
    server: RealServerStatus,
    virtualServer: string,
  ) => readonly { readonly more: readonly string[]; readonly value: number | boolean }[],
): Generator<Sample> {
  for (const { name, realServers } of virtualServers) {
    for (const server of realServers) {
      for (const { more, value } of of(server, name)) yield { labels: [name, server.name, ...more], value };
    }
  }
}

function* serverMetrics(lvs: LvsSnapshot): Generator<string> {
  const each = (
    family: MetricFamily,
    value: (it: LvsSnapshot["virtualServers"][0]) => number | boolean,
  ): Generator<string> =>
    samples(
      family,
      lvs.virtualServers.map((it) => ({ labels: [it.name], value: value(it) })),
    );
  yield* each(FAMILIES.quorum, ({ hasQuorum }) => hasQuorum);
  yield* each(FAMILIES.sorry, ({ isSorryServerActive }) => isSorryServerActive);
  yield* each(FAMILIES.servers, ({ realServers }) => realServers.length);
  yield* each(FAMILIES.alive, ({ realServers }) => realServers.filter(({ isAlive }) => isAlive).length);
  yield* samples(
    FAMILIES.up,
    serverSamples(lvs, ({ isAlive }) => [{ more: [], value: isAlive }]),
  );
  yield* samples(
    FAMILIES.weight,
    serverSamples(lvs, ({ weight }) => [{ more: [], value: weight }]),
  );
  yield* samples(
    FAMILIES.checkUp,
    serverSamples(lvs, ({ checkers }) =>
      uniqueKinds(checkers).map(({ kind, verdict }) => ({ more: [kind], value: verdict === "up" })),
    ),
  );
  yield* samples(
    FAMILIES.checkLatency,
    serverSamples(lvs, ({ checkers }) =>
      uniqueKinds(checkers).flatMap(({ kind, last = null }) =>
        last === null ? [] : [{ more: [kind], value: last.latencyUs / SECOND_US }],
      ),
    ),
  );
}

const DIRECTIONS = ["in", "out"] as const;

function* trafficMetrics(lvs: LvsSnapshot, { virtualServers, realServers }: LvsUsage): Generator<string> {
  const each = (
    family: MetricFamily,
    of: (traffic: IpvsTraffic) => readonly { readonly more: readonly string[]; readonly value: number }[],
  ): Generator<string> =>
    samples(
      family,
      [...virtualServers].flatMap(([name, traffic]) =>
        of(traffic).map(({ more, value }) => ({ labels: [name, ...more], value })),
      ),
    );
  const both = (of: Readonly<Record<"in" | "out", number>>): readonly { more: readonly string[]; value: number }[] =>
    DIRECTIONS.map((direction) => ({ more: [direction], value: of[direction] }));
  const packets = ({ inPackets, outPackets }: IpvsTraffic): ReturnType<typeof both> =>
    both({ in: inPackets, out: outPackets });
  const bytes = ({ inBytes, outBytes }: IpvsTraffic): ReturnType<typeof both> => both({ in: inBytes, out: outBytes });
  const scheduled = ({ connections }: IpvsTraffic): ReturnType<typeof both> => [{ more: [], value: connections }];
  yield* each(FAMILIES.virtualConnections, scheduled);
  yield* each(FAMILIES.virtualPackets, packets);
  yield* each(FAMILIES.virtualBytes, bytes);
  const eachServer = (family: MetricFamily, of: (usage: ServerUsage) => ReturnType<typeof both>): Generator<string> =>
    samples(
      family,
      serverSamples(lvs, (server, virtualServer) => {
        const usage = realServers.get(overrideKey({ virtualServer, realServer: server.name }));
        return usage === undefined ? [] : of(usage);
      }),
    );
  yield* eachServer(FAMILIES.connections, ({ traffic }) => scheduled(traffic));
  yield* eachServer(FAMILIES.openConnections, ({ activeConnections, inactiveConnections }) => [
    { more: ["active"], value: activeConnections },
    { more: ["inactive"], value: inactiveConnections },
  ]);
  yield* eachServer(FAMILIES.packets, ({ traffic }) => packets(traffic));
  yield* eachServer(FAMILIES.bytes, ({ traffic }) => bytes(traffic));
}

/** Of several checks of one kind the worst, so that no series comes twice: down, pending, up. */
function uniqueKinds(checkers: RealServerStatus["checkers"]): RealServerStatus["checkers"] {
  if (checkers.length < 2) return checkers;
  const worst = new Map<string, RealServerStatus["checkers"][0]>();
  const rank = { down: 0, pending: 1, up: 2 } as const;
  for (const checker of checkers) {
    const known = worst.get(checker.kind);
    if (known === undefined || rank[checker.verdict] < rank[known.verdict]) worst.set(checker.kind, checker);
  }
  return [...worst.values()];
}

export interface MetricSources {
  readonly snapshot: Snapshot;
  readonly facts: ProcessFacts;
  readonly overrides: readonly Override[];
  /** Null when the kernel's table can't be read. */
  readonly usage: LvsUsage | null;
  readonly nowUs: number;
}

/** The exposition in parts of about 64 KiB, so that many servers are never rendered in one go. */
export function* renderMetrics(sources: MetricSources): Generator<string> {
  let part = "";
  for (const text of allMetrics(sources)) {
    part += text;
    if (part.length < CHUNK_CHARACTERS) continue;
    yield part;
    part = "";
  }
  yield `${part}# EOF\n`;
}

function* allMetrics({ snapshot, facts, overrides, usage, nowUs }: MetricSources): Generator<string> {
  const { instances, bfdSessions, lvs, vrrpHealth } = snapshot;
  yield* processMetrics(facts, overrides);
  if (vrrpHealth !== null) yield* loopMetrics(vrrpHealth);
  if (instances.length > 0) yield* instanceMetrics(instances, nowUs);
  if (bfdSessions.length > 0) yield* sessionMetrics(bfdSessions, nowUs);
  if (lvs === null) return;
  yield* tableMetrics(lvs);
  yield* probeMetrics(lvs);
  if (lvs.virtualServers.length === 0) return;
  yield* serverMetrics(lvs);
  if (usage !== null) yield* trafficMetrics(lvs, usage);
}
