import { overrideKey } from "../checker/override.ts";
import { serviceKeys } from "../ipvs/expand.ts";
import type { GroupMembers } from "../ipvs/groups.ts";
import { destinationId, serviceId } from "../ipvs/keys.ts";
import type { IpvsDestinationUsage, IpvsServiceUsage, IpvsTraffic } from "../native/contract.ts";
import type { Pool } from "./lvs-pools.ts";
import type { LvsUsage, ServerUsage } from "./lvs-types.ts";

const NO_TRAFFIC: IpvsTraffic = { connections: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 };

function sum(traffics: readonly IpvsTraffic[]): IpvsTraffic {
  return traffics.reduce(
    (all, one) => ({
      connections: all.connections + one.connections,
      inPackets: all.inPackets + one.inPackets,
      outPackets: all.outPackets + one.outPackets,
      inBytes: all.inBytes + one.inBytes,
      outBytes: all.outBytes + one.outBytes,
    }),
    NO_TRAFFIC,
  );
}

function serverUsage(destinations: readonly IpvsDestinationUsage[]): ServerUsage {
  const count = (of: (one: IpvsDestinationUsage) => number): number =>
    destinations.reduce((all, one) => all + of(one), 0);
  return {
    traffic: sum(destinations.map(({ traffic }) => traffic)),
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
  for (const { virtualServer, names } of pools) {
    const { virtualServer: name } = names;
    const services = serviceKeys(virtualServer, groups).flatMap((key) => found.get(serviceId(key)) ?? []);
    if (services.length > 0) virtualServers.set(name, sum(services.map(({ service }) => service.traffic)));
    const isGroup = virtualServer.key.kind === "group";
    names.realServers.forEach((realServer, index) => {
      const server = virtualServer.realServers[index];
      if (server === undefined) return;
      const { address, port, fwdMethod } = server;
      const destinations = services.flatMap(({ service, destinations: of }) => {
        const id = destinationId({ address, port: isGroup && fwdMethod !== "masq" ? service.port : port });
        return of.get(id) ?? [];
      });
      if (destinations.length === 0) return;
      realServers.set(overrideKey({ virtualServer: name, realServer }), serverUsage(destinations));
    });
  }
  return { virtualServers, realServers };
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
