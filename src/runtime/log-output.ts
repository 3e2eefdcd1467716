import { closeSync, constants, fstatSync, openSync, write, writeSync } from "node:fs";
import { Socket } from "node:net";
import { errorCode } from "./error-code.ts";

/** Takes whole lines, never blocks, never throws, and keeps at most `LARGEST_BACKLOG_BYTES`. */
export interface LineOutput {
  write(line: string): void;
  /** Resolves when what is pending has been written or given up. Idempotent. */
  close(): Promise<void>;
}

/** What may wait in memory for a stalled reader; newer lines are dropped and counted. */
export const LARGEST_BACKLOG_BYTES = 1 << 20;

const LINE_END = 0x0a;
const STANDARD_ERROR = 2;
const RETRY_MS = 20;
const CLOSE_PATIENCE_MS = 500;

/** Lines that wait, and how many did not fit. */
class Backlog {
  private lines: Buffer[] = [];
  private bytes = 0;
  private lost = 0;

  add(line: string): void {
    const buffer = Buffer.from(line);
    if (this.bytes + buffer.length > LARGEST_BACKLOG_BYTES) {
      this.lost += 1;
      return;
    }
    this.lines.push(buffer);
    this.bytes += buffer.length;
  }

  /** Counts the lines of a chunk that could not be written. */
  lose(chunk: Buffer): void {
    for (let at = chunk.indexOf(LINE_END); at >= 0; at = chunk.indexOf(LINE_END, at + 1)) this.lost += 1;
  }

  /** Everything that waits, as one buffer, and how many lines are missing before the next ones; null when nothing waits. */
  take(): Buffer | null {
    if (this.lines.length === 0) return null;
    if (this.lost > 0) {
      this.lines.push(Buffer.from(`holdfast: ${this.lost} log messages lost\n`));
      this.lost = 0;
    }
    const all = this.lines.length === 1 ? (this.lines[0] ?? null) : Buffer.concat(this.lines);
    this.lines = [];
    this.bytes = 0;
    return all;
  }
}

async function waitUntil(isDone: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + CLOSE_PATIENCE_MS;
  while (!isDone() && performance.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/**
 * A descriptor in non-blocking mode: pipe, terminal, FIFO.
 * @param fd owned by the output from now on
 */
export function createNonBlockingOutput(fd: number): LineOutput {
  const backlog = new Backlog();
  let rest: Buffer | null = null;
  let timer: NodeJS.Timeout | null = null;
  let isOpen = true;
  /** Writes until nothing is left or the reader stalls. */
  const flush = (): void => {
    timer = null;
    try {
      rest ??= backlog.take();
      while (rest !== null) {
        const count = writeSync(fd, rest);
        rest = count < rest.length ? rest.subarray(count) : backlog.take();
      }
    } catch (error) {
      if (errorCode(error) === "EAGAIN") timer = setTimeout(flush, RETRY_MS).unref();
      // Nobody reads any more (EPIPE, EIO): what is left can't be told to anyone.
      else rest = null;
    }
  };
  return {
    write: (line) => {
      if (!isOpen) return;
      backlog.add(line);
      if (timer === null) flush();
    },
    close: async () => {
      if (!isOpen) return;
      isOpen = false;
      await waitUntil(() => timer === null);
      if (timer !== null) clearTimeout(timer);
      closeSync(fd);
    },
  };
}

/**
 * A regular file: written by the thread pool, one write at a time, because a slow disk can't be noticed beforehand.
 * @param fd owned by the output from now on, unless it is a standard stream
 */
export function createFileOutput(fd: number): LineOutput {
  const backlog = new Backlog();
  let isBusy = false;
  let isOpen = true;
  const writeOn = (chunk: Buffer | null): void => {
    isBusy = chunk !== null;
    if (chunk === null) return;
    write(fd, chunk, (error, count) => {
      // A full disk loses the chunk, not the daemon; the next line that finds room says how many are missing.
      if (error !== null) backlog.lose(chunk);
      const rest = error === null && count < chunk.length ? chunk.subarray(count) : backlog.take();
      writeOn(rest);
    });
  };
  return {
    write: (line) => {
      if (!isOpen) return;
      backlog.add(line);
      if (!isBusy) writeOn(backlog.take());
    },
    close: async () => {
      if (!isOpen) return;
      isOpen = false;
      await waitUntil(() => !isBusy);
      if (!isBusy && fd > STANDARD_ERROR) closeSync(fd);
    },
  };
}

/** A connected stream socket, as the journal gives to services. */
function createSocketOutput(fd: number): LineOutput {
  const socket = new Socket({ fd, readable: false, writable: true });
  socket.on("error", () => socket.destroy());
  socket.unref();
  return {
    write: (line) => {
      if (socket.writable && socket.writableLength < LARGEST_BACKLOG_BYTES) socket.write(line);
    },
    close: () => waitUntil(() => socket.destroyed || socket.writableLength === 0),
  };
}

/**
 * Standard error. For a terminal or pipe its own open file description in non-blocking mode, so that the mode does
 * not leak to other programs that share it; a file keeps the shared one and with it the common write position.
 */
export function openConsole(fd: number): LineOutput {
  const info = fstatSync(fd);
  if (info.isSocket()) return createSocketOutput(fd);
  if (info.isFile()) return createFileOutput(fd);
  const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
  try {
    return createNonBlockingOutput(openSync(`/proc/self/fd/${fd}`, flags));
  } catch {
    return createFileOutput(fd);
  }
}

/**
 * Opens a log file for appending, never through a symbolic link.
 * @throws system error
 */
export function openLogFile(path: string): LineOutput {
  const flags =
    constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const fd = openSync(path, flags, 0o644);
  return fstatSync(fd).isFile() ? createFileOutput(fd) : createNonBlockingOutput(fd);
}
