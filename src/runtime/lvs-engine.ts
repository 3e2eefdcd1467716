import type { Asker } from "../checker/targets.ts";
import { ApplicationChecks, type ApplicationReport } from "./lvs-application.ts";
import { FailureGuard, type GuardedVerdict } from "./lvs-guard.ts";
import { type ProbeReport, Probes, type ProbesDependencies } from "./lvs-probes.ts";
import { Suspension } from "./lvs-suspension.ts";
import { TableSync } from "./lvs-table-sync.ts";
import type { LvsGlobals, LvsRuntimeDependencies } from "./lvs-types.ts";
import type { ScriptCounter } from "./script-counter.ts";

/** What exists only while there is, or was, a virtual server. */
export interface Engine {
  readonly sync: TableSync;
  readonly probes: Probes;
  readonly application: ApplicationChecks;
  readonly guard: FailureGuard;
  readonly suspension: Suspension;
}

/** Who hears of what the parts of an engine find out. */
export interface EngineListener {
  onReports(reports: readonly ProbeReport[]): void;
  onApplicationReports(reports: readonly ApplicationReport[]): void;
  /** What the guard held or takes back. */
  onLateVerdicts(verdicts: readonly GuardedVerdict[]): void;
  /** Checkers of these virtual servers, by position, begin to rest or to run. */
  onSuspensionNews(virtualServers: readonly number[]): void;
}

/** Where the configuration says nothing of `checker_max_in_flight`. */
const DEFAULT_PROBE_COUNT = 4096;

/** @throws NativeError; what was opened is closed again then */
export async function openEngine(
  global: LvsGlobals,
  dependencies: LvsRuntimeDependencies,
  counter: ScriptCounter,
  listener: EngineListener,
): Promise<Engine> {
  const { log, clock } = dependencies;
  const sync = new TableSync({ table: dependencies.openIpvs(), clock, log });
  try {
    await sync.open(global.flushesIpvsAtStart);
    const suspension = new Suspension({
      addresses: dependencies.addresses,
      log,
      onNews: (virtualServers) => listener.onSuspensionNews(virtualServers),
    });
    const isSuspended = ({ virtualServer }: Asker): boolean => suspension.isSuspended(virtualServer);
    const probes = openProbes(global, dependencies, listener);
    const application = openApplication(dependencies, counter, listener);
    probes.useSuspension(isSuspended);
    application.useSuspension(isSuspended);
    return { sync, probes, application, guard: openGuard(dependencies, listener), suspension };
  } catch (error) {
    await sync.close();
    throw error;
  }
}

function openProbes(global: LvsGlobals, dependencies: LvsRuntimeDependencies, listener: EngineListener): Probes {
  const { clock, random } = dependencies;
  const maxInFlight = global.largestProbeCount ?? DEFAULT_PROBE_COUNT;
  const openProbeLoop: ProbesDependencies["openProbeLoop"] = (onEvents) =>
    dependencies.openProbeLoop(onEvents, maxInFlight);
  return new Probes({ openProbeLoop, clock, random, onReports: (reports) => listener.onReports(reports) });
}

function openApplication(
  { runner, clock, random, log }: LvsRuntimeDependencies,
  counter: ScriptCounter,
  listener: EngineListener,
): ApplicationChecks {
  const onReports = (reports: readonly ApplicationReport[]): void => listener.onApplicationReports(reports);
  return new ApplicationChecks({ runner, clock, random, log, counter, onReports });
}

function openGuard(dependencies: LvsRuntimeDependencies, listener: EngineListener): FailureGuard {
  const { clock, log, lookAtNetwork = async () => null } = dependencies;
  return new FailureGuard({
    clock,
    log,
    lookAtNetwork,
    onAlert: (record) => dependencies.onAlert?.(record),
    onLateVerdicts: (verdicts) => listener.onLateVerdicts(verdicts),
  });
}
