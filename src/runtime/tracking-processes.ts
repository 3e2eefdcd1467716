import { readdirSync, readFileSync } from "node:fs";
import type { TrackProcess } from "../model/tracking.ts";
import {
  initialProcess,
  matchesProcess,
  type ProcessFacts,
  type ProcessState,
  stepProcess,
} from "../tracking/process.ts";
import type { SpokenRecord } from "./log.ts";
import { runningProcessName } from "./process-stat.ts";
import type { VrrpClock } from "./vrrp-types.ts";

export interface ProcessTrackersDependencies {
  readonly clock: VrrpClock;
  readonly log: (record: SpokenRecord) => void;
  /** A quorum was gained or lost. */
  readonly onNews: () => void;
  /** All processes of the moment. */
  readonly readProcesses: () => readonly ProcessFacts[];
}

/**
 * keepalived hears of every fork and exit from the kernel's process events, which exist in the first network namespace
 * only and cost something on every fork of the machine. Looking at /proc works everywhere.
 */
const LOOK_INTERVAL_US = 250_000;

/** @returns what /proc shows; processes that have ended are left out, also those that nobody has collected yet */
export function readProcesses(): readonly ProcessFacts[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      const name = runningProcessName(readFileSync(`/proc/${pid}/stat`, "utf8"));
      if (name === null) return [];
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return { name, argv: line === "" ? [] : line.replace(/\0$/, "").split("\0") };
    } catch {
      return [];
    }
  });
}

interface Tracker {
  readonly process: TrackProcess;
  state: ProcessState;
  cancel: () => void;
}

/** One tracked process, as shown. */
export interface ProcessSnapshot {
  readonly process: TrackProcess;
  readonly state: ProcessState;
}

/** All processes that somebody tracks. */
export class ProcessTrackers {
  readonly #dependencies: ProcessTrackersDependencies;
  #trackers: ReadonlyMap<string, Tracker> = new Map();
  #cancel: () => void = () => undefined;

  constructor(dependencies: ProcessTrackersDependencies) {
    this.#dependencies = dependencies;
  }

  configure(processes: readonly TrackProcess[]): void {
    this.close();
    const running = processes.length > 0 ? this.#dependencies.readProcesses() : [];
    this.#trackers = new Map(
      processes.map((process) => {
        const state = initialProcess(process, countOf(process, running));
        return [process.name, { process, state, cancel: () => undefined }];
      }),
    );
    if (processes.length > 0) this.#lookLater();
  }

  hasQuorum(name: string): boolean | null {
    return this.#trackers.get(name)?.state.hasQuorum ?? null;
  }

  snapshot(): readonly ProcessSnapshot[] {
    return [...this.#trackers.values()].map(({ process, state }) => ({ process, state }));
  }

  close(): void {
    this.#cancel();
    for (const tracker of this.#trackers.values()) tracker.cancel();
  }

  #lookLater(): void {
    this.#cancel = this.#dependencies.clock.after(LOOK_INTERVAL_US, () => {
      const running = this.#dependencies.readProcesses();
      for (const tracker of this.#trackers.values()) {
        const count = countOf(tracker.process, running);
        if (count !== tracker.state.count) this.#step(tracker, { kind: "count", count });
      }
      this.#lookLater();
    });
  }

  #step(tracker: Tracker, event: Parameters<typeof stepProcess>[2]): void {
    const { state, timer, isNews } = stepProcess(tracker.process, tracker.state, event);
    tracker.state = state;
    if (timer !== null) tracker.cancel();
    if (timer?.kind === "start") {
      tracker.cancel = this.#dependencies.clock.after(timer.delayUs, () =>
        this.#step(tracker, { kind: "delay-passed" }),
      );
    }
    if (!isNews) return;
    const { name } = tracker.process;
    const word = state.hasQuorum ? "gained" : "lost";
    const text = `Quorum ${word} for tracked process ${name}`;
    this.#dependencies.log({ level: "info", message: `process quorum ${word}`, fields: { process: name }, text });
    this.#dependencies.onNews();
  }
}

function countOf(process: TrackProcess, running: readonly ProcessFacts[]): number {
  return running.filter((facts) => matchesProcess(process, facts)).length;
}
