import {
  closeSync,
  constants,
  existsSync,
  type FSWatcher,
  fstatSync,
  openSync,
  readSync,
  watch,
  writeSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import type { TrackFile } from "../model/tracking.ts";
import { fileValue } from "../tracking/effect.ts";
import { errorText } from "./error-code.ts";
import type { SpokenRecord } from "./log.ts";
import type { VrrpClock } from "./vrrp-types.ts";

export interface FileTrackersDependencies {
  readonly clock: VrrpClock;
  readonly log: (record: SpokenRecord) => void;
  /** A value changed. */
  readonly onNews: () => void;
}

/** The kernel tells of every write, and a writer may need several. */
const QUIET_US = 20_000;
/** A file that was cut to nothing is about to be written. */
const EMPTY_QUIET_US = 100_000;
const REWATCH_US = 1_000_000;

const LONGEST_TEXT_BYTES = 128;

/** Whoever may write the folder could put a FIFO or an endless device there: neither is waited for. */
function readOrNull(path: string): string | null {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!fstatSync(fd).isFile()) return null;
      const buffer = Buffer.alloc(LONGEST_TEXT_BYTES);
      return buffer.toString("utf8", 0, readSync(fd, buffer, 0, LONGEST_TEXT_BYTES, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
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

/** One `track_file`, read again whenever it changes, comes or goes. */
class FileTracker {
  readonly file: TrackFile;
  value: number;
  readonly #dependencies: FileTrackersDependencies;
  #watcher: FSWatcher | null = null;
  /** Why there is no watch, as last told. */
  #reason: string | null = null;
  #cancel: () => void = () => undefined;

  constructor(file: TrackFile, dependencies: FileTrackersDependencies) {
    this.file = file;
    this.#dependencies = dependencies;
    this.#watch();
    this.value = fileValue(readOrNull(file.path));
  }

  close(): void {
    this.#cancel();
    this.#watcher?.close();
    this.#watcher = null;
  }

  #watch(): void {
    const { path } = this.file;
    try {
      this.#watcher = watch(dirname(path), { persistent: false }, (_event, name) => {
        if (name === null || name === basename(path)) this.#readAfter(QUIET_US);
        else if (!existsSync(dirname(path))) this.#watchLater("the directory is gone");
      });
      this.#watcher.on("error", (error) => this.#watchLater(errorText(error)));
      this.#reason = null;
    } catch (error) {
      this.#watchLater(errorText(error));
    }
  }

  /** The directory may come, or come back. */
  #watchLater(reason: string): void {
    if (this.#reason !== reason) this.#complain(reason);
    this.#reason = reason;
    this.#watcher?.close();
    this.#watcher = null;
    this.#cancel();
    this.#cancel = this.#dependencies.clock.after(REWATCH_US, () => {
      this.#watch();
      if (this.#watcher !== null) this.#readAfter(QUIET_US);
      else this.#take(0);
    });
  }

  #readAfter(delayUs: number): void {
    this.#cancel();
    this.#cancel = this.#dependencies.clock.after(delayUs, () => {
      const text = readOrNull(this.file.path);
      if (text === "" && delayUs === QUIET_US) this.#readAfter(EMPTY_QUIET_US);
      else this.#take(fileValue(text));
    });
  }

  #take(value: number): void {
    if (value === this.value) return;
    this.value = value;
    this.#dependencies.onNews();
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

  configure(files: readonly TrackFile[], isReload: boolean): void {
    this.close();
    if (!isReload) for (const file of files) this.#initialise(file);
    this.#trackers = new Map(files.map((file) => [file.name, new FileTracker(file, this.#dependencies)]));
  }

  valueOf(name: string): number {
    return this.#trackers.get(name)?.value ?? 0;
  }

  close(): void {
    for (const tracker of this.#trackers.values()) tracker.close();
  }

  /** `init_file` */
  #initialise({ name, path, initialise }: TrackFile): void {
    if (initialise === null || (existsSync(path) && !initialise.overwrites)) return;
    try {
      writeText(path, `${initialise.value}\n`);
    } catch (error) {
      const text = `Track file ${name}: unable to initialise ${path}: ${errorText(error)}`;
      this.#dependencies.log({ level: "error", message: "file not initialised", fields: { file: name, path }, text });
    }
  }
}
