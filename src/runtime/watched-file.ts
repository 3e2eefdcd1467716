import { closeSync, constants, existsSync, type FSWatcher, fstatSync, openSync, readSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { errorText } from "./error-code.ts";
import type { VrrpClock } from "./vrrp-types.ts";

export interface WatchedFileDependencies {
  readonly clock: Pick<VrrpClock, "after">;
  /** The file was written, came or went; null where there is no regular file to read. */
  readonly onText: (text: string | null) => void;
  /** The file's folder can't be watched; said once per reason, and tried again all the time. */
  readonly onTrouble: (reason: string) => void;
}

/** The kernel tells of every write, and a writer may need several. */
const QUIET_US = 20_000;
/** A file that was cut to nothing is about to be written. */
const EMPTY_QUIET_US = 100_000;
const REWATCH_US = 1_000_000;

const LONGEST_TEXT_BYTES = 128;

/**
 * The first 128 octets of a regular file, null where there is none. Whoever may write the folder could put a FIFO or
 * an endless device there: neither is waited for.
 */
export function readShortFile(path: string): string | null {
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

/** A small file that is read again whenever it changes, comes or goes. */
export class WatchedFile {
  readonly #path: string;
  readonly #dependencies: WatchedFileDependencies;
  #watcher: FSWatcher | null = null;
  /** Why there is no watch, as last told. */
  #reason: string | null = null;
  #cancel: () => void = () => undefined;

  constructor(path: string, dependencies: WatchedFileDependencies) {
    this.#path = path;
    this.#dependencies = dependencies;
    this.#watch();
  }

  close(): void {
    this.#cancel();
    this.#watcher?.close();
    this.#watcher = null;
  }

  #watch(): void {
    const path = this.#path;
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
    if (this.#reason !== reason) this.#dependencies.onTrouble(reason);
    this.#reason = reason;
    this.#watcher?.close();
    this.#watcher = null;
    this.#cancel();
    this.#cancel = this.#dependencies.clock.after(REWATCH_US, () => {
      this.#watch();
      if (this.#watcher !== null) this.#readAfter(QUIET_US);
      else this.#dependencies.onText(null);
    });
  }

  #readAfter(delayUs: number): void {
    this.#cancel();
    this.#cancel = this.#dependencies.clock.after(delayUs, () => {
      const text = readShortFile(this.#path);
      if (text === "" && delayUs === QUIET_US) this.#readAfter(EMPTY_QUIET_US);
      else this.#dependencies.onText(text);
    });
  }
}
