import type { VrrpInstance } from "../model/vrrp.ts";
import type { GarpGroup } from "../model/vrrp-complete.ts";
import type { AnnouncePacing, VrrpLoop } from "../native/contract.ts";
import { allVirtualAddresses, type NetworkView } from "./vrrp-network.ts";

export type PacedGroup = Pick<GarpGroup, "interfaces" | "garpIntervalUs" | "gnaIntervalUs">;

interface Intervals {
  readonly garpIntervalUs: number;
  readonly gnaIntervalUs: number;
}

/** keepalived: the interfaces of a `garp_group` share its intervals, each other one has those of `global_defs` to itself. */
export function announcePacing(
  configs: readonly VrrpInstance[],
  groups: readonly PacedGroup[],
  view: NetworkView,
): readonly AnnouncePacing[] {
  const defaults = intervalsByInterface(configs);
  const grouped = new Set(groups.flatMap(({ interfaces }) => interfaces));
  const shared = groups.map(({ interfaces, garpIntervalUs, gnaIntervalUs }) => ({
    interfaces: indexes(interfaces, view),
    garpIntervalUs: garpIntervalUs ?? 0,
    gnaIntervalUs: gnaIntervalUs ?? 0,
  }));
  const alone = [...defaults]
    .filter(([name]) => !grouped.has(name))
    .map(([name, intervals]) => ({ interfaces: indexes([name], view), ...intervals }));
  return [...shared, ...alone].filter(
    ({ interfaces, garpIntervalUs, gnaIntervalUs }) => interfaces.length > 0 && garpIntervalUs + gnaIntervalUs > 0,
  );
}

/** Tells the loop of the pace when it has changed. */
export class Pacemaker {
  #told = "[]";

  apply(configs: readonly VrrpInstance[], groups: readonly PacedGroup[], view: NetworkView, loop: VrrpLoop): void {
    const pacing = announcePacing(configs, groups, view);
    const text = JSON.stringify(pacing);
    if (text === this.#told) return;
    this.#told = text;
    loop.setPacing(pacing);
  }
}

function intervalsByInterface(configs: readonly VrrpInstance[]): ReadonlyMap<string, Intervals> {
  const found = new Map<string, Intervals>();
  for (const config of configs) {
    const { garpIntervalUs, gnaIntervalUs } = config.announce;
    for (const { interfaceName } of allVirtualAddresses(config)) {
      found.set(interfaceName ?? config.interfaceName, { garpIntervalUs, gnaIntervalUs });
    }
  }
  return found;
}

function indexes(names: readonly string[], view: NetworkView): readonly number[] {
  return names.flatMap((name) => view.linkNamed(name)?.ifindex ?? []);
}
