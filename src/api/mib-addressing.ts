import type { ConfiguredRoute, ConfiguredRule, NextHop, Prefix, RouteType } from "../model/addressing.ts";
import type { VirtualAddress } from "../model/vrrp.ts";
import { type Columns, type IndexedRow, type MibNode, table } from "../snmp/mib.ts";
import { gauge, inetAddress, integer, octets, type SnmpValue, text, truth } from "../snmp/values.ts";
import { encapsulationColumns } from "./mib-encapsulation.ts";
import {
  addressType,
  type InstanceRow,
  inetScope,
  KEEPALIVED,
  type LinkFacts,
  type MibFacts,
  optional,
} from "./mib-facts.ts";

const VRRP = [...KEEPALIVED, 2];
const REALM_BITS = 16;

/** One of an instance, or a static one. */
interface Owned<Item> {
  readonly item: Item;
  readonly isSet: boolean;
  readonly interfaceName: string | null;
  readonly link: LinkFacts | null;
}

interface Lists<Item> {
  readonly statics: readonly Item[];
  readonly of: (row: InstanceRow) => readonly Item[];
  readonly interfaceOf: (item: Item, row: InstanceRow | null) => string | null;
}

/** Static ones have the index 0 in place of their instance. */
function collect<Item>(
  { links }: MibFacts,
  instances: readonly InstanceRow[],
  { statics, of, interfaceOf }: Lists<Item>,
): readonly IndexedRow<Owned<Item>>[] {
  const own = (item: Item, row: InstanceRow | null): Owned<Item> => {
    const interfaceName = interfaceOf(item, row);
    const link = interfaceName === null ? null : (links.get(interfaceName) ?? null);
    return { item, interfaceName, link, isSet: row === null || row.live?.state === "active" };
  };
  return [
    ...statics.map((item, at) => ({ index: [0, at + 1], row: own(item, null) })),
    ...instances.flatMap((row) => of(row).map((item, at) => ({ index: [row.at, at + 1], row: own(item, row) }))),
  ];
}

interface AddressItem {
  readonly address: VirtualAddress;
  readonly isAdvertised: boolean;
}

const ADDRESS_COLUMNS: Columns<Owned<AddressItem>> = {
  2: ({ item: { address } }) => addressType(address.family),
  3: ({ item: { address } }) => inetAddress(address.address),
  4: ({ item: { address } }) => (address.family === "inet" ? inetAddress(address.broadcast ?? "0.0.0.0") : null),
  5: ({ item: { address } }) => gauge(address.prefixLength),
  6: ({ item: { address } }) => inetScope(address.scope),
  7: ({ link }) => optional(link, ({ ifindex }) => integer(ifindex)),
  8: ({ interfaceName }) => optional(interfaceName, text),
  9: ({ item: { address } }) => optional(address.label, text),
  10: ({ isSet }) => truth(isSet),
  11: ({ item }) => truth(item.isAdvertised),
  12: ({ item: { address } }) => optional(address.peer, inetAddress),
};

export function addressTable(facts: MibFacts, instances: readonly InstanceRow[]): MibNode {
  const rows = collect<AddressItem>(facts, instances, {
    statics: facts.snapshot.configuration.staticAddresses.map((address) => ({ address, isAdvertised: false })),
    of: ({ instance }) => [
      ...instance.virtualAddresses.map((address) => ({ address, isAdvertised: true })),
      ...instance.excludedAddresses.map((address) => ({ address, isAdvertised: false })),
    ],
    interfaceOf: ({ address }, row) => address.interfaceName ?? row?.instance.interfaceName ?? null,
  });
  return table([...VRRP, 6, 1], ADDRESS_COLUMNS, rows);
}

/** RouteType of the MIB; ecmp(2) is a unicast route of several hops. */
const ROUTE_TYPES: Readonly<Record<RouteType, number>> = {
  unicast: 1,
  local: 1,
  blackhole: 3,
  anycast: 4,
  multicast: 5,
  broadcast: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
  nat: 10,
  xresolve: 11,
};

function addressOf(prefix: Prefix | null, family: ConfiguredRoute["family"]): SnmpValue | null {
  return prefix === null ? octets(Buffer.alloc(family === "inet" ? 4 : 16)) : inetAddress(prefix.address);
}

type RouteRow = Owned<ConfiguredRoute>;

function metric(name: string, { item }: RouteRow): SnmpValue | null {
  const found = item.metrics.find((one) => one.name === name);
  if (found === undefined) return null;
  return typeof found.value === "number" ? gauge(found.value) : text(found.value);
}

function locked(name: string, { item }: RouteRow): SnmpValue | null {
  const found = item.metrics.find((one) => one.name === name);
  return found === undefined ? null : truth(found.isLocked);
}

/** Numbers of those metrics that have a column of their own, and of the column that says whether each is locked. */
const METRIC_COLUMNS: readonly (readonly [name: string, value: number, lock: number | null])[] = [
  ["mtu", 22, 23],
  ["hoplimit", 24, null],
  ["advmss", 25, 26],
  ["rtt", 27, 28],
  ["rttvar", 29, 30],
  ["reordering", 31, 32],
  ["window", 33, null],
  ["cwnd", 34, 35],
  ["ssthresh", 36, 37],
  ["rto_min", 38, 39],
  ["initcwnd", 40, null],
  ["initrwnd", 41, null],
  ["congctl", 42, null],
];

/** low(1), medium(2), high(3), by rtnetlink's number. */
const PREFERENCES: Readonly<Record<number, number>> = { 3: 1, 0: 2, 1: 3 };

const ROUTE_COLUMNS: Columns<RouteRow> = {
  2: ({ item }) => addressType(item.family),
  3: ({ item }) => addressOf(item.destination, item.family),
  4: ({ item }) => gauge(item.destination?.prefixLength ?? 0),
  5: ({ item }) => optional(item.gateway, ({ address }) => inetAddress(address)),
  7: ({ item }) => optional(item.preferredSource, inetAddress),
  8: ({ item }) => gauge(item.metric ?? 0),
  9: ({ item }) => inetScope(item.scope ?? 0),
  10: ({ item }) => integer(item.nextHops.length > 0 ? 2 : ROUTE_TYPES[item.type]),
  11: ({ link }) => optional(link, ({ ifindex }) => integer(ifindex)),
  12: ({ interfaceName }) => optional(interfaceName, text),
  13: ({ item }) => gauge(item.table),
  14: ({ isSet }) => truth(isSet),
  15: ({ item }) => optional(item.sourcePrefix, ({ address }) => inetAddress(address)),
  16: ({ item }) => optional(item.sourcePrefix, ({ prefixLength }) => gauge(prefixLength)),
  17: ({ item }) => (item.tos === 0 ? null : gauge(item.tos)),
  // The MIB counts from 1.
  18: ({ item }) => integer(item.protocol + 1),
  19: ({ item }) => truth(item.metrics.some(({ name }) => name === "features")),
  20: ({ item }) => truth(item.metrics.some(({ name }) => name === "quickack")),
  21: ({ item }) => optional(item.expiresSec, integer),
  ...Object.fromEntries(
    METRIC_COLUMNS.flatMap(([name, value, lock]) => [
      [value, (row: RouteRow) => metric(name, row)],
      ...(lock === null ? [] : [[lock, (row: RouteRow) => locked(name, row)]]),
    ]),
  ),
  43: ({ item }) => optional(item.preference, (preference) => integer(PREFERENCES[preference] ?? 0)),
  44: ({ item }) => optional(item.realms, (realms) => gauge(realms & 0xffff)),
  45: ({ item }) => optional(item.realms, (realms) => gauge(realms >>> REALM_BITS)),
  ...encapsulationColumns<RouteRow>(46, ({ item }) => item.encapsulation),
  55: ({ item }) => (item.metrics.some(({ name }) => name === "fastopen_no_cookie") ? truth(true) : null),
};

interface HopRow {
  readonly hop: NextHop;
  readonly route: ConfiguredRoute;
  readonly link: LinkFacts | null;
}

const HOP_COLUMNS: Columns<HopRow> = {
  2: ({ hop, route }) => addressType(hop.gateway?.family ?? route.family),
  3: ({ hop }) => optional(hop.gateway, ({ address }) => inetAddress(address)),
  4: ({ link }) => optional(link, ({ ifindex }) => integer(ifindex)),
  5: ({ hop }) => optional(hop.interfaceName, text),
  // keepalived: a weight of 1 is none.
  6: ({ hop }) => (hop.weight === 1 ? null : gauge(hop.weight)),
  7: ({ hop }) => truth(hop.isOnLink),
  8: ({ hop }) => optional(hop.realms, (realms) => gauge(realms & 0xffff)),
  9: ({ hop }) => optional(hop.realms, (realms) => gauge(realms >>> REALM_BITS)),
  ...encapsulationColumns<HopRow>(10, ({ hop }) => hop.encapsulation),
};

/** Routes and their next hops. */
export function routeTables(facts: MibFacts, instances: readonly InstanceRow[]): readonly MibNode[] {
  const routes = collect<ConfiguredRoute>(facts, instances, {
    statics: facts.snapshot.configuration.staticRoutes,
    of: ({ instance }) => instance.virtualRoutes,
    interfaceOf: ({ interfaceName }) => interfaceName,
  });
  const hops = routes.flatMap(({ index, row: { item: route } }) =>
    route.nextHops.map((hop, at) => {
      const link = hop.interfaceName === null ? null : (facts.links.get(hop.interfaceName) ?? null);
      return { index: [...index, at + 1], row: { hop, route, link } };
    }),
  );
  return [table([...VRRP, 7, 1], ROUTE_COLUMNS, routes), table([...VRRP, 11, 1], HOP_COLUMNS, hops)];
}

type RuleRow = Owned<ConfiguredRule>;

const ACTIONS = { table: 1, goto: 2, nop: 3, blackhole: 6, unreachable: 7, prohibit: 8 };

/** What the first columns describe: the destination, or the source of a rule without one. */
function selector({ item }: RuleRow): Prefix | null {
  return item.destination ?? item.source;
}

const RTPROT_KEEPALIVED = 18;
const MIB_KEEPALIVED = 112;

/** The MIB counts from 1, and knows keepalived by another number. */
function ruleProtocol(protocol: number): number {
  return protocol === RTPROT_KEEPALIVED ? MIB_KEEPALIVED : protocol + 1;
}

function tunnelWord({ item }: RuleRow, shift: bigint): SnmpValue | null {
  return optional(item.tunnelId, (id) => gauge(Number((BigInt(id) >> shift) & 0xffffffffn)));
}

const RULE_COLUMNS: Columns<RuleRow> = {
  2: ({ item: { source, destination } }) =>
    text(destination === null ? (source === null ? "" : "from") : source === null ? "to" : "both"),
  3: (row) => optional(selector(row), ({ family }) => addressType(family)),
  4: (row) => optional(selector(row), ({ address }) => inetAddress(address)),
  5: (row) => optional(selector(row), ({ prefixLength }) => gauge(prefixLength)),
  6: ({ item: { action } }) => (action.kind === "table" ? gauge(action.table) : null),
  7: ({ isSet }) => truth(isSet),
  8: ({ item }) => truth(item.isInverted),
  9: ({ item }) => optional(item.destination, ({ family }) => addressType(family)),
  10: ({ item }) => optional(item.destination, ({ address }) => inetAddress(address)),
  11: ({ item }) => optional(item.destination, ({ prefixLength }) => gauge(prefixLength)),
  12: ({ item }) => optional(item.source, ({ family }) => addressType(family)),
  13: ({ item }) => optional(item.source, ({ address }) => inetAddress(address)),
  14: ({ item }) => optional(item.source, ({ prefixLength }) => gauge(prefixLength)),
  15: ({ item }) => gauge(item.tos),
  16: ({ item }) => optional(item.fwmark, ({ mark }) => gauge(mark)),
  17: ({ item }) => optional(item.fwmark?.mask ?? null, gauge),
  18: ({ item }) => optional(item.realms, (realms) => gauge(realms & 0xffff)),
  19: ({ item }) => optional(item.realms, (realms) => gauge(realms >>> REALM_BITS)),
  20: ({ item }) => optional(item.inputInterface, text),
  21: ({ item }) => optional(item.outputInterface, text),
  22: ({ item: { action } }) => (action.kind === "goto" ? gauge(action.priority) : null),
  23: ({ item: { action } }) => integer(ACTIONS[action.kind]),
  24: ({ item: { action } }) => (action.kind === "table" ? gauge(action.table) : null),
  25: ({ item }) => gauge(item.priority),
  26: ({ item }) => optional(item.suppressPrefixLength, gauge),
  27: ({ item }) => optional(item.suppressInterfaceGroup, (group) => text(String(group))),
  28: (row) => tunnelWord(row, 32n),
  29: (row) => tunnelWord(row, 0n),
  30: ({ item }) => optional(item.uidRange, ([from]) => gauge(from)),
  31: ({ item }) => optional(item.uidRange, ([, to]) => gauge(to)),
  32: ({ item }) => (item.usesL3mdev ? truth(true) : null),
  33: ({ item }) => integer(ruleProtocol(item.protocol)),
  34: ({ item }) => optional(item.ipProtocol, gauge),
  35: ({ item }) => optional(item.sourcePorts, ([from]) => gauge(from)),
  36: ({ item }) => optional(item.sourcePorts, ([, to]) => gauge(to)),
  37: ({ item }) => optional(item.destinationPorts, ([from]) => gauge(from)),
  38: ({ item }) => optional(item.destinationPorts, ([, to]) => gauge(to)),
};

export function ruleTable(facts: MibFacts, instances: readonly InstanceRow[]): MibNode {
  const rows = collect<ConfiguredRule>(facts, instances, {
    statics: facts.snapshot.configuration.staticRules,
    of: ({ instance }) => instance.virtualRules,
    interfaceOf: () => null,
  });
  return table([...VRRP, 8, 1], RULE_COLUMNS, rows);
}
