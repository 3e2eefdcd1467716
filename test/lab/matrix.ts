import { availableDaemons } from "./capabilities.ts";
import type { DaemonName } from "./daemon.ts";

/**
 * The daemons under test. HOLDFAST_LAB_DAEMONS (for example `keepalived`) restricts them, to compare behaviour with
 * the original's.
 */
export function daemonNames(): readonly DaemonName[] {
  const wanted = process.env["HOLDFAST_LAB_DAEMONS"]?.split(",");
  return availableDaemons().filter((name) => wanted?.includes(name) ?? true);
}

/** Who stands on either side: with both daemons at hand a pair of holdfast, and holdfast beside keepalived in both roles. */
export function daemonPairs(): readonly (readonly [DaemonName, DaemonName])[] {
  const names = daemonNames();
  const pairs = names.flatMap((first) => names.map((second): readonly [DaemonName, DaemonName] => [first, second]));
  const withHoldfast = pairs.filter((pair) => pair.includes("holdfast"));
  return withHoldfast.length > 0 ? withHoldfast : pairs;
}
