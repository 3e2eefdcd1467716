import { overrideKey } from "../checker/override.ts";
import { serviceKeys } from "../ipvs/expand.ts";
import type { GroupMembers } from "../ipvs/groups.ts";
import { destinationId, serviceId } from "../ipvs/keys.ts";
import { sumTraffic } from "../ipvs/traffic.ts";
import type { RealServer } from "../model/lvs.ts";
import type { IpvsDestinationUsage, IpvsServiceUsage, IpvsTraffic } from "../native/contract.ts";
import type { Pool } from "./lvs-pools.ts";
import type { LvsUsage, ServerUsage } from "./lvs-types.ts";

function serverUsage(destinations: readonly IpvsDestinationUsage[]): ServerUsage {
  const count = (of: (one: IpvsDestinationUsage) => number): number =>
    destinations.reduce((all, one) => all + of(one), 0);
  return {
    traffic: sumTraffic(destinations.map(({ traffic }) => traffic)),
    activeConnections: count(({ activeConnections }) => activeConnections),
    inactiveConnections: count(({ inactiveConnections }) => inactiveConnections),
    persistentConnections: count(({ persistentConnections }) => persistentConnections),
  };
}

/**
 * The kernel's counts by configured server, over all services of its virtual server.
 * @param table as the kernel has it
 */
export function usageOf(pools: readonly Pool[], table: readonly IpvsServiceUsage[], groups: GroupMembers): LvsUsage {
  const found = new Map(
    table.map((service) => {
      const destinations = new Map(service.destinations.map((one) => [destinationId(one), one]));
      return [serviceId(service), { service, destinations }] as const;
    }),
  );
  const virtualServers = new Map<string, IpvsTraffic>();
  const realServers = new Map<string, ServerUsage>();
  const sorryServers = new Map<string, ServerUsage>();
  for (const { virtualServer, names } of pools) {
    const { virtualServer: name } = names;
    const services = serviceKeys(virtualServer, groups).flatMap((key) => found.get(serviceId(key)) ?? []);
    if (services.length > 0) virtualServers.set(name, sumTraffic(services.map(({ service }) => service.traffic)));
    const isGroup = virtualServer.key.kind === "group";
    const usageOfServer = ({ address, port, fwdMethod }: RealServer): ServerUsage | null => {
      const destinations = services.flatMap(({ service, destinations: of }) => {
        const id = destinationId({ address, port: isGroup && fwdMethod !== "masq" ? service.port : port });
        return of.get(id) ?? [];
      });
      return destinations.length === 0 ? null : serverUsage(destinations);
    };
    virtualServer.realServers.forEach((server, index) => {
      const usage = usageOfServer(server);
      const realServer = names.realServer(index) ?? "";
      if (usage !== null) realServers.set(overrideKey({ virtualServer: name, realServer }), usage);
    });
    const sorry = virtualServer.sorryServer === null ? null : usageOfServer(virtualServer.sorryServer);
    if (sorry !== null) sorryServers.set(name, sorry);
  }
  return { virtualServers, realServers, sorryServers };
}

/** Connections of some servers, by `overrideKey`; of a server that the kernel does not have, none. */
export function countConnections({ realServers }: LvsUsage, keys: ReadonlySet<string>): ReadonlyMap<string, number> {
  return new Map(
    [...keys].map((key) => {
      const { activeConnections = 0, inactiveConnections = 0 } = realServers.get(key) ?? {};
      return [key, activeConnections + inactiveConnections];
    }),
  );
}
