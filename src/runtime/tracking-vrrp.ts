import type { CompleteConfiguration } from "../model/complete.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { TrackedStates, TrackingDependencies } from "./tracking-runtime.ts";
import { Tracking } from "./tracking-runtime.ts";
import type { TrackingVerdict, VrrpRuntime, VrrpSurroundings } from "./vrrp-types.ts";

/** The VRRP half of the daemon with everything its instances follow. */
export interface VrrpHalf extends Pick<VrrpRuntime, "start" | "stop" | "snapshot" | "health"> {
  /** Complaints mean that nothing changed. */
  reload(configuration: CompleteConfiguration): Promise<readonly Diagnostic[]>;
  tracked?(): TrackedStates;
  /** For the BFD side: a session came up or went down. */
  bfdChanged(name: string, isUp: boolean): void;
}

export interface VrrpHalfDependencies extends Omit<TrackingDependencies, "onNews"> {
  readonly createRuntime: (
    trackingOf: (instance: string) => TrackingVerdict,
    fatalSessionsOf: (instance: string) => readonly string[],
  ) => VrrpRuntime;
}

/** What the VRRP runtime takes from a configuration besides the instances. */
export function vrrpSurroundings(configuration: CompleteConfiguration): VrrpSurroundings {
  const { syncGroups, garpGroups, interfaceDelays, staticAddresses, global } = configuration;
  const onAddressRemoved = global.yieldsOnRemovedAddresses ? "yield" : "repair";
  const { logsUnknownVrids, dynamicInterfaces: allowsMissingInterfaces } = global;
  const given = { syncGroups, garpGroups, interfaceDelays, staticAddresses };
  return { ...given, onAddressRemoved, logsUnknownVrids, allowsMissingInterfaces };
}

export function createVrrpHalf(configuration: CompleteConfiguration, dependencies: VrrpHalfDependencies): VrrpHalf {
  let current = configuration;
  const tracking = new Tracking({ ...dependencies, onNews: () => runtime.refreshTracking() });
  const runtime = dependencies.createRuntime(
    (instance) => tracking.verdictOf(instance),
    (instance) => tracking.fatalSessionsOf(instance),
  );

  const start = async (): Promise<readonly Diagnostic[]> => {
    tracking.configure(current, false);
    const complaints = await runtime.start();
    if (complaints.length === 0) tracking.begin();
    return complaints;
  };
  const reload = async (next: CompleteConfiguration): Promise<readonly Diagnostic[]> => {
    tracking.configure(next, true);
    const complaints = await runtime.reload(next.vrrpInstances, vrrpSurroundings(next));
    if (complaints.length === 0) current = next;
    else tracking.configure(current, true);
    tracking.begin();
    runtime.refreshTracking();
    return complaints;
  };
  const stop = async (): Promise<void> => {
    tracking.close();
    await runtime.stop();
  };
  return {
    start,
    reload,
    stop,
    snapshot: () => runtime.snapshot(),
    health: () => runtime.health(),
    tracked: () => tracking.states(),
    bfdChanged: (name, isUp) => tracking.bfdChanged(name, isUp),
  };
}
