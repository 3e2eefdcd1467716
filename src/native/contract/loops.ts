/**
 * What every native loop tells about itself, and the settings of its thread.
 *
 * Part of the contract of the native addon, see ../contract.ts.
 */

import type { SyscallFailure } from "./errors.ts";

/** What a native loop tells of itself; reading it never waits for the loop. */
export interface LoopHealth {
  /** Rises with every turn of the loop and at least once a second. */
  readonly heartbeats: number;
  /** Commands taken from the queue so far. */
  readonly commands: number;
  /** Events that found the ring full and were dropped. */
  readonly eventsLost: number;
  /** Timer lateness since start, in microseconds. */
  readonly lateness: LatenessSummary;
}

export interface LatenessSummary {
  readonly count: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

/** Durations since start, counted where they are measured, in buckets that never change. */
export interface TimeHistogram {
  /** Inclusive upper ends, rising. */
  readonly boundsUs: readonly number[];
  /** Of each bucket alone; the last one, without an end, is one more. */
  readonly counts: readonly number[];
  readonly sumUs: number;
}

/** How a loop's thread is scheduled. */
export interface ThreadSettings {
  /** As `ps -L` and `top -H` show it; 15 octets are kept. */
  readonly name: string;
  /** -20..19 */
  readonly niceness: number;
  /** SCHED_FIFO priority 1..99; 0 for ordinary scheduling. */
  readonly realtimePriority: number;
  /** Numbers of the CPUs it may run on; empty for those of the process. */
  readonly cpus: readonly number[];
  /** Keeps the thread's stack, the addon and the code in use in memory; not undone before the process ends. */
  readonly isMemoryLocked: boolean;
}

/** SO_RCVBUF of a netlink socket. */
export interface NetlinkBuffer {
  /** 1..2147483647; the kernel doubles it for its own bookkeeping. */
  readonly sizeBytes: number;
  /** Beyond net.core.rmem_max, where CAP_NET_ADMIN allows it. */
  readonly isForced: boolean;
}

/** Null: the usual ones, large and forced. */
export interface NetlinkBuffers {
  /** Of the socket that hears of links, addresses, routes and rules. */
  readonly monitor: NetlinkBuffer | null;
  /** Of the socket that moves addresses. */
  readonly command: NetlinkBuffer | null;
}

/** What the vrrp loop offers for its netlink sockets. */
export interface NetlinkBufferControl {
  /** Holds from now on. */
  setReceiveBuffers(buffers: NetlinkBuffers): void;
}

/** What both loops offer for their own thread. */
export interface LoopThreadControl {
  /**
   * Tries each setting, also when another one fails.
   * @returns what failed: `setpriority`, `sched_setscheduler`, `sched_setaffinity`, `mlock2`
   */
  arrange(settings: ThreadSettings): readonly SyscallFailure[];
  /** Largest lateness of a timer since the last call, in microseconds. */
  takeLateness(): number;
}
