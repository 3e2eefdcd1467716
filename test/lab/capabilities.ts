import { spawnSync } from "node:child_process";
import { findProgram } from "../helpers/repository.ts";
import { type DaemonName, daemonProgram } from "./daemon.ts";

/** @returns why native lab tests can't run here, or false: fits `skip` of node:test */
export function whyNoLab(programs: readonly string[] = []): string | false {
  if (process.getuid?.() !== 0) return "needs root for network namespaces";
  const needed = ["unshare", "nsenter", "ip", "nft", ...programs];
  const missing = needed.filter((name) => findProgram(name) === null);
  if (missing.length > 0) return `needs ${missing.join(", ")}`;
  const trial = spawnSync("unshare", ["-m", "-n", "-p", "-u", "-i", "--fork", "--mount-proc", "true"]);
  return trial.status === 0 ? false : `can't make namespaces: ${String(trial.stderr).trim()}`;
}

/** The daemons that are there. */
export function availableDaemons(): readonly DaemonName[] {
  const names: readonly DaemonName[] = ["holdfast", "keepalived"];
  return names.filter((name) => daemonProgram(name) !== null);
}
