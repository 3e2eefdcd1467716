import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "../runtime/error-code.ts";

/** Somebody else could have written what is to be trusted. */
export class UnsafeStateError extends Error {
  constructor(path: string, why: string) {
    super(`${path} is ${why}; look at it and remove it`);
  }
}

const LARGEST_STATE_BYTES = 1 << 20;
const GROUP_OR_OTHER_WRITE = 0o022;

function assertOwn(path: string, info: { readonly uid: number; readonly mode: number }): void {
  if (info.uid !== process.getuid?.()) throw new UnsafeStateError(path, "owned by somebody else");
  if ((info.mode & GROUP_OR_OTHER_WRITE) !== 0) throw new UnsafeStateError(path, "writable by others");
}

function ensureFolder(folder: string): void {
  const created = mkdirSync(folder, { recursive: true, mode: 0o700 });
  // keepalived's umask takes the right to enter, which only root does without.
  if (created !== undefined) chmodSync(folder, 0o700);
  const info = lstatSync(folder);
  if (!info.isDirectory()) throw new UnsafeStateError(folder, "no folder");
  assertOwn(folder, info);
}

/**
 * Reads a small file that only this user can have written.
 * @returns its text, null when there is none
 * @throws UnsafeStateError for a symbolic link, another owner or loose permissions; system error
 */
export function readStateFile(path: string, largestBytes = LARGEST_STATE_BYTES): string | null {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    if (errorCode(error) === "ELOOP") throw new UnsafeStateError(path, "a symbolic link");
    throw error;
  }
  try {
    const info = fstatSync(fd);
    if (!info.isFile() || info.size > largestBytes) throw new UnsafeStateError(path, "no small regular file");
    assertOwn(path, info);
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}

/**
 * Replaces the file as a whole, 0600, in a folder of its own, 0700.
 * @throws UnsafeStateError, system error
 */
export function writeStateFile(path: string, text: string): void {
  ensureFolder(dirname(path));
  const temporary = `${path}.new`;
  removeIfThere(temporary);
  try {
    writeNew(temporary, text);
    renameSync(temporary, path);
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  }
}

function writeNew(path: string, text: string): void {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const fd = openSync(path, flags, 0o600);
  try {
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Removes the file, and its folder when nothing else is in it. */
export function removeStateFile(path: string): void {
  removeIfThere(path);
  removeFolder(dirname(path));
}

/** Unless something is in it. */
export function removeFolder(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Something else is kept there.
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}
