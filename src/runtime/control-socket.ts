import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  rmdirSync,
  unlinkSync,
} from "node:fs";
import type { Server } from "node:net";
import { basename, dirname, join } from "node:path";
import { errorCode } from "./error-code.ts";

const GROUP_OR_OTHER_WRITE = 0o022;
const PRIVATE_UMASK = 0o177;
const LOCK_ATTEMPTS = 8;

/** Why the control socket can't be where it shall be. */
export class ControlSocketError extends Error {
  readonly isTaken: boolean;
  constructor(message: string, isTaken: boolean) {
    super(message);
    this.isTaken = isTaken;
  }
}

export interface SocketPlace {
  readonly path: string;
  /** Null: only the owner. */
  readonly gid: number | null;
  /** The folder goes with the socket, unless something else is in it. */
  readonly ownsFolder: boolean;
  readonly tryLockFile: (fd: number) => boolean;
}

/** Made so that others may enter, whatever umask holds. */
export function makeFolder(folder: string): void {
  if (mkdirSync(folder, { recursive: true, mode: 0o755 }) !== undefined) chmodSync(folder, 0o755);
}

/** Where nobody else can put a link or a file. @throws ControlSocketError, system error */
function safeFolder(path: string): string {
  makeFolder(dirname(path));
  const folder = realpathSync(dirname(path));
  const { uid, mode } = lstatSync(folder);
  const isOwn = uid === 0 || uid === process.geteuid?.();
  if (!isOwn || (mode & GROUP_OR_OTHER_WRITE) !== 0)
    throw new ControlSocketError(`others can write in ${folder}; choose a folder that only root can change`, false);
  return folder;
}

/** Whether the lock's file is still the one at its path: the daemon before may have removed it meanwhile. */
function isStillThere(fd: number, path: string): boolean {
  try {
    return lstatSync(path).ino === fstatSync(fd).ino;
  } catch {
    return false;
  }
}

/** Held as long as the daemon runs, so that a socket beside a free lock is left over from a run that was killed. */
function lock(path: string, tryLockFile: SocketPlace["tryLockFile"]): number {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt += 1) {
    const fd = openSync(path, flags, 0o600);
    const isLocked = tryLockFile(fd);
    if (isLocked && isStillThere(fd, path)) return fd;
    closeSync(fd);
    if (!isLocked) break;
  }
  throw new ControlSocketError("another daemon has it", true);
}

function removeQuietly(remove: () => void): void {
  try {
    remove();
  } catch {
    // Gone already, or something else is kept there.
  }
}

function removeLeftOver(path: string): void {
  try {
    if (!lstatSync(path).isSocket()) throw new ControlSocketError(`${path} exists and is no socket; remove it`, false);
    unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/**
 * Lets a server listen on a unix socket, 0600 from its first moment, 0660 with a group.
 * @returns a function that removes the socket; to be called after the server has closed
 * @throws ControlSocketError, system error
 */
export async function listenOnSocket(server: Server, place: SocketPlace): Promise<() => void> {
  const folder = safeFolder(place.path);
  const path = join(folder, basename(place.path));
  const fd = lock(`${path}.lock`, place.tryLockFile);
  const release = (): void => {
    removeQuietly(() => unlinkSync(path));
    removeQuietly(() => unlinkSync(`${path}.lock`));
    if (place.ownsFolder) removeQuietly(() => rmdirSync(folder));
    closeSync(fd);
  };
  try {
    removeLeftOver(path);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  try {
    const umask = process.umask(PRIVATE_UMASK);
    // The socket is made before `listen` returns.
    const listening = listen(server, path);
    process.umask(umask);
    await listening;
    if (place.gid !== null) {
      chownSync(path, -1, place.gid);
      chmodSync(path, 0o660);
    }
    return release;
  } catch (error) {
    release();
    throw error;
  }
}
