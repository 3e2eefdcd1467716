import type { CompleteConfiguration } from "./complete.ts";
import { virtualServerKeys } from "./diff.ts";
import { isSameModel } from "./equality.ts";

type VirtualServers = CompleteConfiguration["virtualServers"];

/**
 * The same configuration with the virtual servers of an earlier one wherever they are equal but for their place in the
 * text. So a reload costs what has changed: the others are known by identity, and held in memory once.
 * @param before null at the start
 */
export function keepEqual(after: CompleteConfiguration, before: CompleteConfiguration | null): CompleteConfiguration {
  if (before === null) return after;
  return { ...after, virtualServers: keepServers(after.virtualServers, before.virtualServers) };
}

function keepServers(after: VirtualServers, before: VirtualServers): VirtualServers {
  const oldKeys = virtualServerKeys(before);
  const known = new Map(before.map((server, index) => [oldKeys[index], server]));
  const keys = virtualServerKeys(after);
  return after.map((server, index) => {
    const old = known.get(keys[index]);
    return old !== undefined && isSameModel(server, old) ? old : server;
  });
}
