import type { CompleteConfiguration } from "../model/complete.ts";
import type { TrackedObject, TrackedObjects } from "../model/tracking.ts";
import { type TrackEffect, valueEffect, verdictEffect } from "../tracking/effect.ts";
import { NOTHING_TRACKED, objectsByInstance } from "../tracking/objects.ts";
import type { ProcessFacts } from "../tracking/process.ts";
import type { FaultReason } from "../vrrp/types.ts";
import type { SpokenRecord } from "./log.ts";
import type { ScriptRunner } from "./script-runner.ts";
import { FileTrackers } from "./tracking-files.ts";
import { type ProcessSnapshot, ProcessTrackers } from "./tracking-processes.ts";
import { ScriptTrackers, type TrackedScriptState } from "./tracking-scripts.ts";
import type { TrackingVerdict, VrrpClock } from "./vrrp-types.ts";

export interface TrackingDependencies {
  readonly runner: Pick<ScriptRunner, "start">;
  readonly clock: VrrpClock;
  readonly log: (record: SpokenRecord) => void;
  readonly readProcesses: () => readonly ProcessFacts[];
  /** Some instance's verdict may have changed. */
  readonly onNews: () => void;
}

export type TrackingConfiguration = Pick<
  CompleteConfiguration,
  "vrrpInstances" | "syncGroups" | "scripts" | "trackFiles" | "trackProcesses"
>;

/** How what is tracked fares, by name: of what some instance uses only. */
export interface TrackedStates {
  readonly scripts: ReadonlyMap<string, TrackedScriptState>;
  /** The numbers that files begin with. */
  readonly files: ReadonlyMap<string, number>;
  readonly processes: readonly ProcessSnapshot[];
}

const NO_VERDICT: TrackingVerdict = { weight: 0, faults: [], isPending: false };

/** Everything that instances follow besides interfaces. */
export class Tracking {
  readonly #dependencies: TrackingDependencies;
  readonly #scripts: ScriptTrackers;
  readonly #files: FileTrackers;
  readonly #processes: ProcessTrackers;
  /** keepalived: down until told that it is up. */
  readonly #bfds = new Map<string, boolean>();
  #objects: ReadonlyMap<string, TrackedObjects> = new Map();
  /** Names of instances with a fault by file, to tell when that changes. */
  #fileFaults: ReadonlySet<string> = new Set();

  constructor(dependencies: TrackingDependencies) {
    const { clock, log } = dependencies;
    const onNews = (): void => this.#onNews();
    this.#dependencies = dependencies;
    this.#scripts = new ScriptTrackers({ runner: dependencies.runner, clock, log, onNews });
    this.#files = new FileTrackers({ clock, log, onNews });
    this.#processes = new ProcessTrackers({ clock, log, onNews, readProcesses: dependencies.readProcesses });
  }

  /** Files and processes are looked at now; scripts run from `begin` on. */
  configure(configuration: TrackingConfiguration, isReload: boolean): void {
    this.#objects = objectsByInstance(configuration);
    const used = [...this.#objects.values()];
    const isUsed = (kind: keyof TrackedObjects) => (object: { readonly name: string }) =>
      used.some((objects) => objects[kind].some(({ name }) => name === object.name));
    const scripts = configuration.scripts.filter(isUsed("scripts"));
    for (const { name } of configuration.scripts.filter((script) => !scripts.includes(script))) {
      this.#say("warning", "script not used", { script: name }, `Warning - script ${name} is not used`);
    }
    const { trackFiles } = configuration;
    this.#files.configure(trackFiles.filter(isUsed("files")), isReload, trackFiles);
    this.#processes.configure(configuration.trackProcesses.filter(isUsed("processes")));
    this.#scripts.configure(scripts, isReload);
    this.#fileFaults = this.#faultyFiles();
  }

  states(): TrackedStates {
    return { scripts: this.#scripts.states(), files: this.#files.values(), processes: this.#processes.snapshot() };
  }

  begin(): void {
    this.#scripts.begin();
  }

  /** Sessions whose loss is a fault of the instance. */
  fatalSessionsOf(instance: string): readonly string[] {
    const { bfds } = this.#objects.get(instance) ?? NOTHING_TRACKED;
    return bfds.filter(({ weight, isReversed }) => weight === 0 && !isReversed).map(({ name }) => name);
  }

  /**
   * What the BFD side tells of a session. The loop may have acted on it already, so what it reports in the same
   * batch comes first: only then do instances follow.
   */
  bfdChanged(name: string, isUp: boolean): void {
    if ((this.#bfds.get(name) ?? false) === isUp) return;
    this.#bfds.set(name, isUp);
    for (const [instance, { bfds }] of this.#objects) {
      if (!bfds.some((bfd) => bfd.name === name)) continue;
      const text = `VRRP_Instance(${instance}) Tracked BFD instance ${name} is ${isUp ? "UP" : "DOWN"}`;
      this.#say("info", "tracked BFD", { instance, bfd: name, isUp }, text);
    }
    queueMicrotask(() => this.#onNews());
  }

  verdictOf(instance: string): TrackingVerdict {
    const objects = this.#objects.get(instance);
    if (objects === undefined) return NO_VERDICT;
    const all = [
      ...objects.files.map((file) => faulty(this.#fileEffect(file), `tracked file ${file.name} has status -254`)),
      ...objects.processes.map((process) =>
        faulty(
          verdictEffect(process, this.#processes.hasQuorum(process.name)),
          `tracked process ${process.name} quorum not achieved`,
        ),
      ),
      ...objects.bfds.map((bfd) =>
        faulty(verdictEffect(bfd, this.#bfds.get(bfd.name) ?? false), `tracked BFD ${bfd.name} down`),
      ),
      ...objects.scripts.map((script) =>
        faulty(verdictEffect(script, this.#scripts.isGood(script.name)), `tracked script ${script.name} failed`),
      ),
    ];
    return {
      weight: all.reduce((sum, { weight }) => sum + weight, 0),
      faults: all.flatMap(({ fault }) => fault ?? []),
      isPending: objects.scripts.some(({ name, weight }) => weight === 0 && this.#scripts.isGood(name) === null),
    };
  }

  close(): void {
    this.#scripts.close();
    this.#files.close();
    this.#processes.close();
  }

  #fileEffect(file: TrackedObject): TrackEffect {
    return valueEffect(file, this.#files.valueOf(file.name));
  }

  #onNews(): void {
    const before = this.#fileFaults;
    this.#fileFaults = this.#faultyFiles();
    for (const key of this.#fileFaults) if (!before.has(key)) this.#sayFile(key, "now");
    for (const key of before) if (!this.#fileFaults.has(key)) this.#sayFile(key, "leaving");
    this.#dependencies.onNews();
  }

  #faultyFiles(): ReadonlySet<string> {
    return new Set(
      [...this.#objects].flatMap(([instance, { files }]) =>
        files.filter((file) => this.#fileEffect(file).isFault).map(({ name }) => `(${instance}): tracked file ${name}`),
      ),
    );
  }

  #sayFile(subject: string, word: "now" | "leaving"): void {
    this.#say("detail", `tracked file ${word} fault`, {}, `${subject} ${word} FAULT state`);
  }

  #say(level: SpokenRecord["level"], message: string, fields: SpokenRecord["fields"], text: string): void {
    this.#dependencies.log({ level, message, fields, text });
  }
}

function faulty(
  effect: TrackEffect,
  reason: FaultReason,
): { readonly weight: number; readonly fault: FaultReason | null } {
  return { weight: effect.weight, fault: effect.isFault ? reason : null };
}
