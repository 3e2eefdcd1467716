import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { ProbeEvent, ProbeSchedule, ProbeTarget } from "../native/contract.ts";
import { addTimes, NO_TIMES } from "./time-histogram.ts";
import type { TlsCounters } from "./tls-prober.ts";

/** What the worker is told. */
export type TlsOrder =
  | {
      readonly kind: "add";
      readonly target: number;
      readonly spec: ProbeTarget;
      readonly schedule: ProbeSchedule;
      readonly firstDelayUs: number;
    }
  | { readonly kind: "schedule"; readonly target: number; readonly schedule: ProbeSchedule }
  | { readonly kind: "remove"; readonly target: number };

/** What it tells. */
export type TlsReport =
  | { readonly kind: "events"; readonly events: readonly ProbeEvent[] }
  | { readonly kind: "counters"; readonly counters: TlsCounters };

export interface TlsWorkerData {
  readonly maxInFlight: number;
}

const NO_COUNTS: TlsCounters = {
  started: 0,
  succeeded: 0,
  failed: 0,
  local: 0,
  late: 0,
  inFlight: 0,
  latency: NO_TIMES,
};
/** JavaScript of the worker; the octets of servers are not part of it. */
const LARGEST_HEAP_MIB = 128;
const RESTART_PAUSE_MS = 1_000;

/** A module of its own, also where this one was bundled into `dist/bundle`. */
function workerProgram(): string {
  const here = fileURLToPath(import.meta.url);
  const folder = dirname(here);
  if (basename(folder) === "bundle") return join(dirname(folder), "src", "runtime", "tls-worker.js");
  return join(folder, `tls-worker${extname(here)}`);
}

interface Given {
  readonly spec: ProbeTarget;
  readonly schedule: ProbeSchedule;
}

/**
 * HTTPS probes on one worker thread, so that nothing a server sends is touched by the main thread. A worker that dies is
 * started again with all its targets; what was under way then says nothing about any server.
 */
export class TlsProbes {
  private readonly given = new Map<number, Given>();
  private readonly workerData: TlsWorkerData;
  private readonly onEvents: (events: readonly ProbeEvent[]) => void;
  private readonly onFault: (reason: string) => void;
  private worker: Worker | null = null;
  private restart: NodeJS.Timeout | null = null;
  private isClosed = false;
  private latest = NO_COUNTS;
  /** Of workers that have died. */
  private earlier = NO_COUNTS;

  /** @param onFault the worker ended with this error, and will be started again */
  constructor(
    workerData: TlsWorkerData,
    onEvents: (events: readonly ProbeEvent[]) => void,
    onFault: (reason: string) => void = () => undefined,
  ) {
    this.workerData = workerData;
    this.onEvents = onEvents;
    this.onFault = onFault;
  }

  has(target: number): boolean {
    return this.given.has(target);
  }

  addTarget(target: number, spec: ProbeTarget, schedule: ProbeSchedule, firstDelayUs: number): void {
    this.given.set(target, { spec, schedule });
    if (this.worker === null && this.restart === null) this.start();
    this.order({ kind: "add", target, spec, schedule, firstDelayUs });
  }

  setSchedule(target: number, schedule: ProbeSchedule): void {
    const known = this.given.get(target);
    if (known === undefined) return;
    this.given.set(target, { ...known, schedule });
    this.order({ kind: "schedule", target, schedule });
  }

  removeTarget(target: number): void {
    if (this.given.delete(target)) this.order({ kind: "remove", target });
  }

  /** At most a second old. */
  counters(): TlsCounters {
    return addCounters(this.earlier, this.latest);
  }

  /** No event comes after this. Idempotent. */
  close(): void {
    this.isClosed = true;
    if (this.restart !== null) clearTimeout(this.restart);
    void this.worker?.terminate();
    this.worker = null;
  }

  private order(order: TlsOrder): void {
    this.worker?.postMessage(order);
  }

  private start(): void {
    const worker = new Worker(workerProgram(), {
      name: "holdfast-tls",
      workerData: this.workerData,
      resourceLimits: { maxOldGenerationSizeMb: LARGEST_HEAP_MIB },
    });
    this.worker = worker;
    worker.on("message", (report: TlsReport) => {
      if (this.isClosed) return;
      if (report.kind === "events") this.onEvents(report.events);
      else this.latest = report.counters;
    });
    // `exit` follows, and is what counts.
    worker.on("error", (error: unknown) => this.onFault(error instanceof Error ? error.message : String(error)));
    worker.on("exit", () => this.onExit(worker));
  }

  private onExit(worker: Worker): void {
    if (this.isClosed || this.worker !== worker) return;
    this.worker = null;
    this.earlier = { ...addCounters(this.earlier, this.latest), inFlight: 0 };
    this.latest = NO_COUNTS;
    this.restart = setTimeout(() => this.startAgain(), RESTART_PAUSE_MS);
  }

  /** The first checks are spread over the interval of each. */
  private startAgain(): void {
    this.restart = null;
    this.start();
    for (const [target, { spec, schedule }] of this.given) {
      const firstDelayUs = Math.floor(Math.random() * schedule.intervalUs);
      this.order({ kind: "add", target, spec, schedule, firstDelayUs });
    }
  }
}

function addCounters(one: TlsCounters, other: TlsCounters): TlsCounters {
  return {
    started: one.started + other.started,
    succeeded: one.succeeded + other.succeeded,
    failed: one.failed + other.failed,
    local: one.local + other.local,
    late: one.late + other.late,
    inFlight: one.inFlight + other.inFlight,
    latency: addTimes(one.latency, other.latency),
  };
}
