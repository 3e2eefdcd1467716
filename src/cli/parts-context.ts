import type { CompleteConfiguration } from "../model/complete.ts";
import type { NativeAddon, VrrpLoopOptions } from "../native/contract.ts";
import type { LinkBeats } from "../runtime/link-beats.ts";
import type { Logger } from "../runtime/log.ts";
import type { LoopThreads } from "../runtime/loop-threads.ts";
import type { Notifier } from "../runtime/notify.ts";
import type { OverrideKeeper } from "../runtime/override-keeper.ts";
import type { ScriptRunner } from "../runtime/script-runner.ts";
import type { ServiceManager } from "../runtime/service-manager.ts";
import type { SharedLoop } from "../runtime/shared-loop.ts";
import type { StateObservers } from "../runtime/state-observers.ts";
import type { SyncDaemon } from "../runtime/sync-daemon.ts";
import type { VrrpOperator } from "../runtime/vrrp-operator.ts";
import type { VrrpClock } from "../runtime/vrrp-types.ts";
import type { Flags } from "./flags.ts";

/** What the parts are built from. */
export interface PartsContext {
  readonly flags: Flags;
  readonly native: NativeAddon;
  readonly log: Logger;
  readonly manager: ServiceManager;
  readonly workingDirectory: string;
  readonly settle: (configuration: CompleteConfiguration) => void;
  readonly overrides: OverrideKeeper;
  readonly operator: VrrpOperator;
  readonly observers: StateObservers;
  readonly threads: LoopThreads;
}

/** What both halves have their effects on the world outside carried out by. */
export interface Effects {
  readonly runner: ScriptRunner;
  readonly notifier: Notifier;
  readonly syncDaemon: SyncDaemon;
  readonly loop: SharedLoop;
  readonly beats: LinkBeats;
}

/** The monotonic clock of the addon, and timers that can be taken back. */
export function createClock(native: NativeAddon): VrrpClock {
  return {
    nowUs: () => native.monotonicUs(),
    after: (delayUs, callback) => {
      const timer = setTimeout(callback, Math.ceil(delayUs / 1000));
      return () => clearTimeout(timer);
    },
  };
}

/** The VRRP loop is one for all that use it: whoever opens it first asks for the same. */
export function loopOptions({ global: { leaseUs } }: CompleteConfiguration): VrrpLoopOptions {
  return { leaseUs };
}
