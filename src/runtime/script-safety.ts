import { realpathSync, type Stats, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ScriptFinding } from "../config/host.ts";

const STICKY = 0o1000;
const GROUP_WRITE = 0o020;
const OTHER_WRITE = 0o002;

function findInPath(name: string, searchPath: string): string | null {
  if (name.includes("/")) return name;
  for (const folder of searchPath.split(":")) {
    if (!folder.startsWith("/")) continue;
    const candidate = join(folder, name);
    if (statSync(candidate, { throwIfNoEntry: false })?.isFile()) return candidate;
  }
  return null;
}

/** Owned by root and not writable by others: a sticky folder or root's own group may be. */
function isSafe(info: Stats): boolean {
  if (info.uid !== 0) return false;
  if (info.isDirectory() && (info.mode & STICKY) !== 0) return true;
  if ((info.mode & OTHER_WRITE) !== 0) return false;
  return (info.mode & GROUP_WRITE) === 0 || info.gid === 0;
}

function isWholePathSafe(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if (!isSafe(statSync(at))) return false;
    if (at === "/") return true;
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0 || process.getgid?.() === 0;
}

/**
 * Whether a script may be run, and whether somebody other than root could replace it.
 * @param path absolute, or a bare name to be searched
 * @param searchPath as the PATH variable
 */
export function inspectScript(path: string, searchPath: string): ScriptFinding {
  const found = findInPath(path, searchPath);
  if (found === null) return "missing";
  try {
    const real = realpathSync(found);
    const info = statSync(real);
    if (!info.isFile()) return "missing";
    if ((info.mode & 0o111) === 0) return "not-executable";
    // Only a privileged daemon has something to lose.
    return isRoot() && !isWholePathSafe(real) ? "insecure" : "ok";
  } catch {
    return "missing";
  }
}
