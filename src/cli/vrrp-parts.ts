import type { CompleteConfiguration } from "../model/complete.ts";
import type { VrrpEvent } from "../native/contract.ts";
import { BfdRuntime, type BfdRuntimeDependencies } from "../runtime/bfd-runtime.ts";
import { createNetworkHalf } from "../runtime/network-half.ts";
import type { SharedLoop } from "../runtime/shared-loop.ts";
import { vrrpStartupDelayUs } from "../runtime/startup-delay.ts";
import { readProcesses } from "../runtime/tracking-processes.ts";
import { createVrrpHalf, type VrrpHalf, vrrpSurroundings } from "../runtime/tracking-vrrp.ts";
import { createVrrpRuntime } from "../runtime/vrrp-runtime.ts";
import type { TrackingVerdict, VrrpRuntime } from "../runtime/vrrp-types.ts";
import { nftablesIn } from "./host-network.ts";
import { createClock, type Effects, loopOptions, type PartsContext } from "./parts-context.ts";

/** The VRRP half: networks, tracked objects and instances, with the real effects behind them. */
export function createVrrp(context: PartsContext, configuration: CompleteConfiguration, effects: Effects): VrrpHalf {
  const log = context.log.forSubsystem("vrrp");
  const clock = createClock(context.native);
  return createNetworkHalf(configuration, {
    rtnetlink: context.native.openRtnetlink(),
    log: (record) => log.speak(record),
    firewall: nftablesIn(context.native, () => null),
    keepsNetwork: context.flags.keepsVrrp,
    createHalf: (placed, onLoopEvents) =>
      createVrrpHalf(placed, {
        runner: effects.runner,
        clock,
        log: (record) => log.speak(record),
        readProcesses,
        createRuntime: (trackingOf, fatalSessionsOf) =>
          createRuntimeOf(context, placed, { trackingOf, fatalSessionsOf, effects, onLoopEvents }),
      }),
  });
}

function createRuntimeOf(
  context: PartsContext,
  configuration: CompleteConfiguration,
  seams: {
    readonly trackingOf: (instance: string) => TrackingVerdict;
    readonly fatalSessionsOf: (instance: string) => readonly string[];
    readonly effects: Effects;
    readonly onLoopEvents: (events: readonly VrrpEvent[]) => void;
  },
): VrrpRuntime {
  const { flags, native } = context;
  const { trackingOf, onLoopEvents } = seams;
  const { notifier, syncDaemon, loop, beats } = seams.effects;
  const { leaseUs } = configuration.global;
  const log = context.log.forSubsystem("vrrp");
  const runtime = createVrrpRuntime(
    {
      instances: configuration.vrrpInstances,
      ...vrrpSurroundings(configuration),
      startupDelayUs: vrrpStartupDelayUs(configuration.global, native.monotonicUs()),
      leaseUs,
      adoptsAddresses: true,
      keepsAddresses: flags.keepsVrrp,
      allowsMissingInterfaces: configuration.global.dynamicInterfaces,
    },
    {
      createLoop: (onEvents) =>
        beats.follow(onEvents, (onBeats) =>
          loop.openVrrp(loopOptions(configuration), (events) => {
            onBeats(events);
            onLoopEvents(events);
            context.observers.networkNews(events);
          }),
        ),
      rtnetlink: beats.attach(native.openRtnetlink()),
      clock: createClock(native),
      log: (record) => log.speak(record),
      isDetailed: log.isDetailed,
      onStateChange: (change) => {
        notifier.instanceChanged(change);
        syncDaemon.instanceChanged(change);
        context.observers.instanceChanged(change);
      },
      onGroupChange: (change) => {
        notifier.groupChanged(change);
        context.observers.groupChanged(change);
      },
      onPriorityChange: (change) => notifier.priorityChanged(change),
      onDrop: (drop) => context.observers.advertDropped(drop),
      onLowerPriorityHeard: (change) => notifier.lowerPriorityHeard(change),
      trackingOf: (instance) => context.operator.amend(instance, trackingOf(instance)),
      fatalSessionsOf: (instance) => seams.fatalSessionsOf(instance).map((name) => loop.sessionNumber(name)),
    },
  );
  context.operator.attach(runtime);
  return runtime;
}

/** The BFD sessions, which run on the VRRP loop. */
export function createBfd(
  context: PartsContext,
  loop: SharedLoop,
  configuration: CompleteConfiguration,
  onChange: BfdRuntimeDependencies["onChange"],
): BfdRuntime {
  const log = context.log.forSubsystem("bfd");
  return new BfdRuntime({
    openLoop: (onEvents) => loop.openBfd(loopOptions(configuration), onEvents),
    sessionNumber: (name) => loop.sessionNumber(name),
    nowUs: () => context.native.monotonicUs(),
    log: (record) => log.speak(record),
    onChange,
  });
}
