import { closeSync, constants, existsSync, openSync, writeSync } from "node:fs";
import type { TrackFile } from "../model/tracking.ts";
import { fileValue } from "../tracking/effect.ts";
import { errorText } from "./error-code.ts";
import type { SpokenRecord } from "./log.ts";
import type { VrrpClock } from "./vrrp-types.ts";
import { readShortFile, WatchedFile } from "./watched-file.ts";

export interface FileTrackersDependencies {
  readonly clock: VrrpClock;
  readonly log: (record: SpokenRecord) => void;
  /** A value changed. */
  readonly onNews: () => void;
}

/** @throws system error, also where the reader of a FIFO would have to be waited for */
function writeText(path: string, text: string): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NONBLOCK, 0o666);
  try {
    writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

/** One `track_file`. */
class FileTracker {
  readonly file: TrackFile;
  value = 0;
  readonly #dependencies: FileTrackersDependencies;
  readonly #watched: WatchedFile;

  constructor(file: TrackFile, dependencies: FileTrackersDependencies) {
    this.file = file;
    this.#dependencies = dependencies;
    this.#watched = new WatchedFile(file.path, {
      clock: dependencies.clock,
      onText: (text) => this.#take(this.#read(text)),
      onTrouble: (reason) => this.#complain(reason),
    });
    this.value = this.#read(readShortFile(file.path));
  }

  close(): void {
    this.#watched.close();
  }

  #take(value: number): void {
    if (value === this.value) return;
    this.value = value;
    this.#dependencies.onNews();
  }

  /** A number that cannot be is told, and nothing changes. */
  #read(text: string | null): number {
    const value = fileValue(text);
    if (value !== null) return value;
    const { name, path } = this.file;
    const said = `Invalid number ${text?.trim().slice(0, 20)} read from ${path} - ignoring`;
    this.#dependencies.log({ level: "error", message: "file value ignored", fields: { file: name, path }, text: said });
    return this.value;
  }

  #complain(reason: string): void {
    const { name, path } = this.file;
    const text = `Track file ${name}: cannot watch the directory of ${path}: ${reason}`;
    this.#dependencies.log({ level: "error", message: "file not watched", fields: { file: name, path }, text });
  }
}

/** All files that somebody tracks. */
export class FileTrackers {
  readonly #dependencies: FileTrackersDependencies;
  #trackers: ReadonlyMap<string, FileTracker> = new Map();

  constructor(dependencies: FileTrackersDependencies) {
    this.#dependencies = dependencies;
  }

  /** @param defined also those that nobody tracks; they are only initialised, by a reload where they are missing */
  configure(files: readonly TrackFile[], isReload: boolean, defined: readonly TrackFile[] = files): void {
    this.close();
    for (const file of defined) this.#initialise(file, isReload);
    this.#trackers = new Map(files.map((file) => [file.name, new FileTracker(file, this.#dependencies)]));
  }

  valueOf(name: string): number {
    return this.#trackers.get(name)?.value ?? 0;
  }

  /** By name. */
  values(): ReadonlyMap<string, number> {
    return new Map([...this.#trackers].map(([name, { value }]) => [name, value]));
  }

  close(): void {
    for (const tracker of this.#trackers.values()) tracker.close();
  }

  /** `init_file` */
  #initialise({ name, path, initialise }: TrackFile, isReload: boolean): void {
    if (initialise === null || (existsSync(path) && (isReload || !initialise.overwrites))) return;
    try {
      writeText(path, `${initialise.value}\n`);
    } catch (error) {
      const text = `Track file ${name}: unable to initialise ${path}: ${errorText(error)}`;
      this.#dependencies.log({ level: "error", message: "file not initialised", fields: { file: name, path }, text });
    }
  }
}
