import { readdirSync } from "node:fs";

export const CONTROL_DIRECTORY = "/run/holdfast";

/** What tells daemons on one machine apart. */
export interface DaemonNames {
  readonly networkNamespace: string | null;
  readonly instanceName: string | null;
}

/** Where the control socket is when the configuration says nothing about it. */
export function defaultControlPath({ networkNamespace, instanceName }: DaemonNames): string {
  const names = [networkNamespace, instanceName].filter((name) => name !== null);
  return `${CONTROL_DIRECTORY}/${["control", ...names].join("_")}.sock`;
}

/** Sockets in the usual folder, of daemons that run or have run. */
export function knownSockets(): readonly string[] {
  try {
    const names = readdirSync(CONTROL_DIRECTORY).filter((name) => name.endsWith(".sock"));
    return names.sort().map((name) => `${CONTROL_DIRECTORY}/${name}`);
  } catch {
    return [];
  }
}
