/**
 * The native parts for other programs: `import { createProber, openIpvs } from "holdfast"`. See docs/library.md.
 * Nothing is loaded before the first call.
 */
import { isIPv6 } from "node:net";
import type { IpvsTable, ProbeEvent, ProbeLoop, ProbeTarget, Rtnetlink } from "./native/contract.ts";
import { loadNative } from "./native/load.ts";

export type * from "./native/contract.ts";

const MAX_IN_FLIGHT = 4_096;
const TIMEOUT_US = 5_000_000;

export interface ProberOptions {
  /** Probes in flight at a time, 4096 when not given; the rest waits. The limit of open files may make it fewer. */
  readonly maxInFlight?: number;
}

/** What a probe can't do without; `timeoutUs` is 5 s when not given, everything else is off. */
export type ProbeTargetOptions = Pick<ProbeTarget, "kind" | "address"> & Partial<ProbeTarget>;

/**
 * Starts a thread that probes servers. It keeps the process alive until `close()`.
 * @param onEvents called with the results that are not the expected ones, several at a time
 * @throws TypeError for a bad option; Error with the command that mends it when the addon is not built
 */
export function createProber(
  onEvents: (events: readonly ProbeEvent[]) => void,
  options: ProberOptions = {},
): ProbeLoop {
  return loadNative().createProbeLoop({ maxInFlight: options.maxInFlight ?? MAX_IN_FLIGHT }, onEvents);
}

/** @returns a complete target for `ProbeLoop.addTarget`; the family is the address's */
export function probeTarget(options: ProbeTargetOptions): ProbeTarget {
  return {
    family: isIPv6(options.address) ? "inet6" : "inet",
    port: 0,
    bindAddress: null,
    bindPort: 0,
    bindInterface: null,
    fwmark: 0,
    timeoutUs: TIMEOUT_US,
    ...options,
  };
}

/**
 * The IPVS table of the network namespace that the process is in; needs CAP_NET_ADMIN.
 * @throws NativeError `ENOENT` when the kernel has no IPVS, `EPERM`
 */
export function openIpvs(): IpvsTable {
  return loadNative().openIpvs();
}

/** Links, addresses and prepared messages of the network namespace that the process is in. @throws NativeError */
export function openRtnetlink(): Rtnetlink {
  return loadNative().openRtnetlink();
}

/** CLOCK_MONOTONIC in microseconds, the clock of every `atUs`. */
export function monotonicUs(): number {
  return loadNative().monotonicUs();
}
