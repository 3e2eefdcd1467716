import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { errorCode } from "./error-code.ts";

export interface PidFileDependencies {
  /** `NativeAddon.tryLockFile` */
  readonly tryLockFile: (fd: number) => boolean;
  readonly pid: number;
  /** @returns the name of the process, null when there is none or it has ended */
  readonly processName: (pid: number) => string | null;
}

export type PidFileRefusal =
  /** @param pid of the other daemon, null when its file does not say */
  | { readonly kind: "running"; readonly path: string; readonly pid: number | null }
  /** @param code as `EACCES`; `ELOOP` for a symbolic link, `ENOTREG` for something that is no regular file */
  | { readonly kind: "failed"; readonly path: string; readonly code: string };

/** A held pid file. */
export interface PidFile {
  readonly path: string;
  /** Removes the file if it is still ours, and drops the lock. Idempotent. */
  close(): void;
}

export type PidFileOutcome =
  | { readonly ok: true; readonly file: PidFile }
  | { readonly ok: false; readonly refusal: PidFileRefusal };

/** keepalived before 2.3 does not lock its pid files, so its name is looked at too. */
const DAEMON_NAMES: ReadonlySet<string> = new Set(["keepalived", "holdfast"]);
const LONGEST_PID_TEXT = 32;
const OPEN_ATTEMPTS = 5;

/** Never through a symbolic link, and never waiting for the reader of a FIFO. */
const OPEN_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

function readPid(fd: number): number | null {
  const buffer = Buffer.alloc(LONGEST_PID_TEXT);
  const text = buffer.toString("latin1", 0, readSync(fd, buffer, 0, LONGEST_PID_TEXT, 0));
  return /^[1-9][0-9]{0,9}\s*$/.test(text) ? Number(text) : null;
}

/** False when the path has been removed or replaced since the descriptor was opened. */
function isStillAt(path: string, fd: number): boolean {
  try {
    const there = lstatSync(path);
    const held = fstatSync(fd);
    return there.ino === held.ino && there.dev === held.dev;
  } catch {
    return false;
  }
}

function holdFile(path: string, fd: number, pid: number): PidFile {
  ftruncateSync(fd, 0);
  writeSync(fd, `${pid}\n`, 0, "latin1");
  fchmodSync(fd, 0o644);
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    try {
      if (isStillAt(path, fd)) unlinkSync(path);
    } catch {
      // The folder may have gone before the file.
    }
    closeSync(fd);
  };
  return { path, close };
}

type Attempt = PidFileOutcome | "again";

function tryHold(path: string, fd: number, dependencies: PidFileDependencies): Attempt {
  if (!fstatSync(fd).isFile()) return { ok: false, refusal: { kind: "failed", path, code: "ENOTREG" } };
  const other = readPid(fd);
  if (!dependencies.tryLockFile(fd)) return { ok: false, refusal: { kind: "running", path, pid: other } };
  // A daemon that was just ending may have removed the path while the lock was waited for.
  if (!isStillAt(path, fd)) return "again";
  const name = other === null || other === dependencies.pid ? null : dependencies.processName(other);
  if (name !== null && DAEMON_NAMES.has(name)) return { ok: false, refusal: { kind: "running", path, pid: other } };
  return { ok: true, file: holdFile(path, fd, dependencies.pid) };
}

function attempt(path: string, dependencies: PidFileDependencies): Attempt {
  let fd: number;
  try {
    fd = openSync(path, OPEN_FLAGS, 0o644);
  } catch (error) {
    return { ok: false, refusal: { kind: "failed", path, code: errorCode(error) } };
  }
  let outcome: Attempt = "again";
  try {
    outcome = tryHold(path, fd, dependencies);
  } catch (error) {
    outcome = { ok: false, refusal: { kind: "failed", path, code: errorCode(error) } };
  }
  if (outcome === "again" || !outcome.ok) closeSync(fd);
  return outcome;
}

/**
 * Creates or takes over a pid file: write-locked, decimal pid and newline, 0644. Stale content is replaced.
 * @param path absolute
 */
export function acquirePidFile(path: string, dependencies: PidFileDependencies): PidFileOutcome {
  for (let count = 0; count < OPEN_ATTEMPTS; count++) {
    const outcome = attempt(path, dependencies);
    if (outcome !== "again") return outcome;
  }
  return { ok: false, refusal: { kind: "failed", path, code: "EAGAIN" } };
}

/** Takes all files or none. */
export function acquirePidFiles(
  paths: readonly string[],
  dependencies: PidFileDependencies,
): { readonly files: readonly PidFile[]; readonly refusal: PidFileRefusal | null } {
  const files: PidFile[] = [];
  for (const path of paths) {
    const outcome = acquirePidFile(path, dependencies);
    if (outcome.ok) {
      files.push(outcome.file);
      continue;
    }
    for (const file of files.reverse()) file.close();
    return { files: [], refusal: outcome.refusal };
  }
  return { files, refusal: null };
}
