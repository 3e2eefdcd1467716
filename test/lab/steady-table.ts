import { savedTable } from "./ipvs.ts";
import type { Machine } from "./machine.ts";

const LOOK_EVERY_MS = 200;

export interface Steadiness {
  /** Without a change; longer than a check that fails takes, retries included. */
  readonly steadyMs: number;
  /** A table without any server counts, too: the daemon has to be up before. */
  readonly mayBeEmpty?: boolean;
}

/** @returns `ipvsadm -Sn` once the table has stayed as it is for long enough */
export async function steadyTable(
  machine: Machine,
  { steadyMs, mayBeEmpty = false }: Steadiness,
): Promise<readonly string[]> {
  let last = "";
  let since = performance.now();
  while (performance.now() - since < steadyMs || !(mayBeEmpty || hasServers(last))) {
    // Without counts of connections, which checks of the director's own port change.
    const text = machine.readNetFile("ip_vs").replaceAll(/ \d+ +\d+ *$/gm, "");
    if (text !== last) since = performance.now();
    last = text;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return await savedTable(machine);
}

/** The heading has an arrow of its own. */
function hasServers(text: string): boolean {
  return text.lastIndexOf("->") > text.indexOf("RemoteAddress");
}
