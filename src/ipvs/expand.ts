import type { TunnelSettings } from "../model/checks.ts";
import type { RealServer, VirtualServer } from "../model/lvs.ts";
import type { AddressFamily } from "../model/units.ts";
import type { IpvsDestination, IpvsService, IpvsServiceKey } from "../native/contract.ts";
import { type GroupMembers, memberKeys } from "./groups.ts";
import { type DestinationId, destinationId, type ServiceId, serviceId } from "./keys.ts";
import { membersOf } from "./marks.ts";
import type { TableService } from "./table.ts";

/** What is known of the servers of one virtual server; `servers` are in the order of its real servers. */
export interface PoolHealth {
  readonly hasQuorum: boolean;
  /** All servers serve, whatever their state. */
  readonly isPanicking?: boolean;
  readonly servers: readonly {
    readonly isAlive: boolean;
    readonly weight: number;
    /** What an operator says about it. */
    readonly force?: { readonly kind: string } | null;
  }[];
}

/** A real server that may say how it is tunnelled to. */
type Destined = RealServer & { readonly tunnel?: TunnelSettings | null };

/** A virtual server that may say how its sorry server is tunnelled to. */
type Served = VirtualServer & { readonly sorryTunnel?: TunnelSettings | null };

/**
 * A virtual server that may say of which family it is, which its servers behind tunnels need not be; null where nothing
 * tells it.
 */
type OfFamily = VirtualServer & { readonly family?: AddressFamily | null };

/** IP_VS_TUNNEL_ENCAP_FLAG_*: @see linux/ip_vs.h */
const CHECKSUM_FLAGS: Readonly<Record<TunnelSettings["checksum"], number>> = { nocsum: 0, csum: 1, remcsum: 2 };

/**
 * The services that one virtual server asks for: one, or those of all members of its group.
 * @param groups of the configuration; an unknown group has no members
 */
export function serviceKeys(
  { key, realServers, family: own }: OfFamily,
  groups: GroupMembers,
): readonly IpvsServiceKey[] {
  switch (key.kind) {
    case "address": {
      const { family, protocol, address, port } = key;
      return [{ family, fwmark: 0, protocol, address, port }];
    }
    case "fwmark":
      return [{ family: key.family, fwmark: key.fwmark, protocol: null, address: null, port: 0 }];
    case "group": {
      // keepalived: a mark of which nothing tells the family is IPv4's
      const family = (own === undefined ? realServers[0]?.family : own) ?? "inet";
      const members = membersOf(groups, key.group, key.protocol);
      return members.flatMap((member) => memberKeys(member, key.protocol, family));
    }
  }
}

/** The desired services of one virtual server in its present health. */
export function expandVirtualServer(
  virtualServer: VirtualServer,
  health: PoolHealth,
  groups: GroupMembers,
): TableService[] {
  const wanted = wantedDestinations(virtualServer, health);
  const isGroup = virtualServer.key.kind === "group";
  return serviceKeys(virtualServer, groups).map((key) => ({
    service: expandService(virtualServer, key),
    destinations: indexDestinations(isGroup ? wanted.map((one) => forMember(one, key)) : wanted),
  }));
}

/**
 * Puts services together by identity. Where several virtual servers ask for the same service (members of
 * shared groups), the first one's settings hold and the destinations of all are served.
 */
export function mergeServices(services: Iterable<TableService>): Map<ServiceId, TableService> {
  const table = new Map<ServiceId, TableService>();
  for (const service of services) {
    const id = serviceId(service.service);
    const first = table.get(id);
    if (first === undefined) table.set(id, service);
    else table.set(id, { ...first, destinations: new Map([...service.destinations, ...first.destinations]) });
  }
  return table;
}

function expandService(virtualServer: VirtualServer, key: IpvsServiceKey): IpvsService {
  const { scheduler, flags, persistenceTimeoutSec } = virtualServer;
  // keepalived: an engine for nothing is left out
  const persistenceEngine = persistenceTimeoutSec === 0 ? null : virtualServer.persistenceEngine;
  const persistenceGranularity = granularityFor(key, virtualServer.persistenceGranularity);
  const { family, fwmark, protocol, address, port } = key;
  // Spread, each would have a hidden class of its own
  return {
    family,
    fwmark,
    protocol,
    address,
    port,
    scheduler,
    flags,
    persistenceTimeoutSec,
    persistenceGranularity,
    persistenceEngine,
  };
}

/** A group may hold members of a family that the virtual server's granularity is not meant for: those get the finest. */
function granularityFor({ family }: IpvsServiceKey, given: number): number {
  const isPrefixLength = given <= 128;
  if (family === "inet6") return isPrefixLength ? given : 128;
  return isPrefixLength ? 0xffffffff : given;
}

/** A destination of a pool, and whether it is one that serves. */
interface WantedDestination {
  readonly destination: IpvsDestination;
  readonly serves: boolean;
}

/**
 * Alive servers serve, unless the sorry server does; inhibited ones stay with weight 0 instead of leaving.
 * @returns in the order of the configuration, the sorry server last
 */
function wantedDestinations(virtualServer: Served, health: PoolHealth): readonly WantedDestination[] {
  const { isSorryServerInhibited, realServers, sorryTunnel = null } = virtualServer;
  const sorryServer = virtualServer.sorryServer === null ? null : { ...virtualServer.sorryServer, tunnel: sorryTunnel };
  const isSorry = sorryServer !== null && !health.hasQuorum;
  const wanted: WantedDestination[] = [];
  realServers.forEach((server, index) => {
    const state = health.servers[index];
    if (state === undefined) return;
    // What an operator took out stays out in a panic, too.
    const isBelieved = state.isAlive || (health.isPanicking === true && state.force?.kind !== "out");
    const serves = isBelieved && !isSorry;
    // One that is drained keeps its connections when that brings the sorry server in.
    const isKept = state.isAlive && state.force?.kind === "weight" && state.weight === 0;
    if (serves || isKept || server.isInhibitedOnFailure) {
      wanted.push({ destination: expandDestination(server, serves ? state.weight : 0), serves });
    }
  });
  if (sorryServer !== null && (isSorry || isSorryServerInhibited)) {
    const weight = isSorry ? sorryServer.weight : 0;
    wanted.push({ destination: expandDestination(sorryServer, weight), serves: isSorry });
  }
  return wanted;
}

/**
 * By identity. Servers that come to be one destination (DR and TUN force ports; the sorry server may be a real server):
 * one that serves wins over one that is kept at weight 0, else the first counts.
 */
function indexDestinations(wanted: readonly WantedDestination[]): Map<DestinationId, IpvsDestination> {
  const destinations = new Map<DestinationId, IpvsDestination>();
  const serving = new Set<DestinationId>();
  for (const { destination, serves } of wanted) {
    const id = destinationId(destination);
    if (destinations.has(id) && (!serves || serving.has(id))) continue;
    destinations.set(id, destination);
    if (serves) serving.add(id);
  }
  return destinations;
}

function expandDestination(server: Destined, weight: number): IpvsDestination {
  const { family, address, port, fwdMethod, upperThreshold, lowerThreshold, tunnel } = server;
  return {
    family,
    address,
    port,
    fwdMethod,
    weight,
    upperThreshold,
    lowerThreshold,
    tunnelType: tunnel?.type ?? "ipip",
    tunnelPort: tunnel?.port ?? 0,
    tunnelFlags: CHECKSUM_FLAGS[tunnel?.checksum ?? "nocsum"],
  };
}

/** Without address translation a destination listens where the service does. */
function forMember({ destination, serves }: WantedDestination, { port }: IpvsServiceKey): WantedDestination {
  return { destination: destination.fwdMethod === "masq" ? destination : { ...destination, port }, serves };
}
