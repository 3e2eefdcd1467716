import type { ConfiguredRoute, NextHop, RouteMetric, RouteType } from "../model/addressing.ts";
import type { AddressFamily } from "../model/units.ts";
import type { NetlinkMessage, PreparedObject } from "../native/contract.ts";
import { writeEncapsulation } from "./encapsulation.ts";
import { familyNumber, NetlinkWriter, NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL } from "./netlink-writer.ts";

/** @returns the index of an interface, null while it does not exist */
export type FindLink = (name: string) => number | null;

const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
/** @see linux/rtnetlink.h, RTA_* */
const ATTRIBUTE = {
  destination: 1,
  source: 2,
  outputInterface: 4,
  gateway: 5,
  priority: 6,
  preferredSource: 7,
  metrics: 8,
  multipath: 9,
  flow: 11,
  table: 15,
  via: 18,
  preference: 20,
  expires: 23,
  ttlPropagate: 26,
} as const;
/** RTAX_* */
const METRIC: Readonly<Record<string, number>> = {
  mtu: 2,
  window: 3,
  rtt: 4,
  rttvar: 5,
  ssthresh: 6,
  cwnd: 7,
  advmss: 8,
  reordering: 9,
  hoplimit: 10,
  initcwnd: 11,
  features: 12,
  rto_min: 13,
  initrwnd: 14,
  quickack: 15,
  congctl: 16,
  fastopen_no_cookie: 17,
};
const RTAX_LOCK = 1;
/** The kernel's units in a millisecond. */
const PER_MS: Readonly<Record<string, number>> = { rtt: 8, rttvar: 4 };
const FEATURES: Readonly<Record<string, number>> = { ecn: 1 };
const TYPE: Readonly<Record<RouteType, number>> = {
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
  nat: 10,
  xresolve: 11,
};
/** keepalived: universe unless told otherwise, where iproute2 would choose by the type. */
const SCOPE = { universe: 0, nowhere: 255 } as const;
const RTNH_F_ONLINK = 4;
const LARGEST_OLD_TABLE = 255;

/** Null while an interface that it names does not exist. */
export function routeMessages(route: ConfiguredRoute, findLink: FindLink): PreparedObject | null {
  const names = [route.interfaceName, ...route.nextHops.map(({ interfaceName }) => interfaceName)];
  if (names.some((name) => name !== null && findLink(name) === null)) return null;
  const add = {
    type: RTM_NEWROUTE,
    flags: NLM_F_CREATE | insertionFlag(route),
    payload: encode(route, findLink, false),
  };
  const remove: NetlinkMessage = { type: RTM_DELROUTE, flags: 0, payload: encode(route, findLink, true) };
  return { add, remove };
}

function insertionFlag({ insertion }: ConfiguredRoute): number {
  if (insertion === "add") return NLM_F_EXCL;
  return insertion === "append" ? NLM_F_APPEND : 0;
}

function encode(route: ConfiguredRoute, findLink: FindLink, isDelete: boolean): Uint8Array {
  const { family, destination, sourcePrefix, table } = route;
  const writer = new NetlinkWriter()
    .u8(familyNumber(family), destination?.prefixLength ?? 0, sourcePrefix?.prefixLength ?? 0, route.tos)
    .u8(table <= LARGEST_OLD_TABLE ? table : 0, route.protocol)
    .u8(isDelete ? SCOPE.nowhere : (route.scope ?? SCOPE.universe), TYPE[route.type])
    .u32(route.isOnLink ? RTNH_F_ONLINK : 0)
    .attributeU32(ATTRIBUTE.table, table);
  if (destination !== null) writer.attributeAddress(ATTRIBUTE.destination, family, destination.address);
  if (sourcePrefix !== null) writer.attributeAddress(ATTRIBUTE.source, family, sourcePrefix.address);
  if (route.preferredSource !== null) {
    writer.attributeAddress(ATTRIBUTE.preferredSource, family, route.preferredSource);
  }
  if (route.metric !== null) writer.attributeU32(ATTRIBUTE.priority, route.metric);
  writeHop(writer, family, route);
  const ifindex = route.interfaceName === null ? null : findLink(route.interfaceName);
  if (ifindex !== null) writer.attributeU32(ATTRIBUTE.outputInterface, ifindex);
  if (route.metrics.length > 0) writer.nest(ATTRIBUTE.metrics, (nest) => writeMetrics(nest, route.metrics));
  if (route.expiresSec !== null && !isDelete) writer.attributeU32(ATTRIBUTE.expires, route.expiresSec);
  if (route.preference !== null) writer.attributeU8(ATTRIBUTE.preference, route.preference);
  if (route.propagatesTtl !== null) writer.attributeU8(ATTRIBUTE.ttlPropagate, route.propagatesTtl ? 1 : 0);
  if (route.nextHops.length > 0) {
    writer.attribute(ATTRIBUTE.multipath, (value) => {
      for (const hop of route.nextHops) writeNextHop(value, family, hop, findLink);
    });
  }
  return writer.octets;
}

function writeHop(
  writer: NetlinkWriter,
  family: AddressFamily,
  { gateway, realms, encapsulation }: Pick<NextHop, "gateway" | "realms" | "encapsulation">,
): void {
  if (gateway !== null && gateway.family === family) {
    writer.attributeAddress(ATTRIBUTE.gateway, family, gateway.address);
  } else if (gateway !== null) {
    const number = familyNumber(gateway.family);
    writer.attribute(ATTRIBUTE.via, (via) => via.u16(number).address(gateway.family, gateway.address));
  }
  if (realms !== null) writer.attributeU32(ATTRIBUTE.flow, realms);
  if (encapsulation !== null) writeEncapsulation(writer, encapsulation);
}

/** struct rtnexthop */
function writeNextHop(writer: NetlinkWriter, family: AddressFamily, hop: NextHop, findLink: FindLink): void {
  writer.counted((value) => {
    const ifindex = hop.interfaceName === null ? 0 : (findLink(hop.interfaceName) ?? 0);
    value.u8(hop.isOnLink ? RTNH_F_ONLINK : 0, hop.weight - 1).u32(ifindex);
    writeHop(value, family, hop);
  });
}

function writeMetrics(nest: NetlinkWriter, metrics: readonly RouteMetric[]): void {
  let locked = 0;
  for (const { name, value, isLocked } of metrics) {
    const type = METRIC[name];
    if (type === undefined) continue;
    if (isLocked) locked |= 1 << type;
    if (name === "congctl") nest.attributeText(type, String(value));
    else if (typeof value === "string") nest.attributeU32(type, FEATURES[value] ?? 0);
    else nest.attributeU32(type, value * (PER_MS[name] ?? 1));
  }
  if (locked !== 0) nest.attributeU32(RTAX_LOCK, locked);
}
