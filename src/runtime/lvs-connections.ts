import { overrideKey } from "../checker/override.ts";
import { serviceKeys } from "../ipvs/expand.ts";
import type { GroupMembers } from "../ipvs/groups.ts";
import { type DestinationId, destinationId, type ServiceId, serviceId } from "../ipvs/keys.ts";
import type { IpvsServiceKey } from "../native/contract.ts";
import type { Pool } from "./lvs-pools.ts";

/**
 * Connections of some servers, over all services of their virtual server.
 * @param keys of the servers, by `overrideKey`
 * @param table as the kernel has it
 */
export function countConnections(
  pools: readonly Pool[],
  keys: ReadonlySet<string>,
  table: ReadonlyMap<ServiceId, ReadonlyMap<DestinationId, number>>,
  groups: GroupMembers,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  if (keys.size === 0) return counts;
  for (const { virtualServer, names } of pools) {
    const { virtualServer: name } = names;
    const services = serviceKeys(virtualServer, groups);
    const isGroup = virtualServer.key.kind === "group";
    names.realServers.forEach((realServer, index) => {
      const key = overrideKey({ virtualServer: name, realServer });
      const server = virtualServer.realServers[index];
      if (server === undefined || !keys.has(key)) return;
      const countOf = (service: IpvsServiceKey): number => {
        const { address } = server;
        const port = isGroup && server.fwdMethod !== "masq" ? service.port : server.port;
        return table.get(serviceId(service))?.get(destinationId({ address, port })) ?? 0;
      };
      counts.set(
        key,
        services.reduce((sum, service) => sum + countOf(service), 0),
      );
    });
  }
  return counts;
}
