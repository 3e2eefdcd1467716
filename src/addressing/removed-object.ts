import type { ConfiguredRoute, ConfiguredRule } from "../model/addressing.ts";
import type { VrrpEvent } from "../native/contract.ts";
import { familyBits } from "./netlink-writer.ts";

/** What the kernel says of a route or rule that somebody removed. */
export type RemovedObject = Extract<VrrpEvent, { kind: "object-removed" }>;

const ANY = { inet: "0.0.0.0", inet6: "::" } as const;

/** Whether it may be this route: nothing is lost by adding one that is still there. */
export function namesRoute(route: ConfiguredRoute, removed: RemovedObject): boolean {
  const { family, destination, table, metric } = route;
  return (
    removed.object === "route" &&
    removed.family === family &&
    removed.table === table &&
    removed.destination === (destination?.address ?? ANY[family]) &&
    removed.prefixLength === (destination?.prefixLength ?? 0) &&
    (metric === null || metric === removed.priority)
  );
}

/** Whether it may be this rule. */
export function namesRule(rule: ConfiguredRule, removed: RemovedObject): boolean {
  const { family, destination, priority } = rule;
  return (
    removed.object === "rule" &&
    removed.family === family &&
    removed.priority === priority &&
    removed.prefixLength === (destination === null ? 0 : Math.min(destination.prefixLength, familyBits(family)))
  );
}
