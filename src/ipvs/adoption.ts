import type { VirtualServer } from "../model/lvs.ts";
import { serviceKeys } from "./expand.ts";
import type { GroupMembers } from "./groups.ts";
import { destinationId, serviceId } from "./keys.ts";
import type { Table } from "./table.ts";

/**
 * What a table left over by an earlier run tells of the servers: one that is missing from a service, or is there with
 * weight 0 against its configured one, had been taken out. Without such a service nothing is known.
 * @param table as found in the kernel at start
 * @param weights by real server, what they are to have: an operator may have said so, and drain one that is well
 * @returns by real server: true for those that were out
 */
export function findTakenOut(
  virtualServer: VirtualServer,
  groups: GroupMembers,
  table: Table,
  weights: readonly number[] = virtualServer.realServers.map(({ weight }) => weight),
): boolean[] {
  const key = serviceKeys(virtualServer, groups).find((one) => table.has(serviceId(one)));
  const found = key === undefined ? undefined : table.get(serviceId(key));
  return virtualServer.realServers.map((server, index) => {
    if (key === undefined || found === undefined) return false;
    const isMember = virtualServer.key.kind === "group" && server.fwdMethod !== "masq";
    const destination = found.destinations.get(destinationId(isMember ? { ...server, port: key.port } : server));
    return destination === undefined || (destination.weight === 0 && (weights[index] ?? 0) > 0);
  });
}
