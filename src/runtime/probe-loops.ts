import type {
  LoopHealth,
  NativeAddon,
  ProbeCounters,
  ProbeEvent,
  ProbeLoop,
  ProbeLoopOptions,
  ProbeSchedule,
  ProbeTarget,
} from "../native/contract.ts";
import { TlsProbes } from "./tls-probes.ts";

/** A handshake's memory and time: more at a time would only wait for each other. */
const LARGEST_TLS_COUNT = 1_024;

/**
 * All kinds of probes as one loop: the native one, and a worker for HTTPS that starts with the first such probe.
 * @param onFault that worker ended with this error, and will be started again
 */
export function openProbeLoops(
  native: { readonly createProbeLoop: (...given: Parameters<NativeAddon["createProbeLoop"]>) => ProbeLoop },
  options: ProbeLoopOptions,
  onEvents: (events: readonly ProbeEvent[]) => void,
  onFault?: (reason: string) => void,
): ProbeLoop {
  const maxInFlight = Math.min(options.maxInFlight, LARGEST_TLS_COUNT);
  return new ProbeLoops(native.createProbeLoop(options, onEvents), new TlsProbes({ maxInFlight }, onEvents, onFault));
}

class ProbeLoops implements ProbeLoop {
  private readonly plain: ProbeLoop;
  private readonly tls: TlsProbes;

  constructor(plain: ProbeLoop, tls: TlsProbes) {
    this.plain = plain;
    this.tls = tls;
  }

  addTarget(target: number, spec: ProbeTarget, schedule: ProbeSchedule, firstDelayUs: number): void {
    const isTls = spec.kind === "https";
    if (this.tls.has(target) !== isTls) this.removeTarget(target);
    (isTls ? this.tls : this.plain).addTarget(target, spec, schedule, firstDelayUs);
  }

  setSchedule(target: number, schedule: ProbeSchedule): void {
    this.loopOf(target).setSchedule(target, schedule);
  }

  removeTarget(target: number): void {
    this.loopOf(target).removeTarget(target);
  }

  counters(): ProbeCounters {
    const { started, inFlight, kinds, ...plain } = this.plain.counters();
    const { started: tlsStarted, inFlight: tlsInFlight, ...https } = this.tls.counters();
    return {
      succeeded: plain.succeeded + https.succeeded,
      failed: plain.failed + https.failed,
      local: plain.local + https.local,
      late: plain.late + https.late,
      started: started + tlsStarted,
      inFlight: inFlight + tlsInFlight,
      kinds: { ...kinds, https },
    };
  }

  /** The native loop's. */
  health(): LoopHealth {
    return this.plain.health();
  }

  close(): void {
    this.tls.close();
    this.plain.close();
  }

  private loopOf(target: number): ProbeLoop | TlsProbes {
    return this.tls.has(target) ? this.tls : this.plain;
  }
}
