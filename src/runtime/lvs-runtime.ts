import { applicationCheckersOf } from "../checker/application.ts";
import { overrideKey, type ServerForce } from "../checker/override.ts";
import { type Asker, isSamePlan, planTargets } from "../checker/targets.ts";
import { findTakenOut } from "../ipvs/adoption.ts";
import { type GroupMembers, NO_GROUPS } from "../ipvs/groups.ts";
import type { VirtualServer } from "../model/lvs.ts";
import { collectGarbage } from "./heap.ts";
import type { ApplicationReport } from "./lvs-application.ts";
import { countConnections, usageOf } from "./lvs-connections.ts";
import { type Engine, openEngine } from "./lvs-engine.ts";
import { placeOf, smtpFailure } from "./lvs-failure-wording.ts";
import type { GuardedVerdict } from "./lvs-guard.ts";
import { GroupMarks } from "./lvs-marks.ts";
import { nameVirtualServers } from "./lvs-names.ts";
import { type OnPoolEffect, type Pool, Pools } from "./lvs-pools.ts";
import type { ProbeReport } from "./lvs-probes.ts";
import { isWeb, LvsSpeaker } from "./lvs-speaker.ts";
import { poolStatus } from "./lvs-status.ts";
import type {
  LvsConfiguration,
  LvsGlobals,
  LvsPoolEvent,
  LvsRuntime,
  LvsRuntimeDependencies,
  LvsRuntimeOptions,
  LvsSnapshot,
  LvsUsage,
} from "./lvs-types.ts";
import { speakInitializing, speakPoolEffect, speakTakenOut } from "./lvs-wording.ts";
import { ScriptCounter } from "./script-counter.ts";

const IDLE_TABLE: LvsSnapshot["table"] = { reconciles: 0, repairs: 0, failures: 0, isInSync: true };

/** From a start or reload to when its garbage is collected: most first checks are through then, which leave some too. */
const GARBAGE_DELAY_US = 15_000_000;
/** Before it is collected a second time, which gives the room back: two pauses are better than a long one. */
const SECOND_COLLECTION_US = 1_000_000;

/** Zero leaves the kernel's value. */
const NO_TIMEOUTS: NonNullable<LvsGlobals["lvsTimeoutsSec"]> = { tcp: 0, tcpFin: 0, udp: 0 };

/** @see LvsRuntime */
export function createLvsRuntime(options: LvsRuntimeOptions, dependencies: LvsRuntimeDependencies): LvsRuntime {
  return new Runtime(options, dependencies);
}

class Runtime implements LvsRuntime {
  private readonly options: LvsRuntimeOptions;
  private readonly deps: LvsRuntimeDependencies;
  private engine: Engine | null = null;
  private pools = Pools.empty();
  private global: LvsGlobals | null = null;
  private readonly marks: GroupMarks;
  private isStopped = false;
  /** BFD sessions by name, whether they are up; kept for an engine that is opened later. */
  private readonly sessions = new Map<string, boolean>();
  private forces: ReadonlyMap<string, ServerForce> = new Map();
  private groups: GroupMembers = NO_GROUPS;
  private readonly scripts = new ScriptCounter();
  /** Of what the pools do at the moment. */
  private cause: LvsPoolEvent["cause"] = "start";
  /** The call that is under way; the next one waits for it. */
  private tail: Promise<void> = Promise.resolve();
  private cancelCollection: () => void = () => {};

  private readonly speaker: LvsSpeaker;

  constructor(options: LvsRuntimeOptions, dependencies: LvsRuntimeDependencies) {
    this.options = options;
    this.deps = dependencies;
    this.marks = new GroupMarks(dependencies);
    this.speaker = new LvsSpeaker({
      log: (record) => dependencies.log(record),
      pools: () => this.pools,
      global: () => this.global,
      isSuspended: (index) => this.engine?.suspension.isSuspended(index) === true,
    });
  }

  start(configuration: LvsConfiguration): Promise<void> {
    return this.enqueue(() => this.take(configuration, false));
  }

  reload(configuration: LvsConfiguration): Promise<void> {
    return this.enqueue(() => this.take(configuration, true));
  }

  stop(): Promise<void> {
    return this.enqueue(() => this.shutDown());
  }

  snapshot(): LvsSnapshot {
    return {
      virtualServers: this.pools.all.map((pool, index) => poolStatus(pool, index, this.engine)),
      probes: this.engine?.probes.counters() ?? null,
      probeHealth: this.engine?.probes.health() ?? null,
      scripts: this.scripts.counters(),
      ...(this.engine === null ? {} : { files: this.engine.application.fileValues() }),
      table: this.engine?.sync.status() ?? IDLE_TABLE,
    };
  }

  bfdChanged(name: string, isUp: boolean): void {
    this.sessions.set(name, isUp);
    if (!this.isStopped) this.engine?.application.bfdChanged(name, isUp);
  }

  probeHeartbeats(): number | null {
    return this.engine?.probes.health()?.heartbeats ?? null;
  }

  force(forces: ReadonlyMap<string, ServerForce>): void {
    this.forces = forces;
    if (this.isStopped) return;
    this.cause = "operator";
    this.engine?.sync.update(this.pools.desiredOf(this.pools.force(this.forceOf, this.onEffect)));
  }

  async connections(keys: ReadonlySet<string>): Promise<ReadonlyMap<string, number>> {
    const usage = await this.usage();
    // While it starts or stops nothing is known of any server, which is not the same as no connections.
    return this.isStopped ? new Map() : countConnections(usage, this.pools.configured(keys));
  }

  async usage(): Promise<LvsUsage> {
    const services = this.engine === null || this.isStopped ? [] : await this.engine.sync.usage();
    return usageOf(this.pools.all, services, this.groups);
  }

  private readonly forceOf = (virtualServer: string, realServer: string): ServerForce | null =>
    this.forces.get(overrideKey({ virtualServer, realServer })) ?? null;

  private enqueue(call: () => Promise<void>): Promise<void> {
    const result = this.tail.then(call);
    this.tail = result.catch(() => undefined);
    return result;
  }

  private async take(configuration: LvsConfiguration, isReload: boolean): Promise<void> {
    const { global, virtualServers } = configuration;
    if (this.isStopped || (virtualServers.length === 0 && this.engine === null)) return;
    const isFirst = this.engine === null;
    const engine = this.engine ?? (await this.openEngine(global));
    this.engine = engine;
    this.global = global;
    this.deps.log(speakInitializing(isReload));
    engine.sync.useInterval(global.ipvsReconcileIntervalUs ?? this.options.reconcileIntervalUs);
    await engine.sync.useTimeouts(global.lvsTimeoutsSec ?? NO_TIMEOUTS);
    const before = this.pools;
    const groups = this.marks.plan(configuration);
    this.groups = groups;
    this.speaker.gone(before, virtualServers);
    const out = isFirst ? this.takenOut(engine, virtualServers, groups) : [];
    const waits = (asker: Asker): boolean => out[asker.virtualServer]?.[asker.server] === true;
    const { planned } = engine.probes;
    const running = before.all.map((pool) => pool.virtualServer);
    const targets = isSamePlan(running, virtualServers) ? null : planTargets(virtualServers, planned);
    await engine.suspension.configure(virtualServers, groups);
    engine.probes.replaceAll(targets, isReload, waits);
    engine.application.replaceAll(virtualServers, configuration.trackFiles ?? [], isReload, waits);
    const guarded = engine.application.guarded();
    engine.guard.configure(virtualServers, (id) => guarded.get(id) ?? planned.get(id));
    // Not earlier: verdicts that came while it waited have causes of their own.
    this.cause = "start";
    this.pools = Pools.take({
      virtualServers,
      groups,
      before,
      verdictOf: (id) => (engine.guard.isHeld(id) ? "up" : engine.probes.verdictOf(id)),
      applicationOf: (virtualServer, server) => ({
        verdicts: engine.application.verdictsOf(virtualServer, server, (id) => engine.guard.isHeld(id)),
        weight: engine.application.weightOf(virtualServer, server),
      }),
      takenOut: (index) => out[index] ?? [],
      forceOf: this.forceOf,
      onEffect: this.onEffect,
    });
    if (isFirst && global.notifiesInitialServers === true) this.tellInitialServers();
    engine.sync.update(this.pools.changesSince(before));
    await engine.sync.settled();
    await this.marks.set();
    this.speaker.activations(new Set(before.all));
    this.collectLater();
  }

  private collectLater(): void {
    const { clock, collectGarbage: collect = collectGarbage } = this.deps;
    this.cancelCollection();
    this.cancelCollection = clock.after(GARBAGE_DELAY_US, () => {
      collect();
      this.cancelCollection = clock.after(SECOND_COLLECTION_US, collect);
    });
  }

  /** By virtual and real server. After a crash, those that had failed do not come back before they have passed their checks. */
  private takenOut(
    engine: Engine,
    virtualServers: readonly VirtualServer[],
    groups: GroupMembers,
  ): readonly (readonly boolean[])[] {
    const names = nameVirtualServers(virtualServers);
    return virtualServers.map((virtualServer, index) => {
      const weights = virtualServer.realServers.map(({ weight }, server) => {
        const force = this.forceOf(names[index]?.virtualServer ?? "", names[index]?.realServer(server) ?? "");
        return force?.kind === "weight" ? force.weight : weight;
      });
      const out = findTakenOut(virtualServer, groups, engine.sync.known(), weights);
      virtualServer.realServers.forEach((server, position) => {
        const isChecked = server.checkers.length > 0 || applicationCheckersOf(server).length > 0;
        if (out[position] === true && isChecked) this.deps.log(speakTakenOut(server));
      });
      return out;
    });
  }

  private async openEngine(global: LvsGlobals): Promise<Engine> {
    const engine = await openEngine(global, this.deps, this.scripts, {
      onReports: (reports) => this.onReports(reports),
      onApplicationReports: (reports) => this.onApplicationReports(reports),
      onLateVerdicts: (verdicts) => this.onLateVerdicts(verdicts),
      onSuspensionNews: (virtualServers) => this.onSuspensionNews(virtualServers),
    });
    for (const [name, isUp] of this.sessions) engine.application.bfdChanged(name, isUp);
    return engine;
  }

  private readonly onEffect: OnPoolEffect = (pool, effect) => {
    const record = speakPoolEffect(effect, pool.virtualServer, pool.names);
    if (record !== null) this.deps.log(record);
    this.tellOutside(pool, effect);
  };

  private tellOutside({ virtualServer, names, state }: Pool, effect: LvsPoolEvent["effect"]): void {
    const alive = state.servers.map(({ isAlive }) => isAlive);
    this.deps.onPoolEvent?.({ virtualServer, names, effect, alive, cause: this.cause });
  }

  /** `rs_init_notifies` */
  private tellInitialServers(): void {
    for (const pool of this.pools.all) {
      pool.state.servers.forEach(({ isAlive }, server) => {
        if (isAlive) this.tellOutside(pool, { kind: "server-up", server });
      });
    }
  }

  /** `omega`: servers and quorum go down for those who listen. */
  private tellOmega(pool: Pool): void {
    if (!("isOmega" in pool.virtualServer) || pool.virtualServer.isOmega !== true) return;
    const { servers, hasQuorum } = pool.state;
    servers.forEach(({ isAlive }, server) => {
      if (isAlive) this.tellOutside(pool, { kind: "server-down", server });
    });
    if (hasQuorum) this.tellOutside(pool, { kind: "quorum-lost", liveWeight: 0, isAtStart: false });
  }

  private onReports(reports: readonly ProbeReport[]): void {
    const touched = new Set<Pool>();
    for (const report of reports) {
      const { verdict, target } = report;
      const cause = probeCause(report);
      const judged: GuardedVerdict | null = verdict === null ? null : { check: target, ...verdict, cause };
      // keepalived: nobody is told that a web server which was out from the start (alpha) stays out.
      const isSilent = isWeb(target.kind) && verdict?.isUp === false;
      const isAdmitted = judged !== null && this.engine?.guard.admits(judged) !== false;
      for (const asker of target.askers) {
        this.speaker.report(report, asker);
        if (isAdmitted) this.judge(asker, isSilent ? { ...judged, isFirst: false } : judged, touched);
      }
    }
    this.engine?.sync.update(this.pools.desiredOf(touched));
  }

  /** What the guard held or takes back. */
  private onLateVerdicts(verdicts: readonly GuardedVerdict[]): void {
    const touched = new Set<Pool>();
    for (const verdict of verdicts) {
      for (const asker of verdict.check.askers) this.judge(asker, verdict, touched);
    }
    this.engine?.sync.update(this.pools.desiredOf(touched));
  }

  private judge(asker: Asker, { isUp, isFirst, cause }: GuardedVerdict, touched: Set<Pool>): void {
    this.cause = cause;
    const pool = this.pools.judge(asker, isUp, isFirst, this.onEffect);
    if (pool !== null) touched.add(pool);
  }

  private onApplicationReports(reports: readonly ApplicationReport[]): void {
    const touched = new Set<Pool>();
    for (const report of reports) {
      const { asker, guarded, run, verdict, weight } = report;
      const cause = causeOf(report);
      this.cause = cause;
      // keepalived: the weight that comes with a recovery is set without a word.
      const isRecovery = run !== null && verdict?.isUp === true;
      const reweighed = this.pools.reweigh(asker, weight, (pool, effect) => {
        if (!(isRecovery && effect.kind === "weight-changed" && !effect.isAlive)) this.onEffect(pool, effect);
      });
      if (reweighed !== null) touched.add(reweighed);
      this.speaker.application(report);
      const judged: GuardedVerdict | null = verdict === null ? null : { check: guarded, ...verdict, cause };
      if (judged !== null && this.engine?.guard.admits(judged) !== false) this.judge(asker, judged, touched);
    }
    this.engine?.sync.update(this.pools.desiredOf(touched));
  }

  /** Checkers of these virtual servers begin to rest, or to run. */
  private onSuspensionNews(virtualServers: readonly number[]): void {
    const { engine } = this;
    if (engine === null || this.isStopped) return;
    for (const index of virtualServers) {
      const pool = this.pools.all[index];
      if (pool !== undefined)
        this.speaker.checkers(pool, engine.suspension.isSuspended(index) ? "Suspending" : "Activating");
    }
    engine.probes.applySuspension();
    engine.application.applySuspension();
  }

  private async shutDown(): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    this.cancelCollection();
    const { engine } = this;
    if (engine === null) return;
    engine.suspension.close();
    engine.guard.close();
    engine.probes.close();
    engine.application.close();
    this.cause = "stop";
    for (const pool of this.pools.all) this.tellOmega(pool);
    if (!this.options.keepsTableAtStop) {
      for (const pool of this.pools.all) this.tellOutside(pool, { kind: "stopped" });
      for (const pool of this.pools.all) {
        for (const index of pool.virtualServer.realServers.keys()) this.speaker.removal(pool, index, "stop");
      }
      await engine.sync.useTimeouts(NO_TIMEOUTS);
      await engine.sync.removeAll(this.global?.flushesIpvsAtStop ?? "no");
      await this.marks.remove();
    }
    this.marks.stop();
    await engine.sync.close();
  }
}

function probeCause({ target, isSuccess, reason, stage }: ProbeReport): Exclude<LvsPoolEvent["cause"], string> {
  const { kind: check, probe } = target;
  if (check !== "smtp" || isSuccess || reason === null) return { check };
  return { check, failure: smtpFailure({ reason, stage }, probe, placeOf(probe)) };
}

function causeOf({ check, run }: ApplicationReport): Exclude<LvsPoolEvent["cause"], string> {
  const cause = { check: check.kind, isTimedOut: run?.end.kind === "timed-out" };
  return check.kind === "bfd" ? { ...cause, session: check.bfdInstance } : cause;
}
