import type { VrrpInstance } from "../model/vrrp.ts";
import type { PreparedObject } from "../native/contract.ts";
import { linkStateObject } from "./link-message.ts";
import { type FindLink, routeMessages } from "./route-message.ts";
import { ruleMessages } from "./rule-message.ts";

/** What is there beside the addresses while an instance is active, in the order in which it is added. */
export function instanceObjects(instance: VrrpInstance, findLink: FindLink): readonly PreparedObject[] {
  const held = (instance.heldInterfaces ?? []).flatMap((name) => {
    const ifindex = findLink(name);
    return ifindex === null ? [] : [linkStateObject(ifindex)];
  });
  const routes = (instance.virtualRoutes ?? []).flatMap((route) => routeMessages(route, findLink) ?? []);
  return [...held, ...routes, ...(instance.virtualRules ?? []).map(ruleMessages)];
}
