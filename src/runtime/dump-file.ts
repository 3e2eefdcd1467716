import { closeSync, constants, fchmodSync, lstatSync, openSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { errorCode } from "./error-code.ts";

const DEFAULT_DIRECTORY = "/tmp";
const NAME_ATTEMPTS = 8;
const NEW_FILE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Where dumps go: `TMPDIR` when it is an existing directory, named from the root. */
export function dumpDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  const named = environment["TMPDIR"] ?? "";
  if (!isAbsolute(named)) return DEFAULT_DIRECTORY;
  try {
    return lstatSync(join(named, ".")).isDirectory() ? named : DEFAULT_DIRECTORY;
  } catch {
    return DEFAULT_DIRECTORY;
  }
}

/** @returns null when the path may be replaced, otherwise why not */
function obstacleAt(path: string): string | null {
  try {
    const found = lstatSync(path);
    if (found.isSymbolicLink()) return "ELOOP";
    if (!found.isFile()) return "ENOTREG";
    return found.uid === process.geteuid?.() ? null : "EPERM";
  } catch (error) {
    return errorCode(error) === "ENOENT" ? null : errorCode(error);
  }
}

function openBeside(path: string, token: () => string): { readonly fd: number; readonly path: string } {
  for (let attempt = 1; ; attempt += 1) {
    const temporary = `${path}.${token()}`;
    try {
      return { fd: openSync(temporary, NEW_FILE_FLAGS, 0o600), path: temporary };
    } catch (error) {
      if (errorCode(error) !== "EEXIST" || attempt === NAME_ATTEMPTS) throw error;
    }
  }
}

function writeAndRename(path: string, text: string, token: () => string): void {
  const temporary = openBeside(path, token);
  try {
    try {
      fchmodSync(temporary.fd, 0o600);
      writeFileSync(temporary.fd, text);
    } finally {
      closeSync(temporary.fd);
    }
    renameSync(temporary.path, path);
  } catch (error) {
    unlinkSync(temporary.path);
    throw error;
  }
}

/**
 * Writes a whole file of mode 0600, safe in a directory where others may write: never through a symbolic link, and
 * never in place of what is no regular file of our own. Readers see the old content or the new one.
 * @param token makes the temporary name hard to guess
 * @returns null, or the code of what stood in the way
 */
export function writeDumpFile(path: string, text: string, token: () => string): string | null {
  try {
    const obstacle = obstacleAt(path);
    if (obstacle !== null) return obstacle;
    writeAndRename(path, text, token);
    return null;
  } catch (error) {
    return errorCode(error);
  }
}
