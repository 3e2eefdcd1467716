import { serviceKeys } from "../ipvs/expand.ts";
import { indexGroups } from "../ipvs/groups.ts";
import { serviceId } from "../ipvs/keys.ts";
import { planMarks, withMarks } from "../ipvs/marks.ts";
import type { VirtualServerGroup } from "../model/checks.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import { isSameModel } from "../model/equality.ts";
import type { ConfiguredVrrpInstance } from "../model/vrrp-complete.ts";
import type { IpvsServiceKey } from "../native/contract.ts";
import { allVirtualAddresses } from "./vrrp-network.ts";

/**
 * What of a configuration says which objects in the kernel are ours: enough for `cleanUp`, small also with many real
 * servers, and without secrets.
 */
export function ownedPart(configuration: CompleteConfiguration): CompleteConfiguration {
  return {
    ...configuration,
    vrrpInstances: configuration.vrrpInstances.map((instance) => ({
      ...instance,
      authentication: { kind: "none" },
      hmac: null,
    })),
    virtualServers: configuration.virtualServers.map((server) => ({
      ...server,
      // The first one gives a group its address family.
      realServers: server.realServers.slice(0, 1).map((one) => ({ ...one, checkers: [], applicationCheckers: [] })),
      sorryServer: null,
    })),
    scripts: [],
    trackFiles: [],
    trackProcesses: [],
    bfdInstances: [],
    tls: null,
  };
}

/** Whether two configurations have the same in the kernel: with many real servers `ownedPart` is not made for nothing. */
export function isSameOwned(left: CompleteConfiguration, right: CompleteConfiguration): boolean {
  const rest = [left, right].map((one) => ownedPart({ ...one, virtualServers: [] }));
  return (
    left.virtualServers.length === right.virtualServers.length &&
    left.virtualServers.every((server, index) => isSameServices(server, right.virtualServers[index])) &&
    isSameModel(rest[0], rest[1])
  );
}

type Server = CompleteConfiguration["virtualServers"][number];

function isSameServices(left: Server, right: Server | undefined): boolean {
  if (left === right) return true;
  return left.family === right?.family && isSameModel(left.key, right?.key);
}

/** The services of all virtual servers. */
export function ownServiceKeys(configuration: CompleteConfiguration): readonly IpvsServiceKey[] {
  const { virtualServers, virtualServerGroups, global } = configuration;
  const { ipvsTable, ipvsFirstFwmark } = global.firewall;
  const groups = indexGroups(virtualServerGroups);
  const marked = ipvsTable === null ? [] : planMarks(virtualServers, groups, ipvsFirstFwmark);
  return virtualServers.flatMap((server) => serviceKeys(server, withMarks(groups, marked)));
}

function without<Item>(items: readonly Item[], wanted: readonly Item[]): readonly Item[] {
  return items.filter((item) => !wanted.some((other) => isSameModel(item, other)));
}

/** One real address on one interface. */
function addressName(instance: ConfiguredVrrpInstance, address: ReturnType<typeof allVirtualAddresses>[0]): string {
  return `${address.interfaceName ?? instance.interfaceName} ${address.address}/${address.prefixLength}`;
}

function staleInstances(
  before: readonly ConfiguredVrrpInstance[],
  now: readonly ConfiguredVrrpInstance[],
): readonly ConfiguredVrrpInstance[] {
  const wanted = new Set(now.flatMap((one) => allVirtualAddresses(one).map((address) => addressName(one, address))));
  const routes = now.flatMap(({ virtualRoutes }) => virtualRoutes);
  const rules = now.flatMap(({ virtualRules }) => virtualRules);
  return before.flatMap((instance) => {
    const { vrid, family, interfaceName, vmac } = instance;
    const isKept = now.some((one) => one.vrid === vrid && one.family === family && one.interfaceName === interfaceName);
    // Its addresses are on a VMAC that the new run takes over, or on one that goes with all of them.
    if (vmac !== null) return isKept ? [] : [instance];
    const isStale = (address: ReturnType<typeof allVirtualAddresses>[0]): boolean =>
      !wanted.has(addressName(instance, address));
    return [
      {
        ...instance,
        virtualAddresses: instance.virtualAddresses.filter(isStale),
        excludedAddresses: instance.excludedAddresses.filter(isStale),
        virtualRoutes: without(instance.virtualRoutes, routes),
        virtualRules: without(instance.virtualRules, rules),
      },
    ];
  });
}

/** Services that are wanted no more, each as a group of its own. */
function staleServers(
  before: CompleteConfiguration,
  now: CompleteConfiguration,
): Pick<CompleteConfiguration, "virtualServers" | "virtualServerGroups"> {
  const [first] = before.virtualServers;
  const wanted = new Set(ownServiceKeys(now).map(serviceId));
  const stale = ownServiceKeys(before).filter((key) => !wanted.has(serviceId(key)));
  if (first === undefined) return { virtualServers: [], virtualServerGroups: [] };
  const groups: readonly VirtualServerGroup[] = [];
  const virtualServers = stale.map(({ family, fwmark, protocol, address, port }) => {
    const key =
      address === null || protocol === null
        ? ({ kind: "fwmark", fwmark, family, protocol: "tcp" } as const)
        : ({ kind: "address", family, address, port, protocol } as const);
    return { ...first, key };
  });
  return { virtualServers, virtualServerGroups: groups };
}

/** What a run with the configuration `before` has in the kernel, and one with `now` neither wants nor takes away. */
export function leftOvers(before: CompleteConfiguration, now: CompleteConfiguration): CompleteConfiguration {
  const { firewall } = before.global;
  const unless = (table: string | null, wanted: string | null): string | null => (table === wanted ? null : table);
  return {
    ...before,
    ...staleServers(before, now),
    global: {
      ...before.global,
      firewall: {
        ...firewall,
        table: unless(firewall.table, now.global.firewall.table),
        ipvsTable: unless(firewall.ipvsTable, now.global.firewall.ipvsTable),
      },
      lvsSyncDaemon: now.global.lvsSyncDaemon === null ? before.global.lvsSyncDaemon : null,
    },
    vrrpInstances: staleInstances(before.vrrpInstances, now.vrrpInstances),
    staticAddresses: without(before.staticAddresses, now.staticAddresses),
    staticRoutes: without(before.staticRoutes, now.staticRoutes),
    staticRules: without(before.staticRules, now.staticRules),
  };
}
