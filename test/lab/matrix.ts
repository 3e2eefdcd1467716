import { availableDaemons } from "./capabilities.ts";
import type { DaemonName } from "./daemon.ts";

/**
 * Who stands on either side. With both daemons at hand: a pair of holdfast, and holdfast beside keepalived in both roles.
 * HOLDFAST_LAB_DAEMONS (for example `keepalived`) restricts it, to compare behaviour with the original's.
 */
export function daemonPairs(): readonly (readonly [DaemonName, DaemonName])[] {
  const wanted = process.env["HOLDFAST_LAB_DAEMONS"]?.split(",");
  const names = availableDaemons().filter((name) => wanted?.includes(name) ?? true);
  const pairs = names.flatMap((first) => names.map((second): readonly [DaemonName, DaemonName] => [first, second]));
  const withHoldfast = pairs.filter((pair) => pair.includes("holdfast"));
  return withHoldfast.length > 0 ? withHoldfast : pairs;
}
