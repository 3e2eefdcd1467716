import { waitUntil } from "../test/helpers/event-log.ts";
import { nowMs } from "../test/helpers/process.ts";
import type { Capture } from "../test/lab/capture.ts";
import { advertOf, decodeFrame } from "../test/lab/frames.ts";
import type { Subject } from "./case.ts";
import type { CheckBed } from "./check-bed.ts";
import { CONTROL_WORDS } from "./daemon-metrics.ts";

const SERVERS = 50;
/** Checked every second. */
const DELAY_LOOP_MS = 1_000;
const ADVERT_INTERVAL_MS = 100;
const PREFIX = "127.2.0.0/24";
const TIMEOUT_MS = 60_000;

function serverBlock(number: number, port: number): string {
  return ` real_server 127.2.0.${number} ${port} {\n  TCP_CHECK {\n   connect_timeout 3\n  }\n }`;
}

/** A VRRP instance that sends an advert every 0.1 s, and servers that are checked every second. */
export function ongoingText(subject: Subject, port: number): string {
  const control = subject === "holdfast" ? CONTROL_WORDS : "";
  const servers = Array.from({ length: SERVERS }, (_, index) => serverBlock(index + 1, port));
  return `global_defs {
 router_id LAB
 vrrp_version 3
${control}}
vrrp_instance VI_1 {
 interface eth0
 virtual_router_id 51
 priority 200
 advert_int ${ADVERT_INTERVAL_MS / 1_000}
 virtual_ipaddress {
  10.2.0.1/32
 }
}
virtual_server 10.2.0.1 80 {
 delay_loop ${DELAY_LOOP_MS / 1_000}
 lb_algo rr
 lb_kind NAT
 protocol TCP
${servers.join("\n")}
}
`;
}

/** The most that each came later than its interval after the one before, in milliseconds. */
export interface Lateness {
  readonly advertMs: number;
  /** First segments of checks, as they pass the loopback device; how long a check takes is in it. */
  readonly probeMs: number;
}

/** Adverts and checks on the wire, while something else goes on. */
export class OngoingWork {
  readonly #adverts: Capture;
  readonly #checks: Capture;

  private constructor(adverts: Capture, checks: Capture) {
    this.#adverts = adverts;
    this.#checks = checks;
  }

  /** @param bed with `ongoingText` in its configuration */
  static async watch(bed: CheckBed): Promise<OngoingWork> {
    return new OngoingWork(await bed.captureAdverts(), await bed.captureChecks(PREFIX));
  }

  /** Resolves when all of it has happened since then. @param sinceMs wall clock */
  async untilDone(sinceMs: number): Promise<void> {
    const hasAll = (): true | null => (this.#checked(sinceMs) === SERVERS ? true : null);
    await waitUntil("a check of each server", hasAll, { timeoutMs: TIMEOUT_MS });
    const isLater = (atMs: number): boolean => atMs >= sinceMs;
    await this.#adverts.frames.waitFor("an advert", (frame) => isLater(frame.atMs) && advertOf(frame) !== null, {
      timeoutMs: TIMEOUT_MS,
    });
  }

  /** Over what begins now, and what was under way then. */
  async during<Result>(work: () => Promise<Result>): Promise<{ readonly result: Result; readonly late: Lateness }> {
    const startMs = nowMs();
    const result = await work();
    const endMs = nowMs();
    await this.untilDone(endMs);
    const advertsMs = this.#adverts.frames.items.flatMap((frame) => (advertOf(frame) === null ? [] : frame.atMs));
    const probeLate = [...this.#checksMs().values()].map((atMs) => longestGapMs(atMs, startMs, endMs));
    return {
      result,
      late: {
        advertMs: longestGapMs(advertsMs, startMs, endMs) - ADVERT_INTERVAL_MS,
        probeMs: Math.max(...probeLate) - DELAY_LOOP_MS,
      },
    };
  }

  #checked(sinceMs: number): number {
    return [...this.#checksMs().values()].filter((atMs) => (atMs.at(-1) ?? 0) >= sinceMs).length;
  }

  /** By server, when it was asked. */
  #checksMs(): ReadonlyMap<string, readonly number[]> {
    const times = new Map<string, number[]>();
    for (const { bytes, atMs } of this.#checks.frames.items) {
      const frame = decodeFrame(bytes);
      if (frame.kind !== "ipv4") continue;
      const { destination: address } = frame;
      const known = times.get(address);
      if (known === undefined) times.set(address, [atMs]);
      else known.push(atMs);
    }
    return times;
  }
}

/** Between two in a row, of which one or both are between start and end, or which enclose both. */
function longestGapMs(atMs: readonly number[], startMs: number, endMs: number): number {
  let longest = Number.NEGATIVE_INFINITY;
  for (const [index, to] of atMs.entries()) {
    const from = atMs[index - 1];
    if (from !== undefined && to >= startMs && from <= endMs) longest = Math.max(longest, to - from);
  }
  return longest;
}
