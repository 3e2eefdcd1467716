import { namesRoute, namesRule, type RemovedObject } from "../addressing/removed-object.ts";
import type { IpAddress, Microseconds } from "../model/units.ts";
import type { VrrpInstance } from "../model/vrrp.ts";
import type { InterfaceAddress } from "../native/contract.ts";
import { addressKey } from "./vrrp-network.ts";

/** Two programs that fight over an address shall not keep a processor busy. */
const REPAIR_PAUSE_US = 50_000;

/** What others took away from one instance and is to be put back. */
export class RemovedThings {
  readonly #addresses = new Map<string, InterfaceAddress>();
  /** Routes and rules, as they are told. */
  readonly #objects = new Set<string>();
  #takenAtUs = Number.NEGATIVE_INFINITY;
  #heldUntilUs = Number.NEGATIVE_INFINITY;

  get isEmpty(): boolean {
    return this.#addresses.size + this.#objects.size === 0;
  }

  addAddress(address: InterfaceAddress): void {
    this.#addresses.set(addressKey(address), address);
  }

  /** Of those of the instance; `no_track` ones are left alone. */
  addObject({ virtualRoutes = [], virtualRules = [] }: VrrpInstance, removed: RemovedObject): void {
    const isOwn =
      removed.object === "route"
        ? virtualRoutes.some((route) => route.isTracked && namesRoute(route, removed))
        : virtualRules.some((rule) => rule.isTracked && namesRule(rule, removed));
    const { object, destination, prefixLength, priority } = removed;
    if (isOwn) this.#objects.add(object === "rule" ? `rule ${priority}` : `route ${destination}/${prefixLength}`);
  }

  /** Until the next repair may begin; 0 or less: now. */
  waitUs(nowUs: Microseconds): Microseconds {
    return Math.max(this.#takenAtUs + REPAIR_PAUSE_US, this.#heldUntilUs) - nowUs;
  }

  /** Things go and come by our own doing: until then nothing is repaired. */
  hold(untilUs: Microseconds): void {
    this.#heldUntilUs = untilUs;
  }

  /** Empties it. @returns what has not come back by itself */
  take(hasAddress: (address: InterfaceAddress) => boolean): readonly (IpAddress | string)[] {
    const missing = [...this.#addresses.values()].filter((address) => !hasAddress(address));
    const things = [...missing.map(({ address }) => address), ...this.#objects];
    this.#addresses.clear();
    this.#objects.clear();
    return things;
  }

  /** A repair begins; the next one waits a while. */
  begin(nowUs: Microseconds): void {
    this.#takenAtUs = nowUs;
  }
}
