import { addressAddMessage, addressDeleteMessage } from "../addressing/address-message.ts";
import { namesRoute, namesRule, type RemovedObject } from "../addressing/removed-object.ts";
import { type FindLink, routeMessages } from "../addressing/route-message.ts";
import { ruleMessages } from "../addressing/rule-message.ts";
import type { ConfiguredAddress, ConfiguredRoute, ConfiguredRule } from "../model/addressing.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { InterfaceAddress, PreparedObject, Rtnetlink, SyscallFailure, VrrpEvent } from "../native/contract.ts";
import type { SpokenRecord } from "./log.ts";
import { addObjects, objectsWithout, removeObjects } from "./network-objects.ts";

type Statics = Pick<CompleteConfiguration, "staticAddresses" | "staticRoutes" | "staticRules">;

const NOTHING: Statics = { staticAddresses: [], staticRoutes: [], staticRules: [] };

/** Static addresses, routes and rules: there from start to stop, and put back when somebody removes them. */
export class StaticObjects {
  readonly #rtnetlink: Rtnetlink;
  readonly #log: (record: SpokenRecord) => void;
  readonly #defaultInterface: string;
  #statics: Statics = NOTHING;
  #indexes: ReadonlyMap<string, number> = new Map();
  #isStopped = false;

  constructor(rtnetlink: Rtnetlink, defaultInterface: string, log: (record: SpokenRecord) => void) {
    this.#rtnetlink = rtnetlink;
    this.#defaultInterface = defaultInterface;
    this.#log = log;
  }

  /** keepalived: what an earlier run left is removed, then everything is added afresh. */
  async start(statics: Statics): Promise<void> {
    this.#statics = statics;
    await this.#readLinks();
    await removeObjects(this.#rtnetlink, this.#all(statics));
    this.#tell(await addObjects(this.#rtnetlink, this.#all(statics)), "added");
  }

  async reload(statics: Statics): Promise<void> {
    await this.#readLinks();
    const before = this.#all(this.#statics);
    this.#statics = statics;
    await removeObjects(this.#rtnetlink, objectsWithout(before, this.#all(statics)));
    this.#tell(await addObjects(this.#rtnetlink, this.#all(statics)), "added");
  }

  /** What a daemon that was killed has left. */
  async removeLeftOvers(statics: Statics): Promise<void> {
    this.#statics = statics;
    await this.stop();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#readLinks();
    this.#tell(await removeObjects(this.#rtnetlink, this.#all(this.#statics)), "removed");
  }

  /** Puts back what somebody removed, and all of an interface that came up. */
  onEvents(events: readonly VrrpEvent[]): void {
    if (this.#isStopped) return;
    const { staticAddresses, staticRoutes, staticRules } = this.#statics;
    if (staticAddresses.length + staticRoutes.length + staticRules.length === 0) return;
    let isDue = false;
    for (const event of events) {
      if (event.kind === "address" && event.isDeleted) isDue = this.#noteAddress(event.address) || isDue;
      else if (event.kind === "object-removed") isDue = this.#noteObject(event) || isDue;
      else if (event.kind === "link" && !event.isDeleted && event.link.isUp) isDue = true;
      else if (event.kind === "overrun") isDue = true;
    }
    if (isDue) void this.#restore();
  }

  async #restore(): Promise<void> {
    await this.#readLinks();
    // An interface that is down refuses its routes; they come when it is up.
    if (!this.#isStopped) await addObjects(this.#rtnetlink, this.#all(this.#statics));
  }

  #noteAddress({ ifindex, address, prefixLength }: InterfaceAddress): boolean {
    const lost = this.#statics.staticAddresses.find(
      (item) =>
        item.isTracked &&
        item.address === address &&
        item.prefixLength === prefixLength &&
        this.#indexOf(item) === ifindex,
    );
    if (lost === undefined) return false;
    this.#sayRestored("address", address);
    return true;
  }

  #noteObject(removed: RemovedObject): boolean {
    const isRoute = (route: ConfiguredRoute): boolean => route.isTracked && namesRoute(route, removed);
    const isRule = (rule: ConfiguredRule): boolean => rule.isTracked && namesRule(rule, removed);
    if (!this.#statics.staticRoutes.some(isRoute) && !this.#statics.staticRules.some(isRule)) return false;
    const { object, destination, prefixLength, priority } = removed;
    this.#sayRestored(object, object === "route" ? `${destination}/${prefixLength}` : String(priority));
    return true;
  }

  #all({ staticAddresses, staticRoutes, staticRules }: Statics): readonly PreparedObject[] {
    const findLink: FindLink = (name) => this.#indexes.get(name) ?? null;
    const addresses = staticAddresses.flatMap((address) => {
      const ifindex = this.#indexOf(address);
      if (ifindex === null) return [];
      return [{ add: addressAddMessage(address, ifindex), remove: addressDeleteMessage(address, ifindex) }];
    });
    const routes = staticRoutes.flatMap((route) => routeMessages(route, findLink) ?? []);
    return [...addresses, ...routes, ...staticRules.map(ruleMessages)];
  }

  #indexOf({ interfaceName }: ConfiguredAddress): number | null {
    return this.#indexes.get(interfaceName ?? this.#defaultInterface) ?? null;
  }

  async #readLinks(): Promise<void> {
    const links = await this.#rtnetlink.links();
    this.#indexes = new Map(links.map(({ name, ifindex }) => [name, ifindex]));
  }

  #sayRestored(what: string, which: string): void {
    const message = `static ${what} restored`;
    const text = `Restoring deleted static ${what} ${which}`;
    this.#log({ level: "warning", message, fields: { [what]: which }, text });
  }

  #tell(failures: readonly SyscallFailure[], action: string): void {
    for (const { syscall, message: reason } of failures) {
      const message = `static object not ${action}`;
      this.#log({ level: "warning", message, fields: { syscall, reason }, text: `${message}: ${syscall}: ${reason}` });
    }
  }
}
