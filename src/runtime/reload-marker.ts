import { closeSync, constants, fchmodSync, openSync, unlinkSync } from "node:fs";
import { errorCode } from "./error-code.ts";
import { type PidPathRules, pidPaths } from "./pid-paths.ts";

const NEW_FILE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Where `reload_file` stands; null without it.
 * @param markerFile as configured: empty for keepalived's own place, null for none
 * @param rules where the pid files go: that place is beside the daemon's own
 */
export function reloadMarkerPath(markerFile: string | null, rules: Omit<PidPathRules, "given">): string | null {
  if (markerFile !== "") return markerFile;
  const given = { parent: null, vrrp: null, checkers: null, bfd: null };
  const [path = ""] = pidPaths({ ...rules, given }, ["parent"]).files;
  return path.replace(/\.pid$/, ".reload");
}

/**
 * Tells others, by an empty file of mode 0644, that the configuration is being read. One that is there already, be it
 * a symbolic link, stays as it is.
 * @returns null, or the code of what stood in the way
 */
export function setReloadMarker(path: string): string | null {
  try {
    const fd = openSync(path, NEW_FILE_FLAGS, 0o644);
    try {
      // Our umask lets nobody else read.
      fchmodSync(fd, 0o644);
    } finally {
      closeSync(fd);
    }
    return null;
  } catch (error) {
    return errorCode(error) === "EEXIST" ? null : errorCode(error);
  }
}

/** Also one that an earlier run has left. @returns null, or the code of what stood in the way */
export function clearReloadMarker(path: string): string | null {
  try {
    unlinkSync(path);
    return null;
  } catch (error) {
    return errorCode(error) === "ENOENT" ? null : errorCode(error);
  }
}
