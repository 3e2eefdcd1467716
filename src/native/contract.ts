/**
 * The whole boundary between TypeScript and the addon. Every field is present; absent is `null`.
 * Bad arguments throw a `TypeError` that names the field. Failed system calls are
 * `SyscallFailure` values, or thrown as `NativeError` where a call as a whole fails.
 */

import type { BfdLoop, LoopEvent } from "./contract/bfd.ts";
import type { IpvsTable } from "./contract/ipvs.ts";
import type { LoopThreadControl, NetlinkBufferControl } from "./contract/loops.ts";
import type { FirewallRemoval, FirewallWatch } from "./contract/nftables.ts";
import type {
  HttpResponse,
  ProbeEvent,
  ProbeHttp,
  ProbeLoop,
  ProbeLoopOptions,
  ProbeRegex,
  ProbeTarget,
} from "./contract/probe.ts";
import type { Rtnetlink } from "./contract/rtnetlink.ts";
import type { VrrpLoop, VrrpLoopOptions } from "./contract/vrrp.ts";

export type * from "./contract/bfd.ts";
export type * from "./contract/errors.ts";
export type * from "./contract/ipvs.ts";
export type * from "./contract/loops.ts";
export type * from "./contract/nftables.ts";
export type * from "./contract/probe.ts";
export type * from "./contract/rtnetlink.ts";
export type * from "./contract/vrrp.ts";

/** Raised whenever a shape here or in ./contract/ changes; `load.ts` refuses an addon built for another number. */
export const CONTRACT_VERSION = 17;

/** A connected AF_UNIX datagram socket (syslog, journald, systemd's notify socket). */
export interface DatagramSender {
  /** False when the message could not be handed over at once. Never blocks. */
  send(message: Uint8Array): boolean;
  close(): void;
}

export interface NativeAddon {
  readonly contractVersion: number;
  /** CLOCK_MONOTONIC in microseconds. */
  monotonicUs(): number;
  /**
   * Loads the kernel module when it is missing, and waits for that (at most 10 s).
   * @throws NativeError `ENOENT` when the kernel has no IPVS all the same, `EPERM`
   */
  openIpvs(): IpvsTable;
  openRtnetlink(): Rtnetlink;
  /**
   * Tells of what is removed from nftables tables in the present network namespace, by anybody.
   * @param onRemoval `isOverrun`: some events were lost
   * @throws NativeError
   */
  watchFirewall(onRemoval: (removals: readonly FirewallRemoval[], isOverrun: boolean) => void): FirewallWatch;
  createVrrpLoop(
    options: VrrpLoopOptions,
    onEvents: (events: readonly LoopEvent[]) => void,
  ): VrrpLoop & BfdLoop & LoopThreadControl & NetlinkBufferControl;
  createProbeLoop(
    options: ProbeLoopOptions,
    onEvents: (events: readonly ProbeEvent[]) => void,
  ): ProbeLoop & LoopThreadControl;
  createHttpResponse(http: ProbeHttp): HttpResponse;
  /**
   * A TCP socket on its way to the target, with the target's source, interface and mark; closing it resets.
   * @returns its file descriptor, or a negative errno
   */
  connectStream(target: ProbeTarget): number;
  /** @returns why the pattern does not compile, and at which offset; empty when it does */
  regexProblem(regex: ProbeRegex): string;
  /** @param path of the socket; a leading `@` means the abstract namespace */
  openDatagram(path: string): DatagramSender;
  /** F_OFD_SETLK write lock. False when another process holds it. */
  tryLockFile(fd: number): boolean;
  /**
   * Calls back for signals that Node has no name for (the real-time ones), until the process ends.
   * Never keeps the process alive.
   * @param signals numbers, 1..64
   * @returns false when one of them can't be watched
   */
  watchSignals(signals: readonly number[], onSignal: (signal: number) => void): boolean;
  /**
   * How long a real-time thread may run without sleeping before the process gets SIGXCPU, again and again (soft RLIMIT_RTTIME).
   * @param limitUs 1..2^32-1, at most the hard limit; null for none
   * @throws NativeError
   */
  limitRealtime(limitUs: number | null): void;
  /** Core files of any size, or, without the permission for that, of the hard limit's (RLIMIT_CORE). @throws NativeError then */
  unlimitCoreDumps(): void;
  /**
   * Gives memory of the C heap that nobody uses back to the kernel, and bounds what may lie free from now on: each of
   * Node's threads has such a heap. Takes milliseconds.
   */
  tightenHeap(): void;
  /** setns(2) of the calling thread and all native threads started later. @throws NativeError */
  enterNetworkNamespace(path: string): void;
}
