import { familyBits } from "../addressing/netlink-writer.ts";
import type {
  ConfiguredAddress,
  ConfiguredRoute,
  ConfiguredRule,
  NextHop,
  Prefix,
  RouteType,
} from "../model/addressing.ts";
import type { PlacedInstance } from "./placed.ts";

// Addresses, routes and rules as keepalived spells them in its data and JSON files.

const SCOPES: ReadonlyMap<number, string> = new Map([
  [0, "global"],
  [200, "site"],
  [253, "link"],
  [254, "host"],
]);
const MAIN_TABLE = 254;
const OWN_PROTOCOL = 18;
const REALM_BITS = 16;
const SECOND_MS = 1000;

export function scopeName(scope: number): string {
  return SCOPES.get(scope) ?? String(scope);
}

/** Where an address stands. */
export interface AddressPlace {
  /** With the interface below when it is a VMAC: `vrrp.51@eth0`. */
  readonly device: string;
  readonly isSet: boolean;
  /** The firewall keeps others from it. */
  readonly isGuarded: boolean;
}

/** keepalived: only addresses of IPv6 tell how long they are preferred, and those of hosts are not by default. */
function preference({ family, prefixLength, preferredLifetime: lifetime }: ConfiguredAddress): readonly string[] {
  if (family === "inet") return [];
  const isDeprecated = lifetime === 0 || (lifetime === null && prefixLength === 128);
  return [isDeprecated ? "deprecated" : `preferred_lft ${lifetime ?? "forever"}`];
}

function flagWords({ flags, isTracked }: ConfiguredAddress): readonly string[] {
  return [
    ...(isTracked ? [] : ["no_track"]),
    ...(flags.isHome ? ["home"] : []),
    ...(flags.detectsDuplicates ? ["-nodad"] : []),
    ...(flags.managesTemporary ? ["mngtmpaddr"] : []),
    ...(flags.hasNoPrefixRoute ? ["noprefixroute"] : []),
    ...(flags.joinsMulticast ? ["autojoin"] : []),
  ];
}

/** keepalived: prefixes of hosts are left out. */
export function addressText(address: ConfiguredAddress, { device, isSet, isGuarded }: AddressPlace): string {
  const { family, prefixLength, broadcast, peer, label, trackGroup } = address;
  const isHost = prefixLength === (family === "inet" ? 32 : 128);
  const words = [
    isHost || peer !== null ? address.address : `${address.address}/${prefixLength}`,
    ...(broadcast === null ? [] : [`brd ${broadcast}`]),
    `dev ${device}`,
    ...(address.usesVmac ? ["use_vmac"] : []),
    `scope ${scopeName(address.scope)}`,
    ...(label === null ? [] : [`label ${label}`]),
    ...(peer === null ? [] : [`peer ${peer}/${prefixLength}`]),
    ...flagWords(address),
    ...preference(address),
    ...(isSet ? ["set"] : []),
    ...(isSet && isGuarded ? ["nftable_set"] : []),
    ...(trackGroup === null ? [] : [`track_group ${trackGroup}`]),
  ];
  return words.join(" ");
}

/** An address of an instance. */
export function instanceAddress(address: ConfiguredAddress, config: PlacedInstance, isSet: boolean): string {
  const name = address.interfaceName ?? config.interfaceName;
  const base = config.bases.get(name);
  const device = base === undefined ? name : `${name}@${base}`;
  return addressText(address, { device, isSet, isGuarded: !config.acceptMode });
}

/** keepalived: of a host the address alone. */
function prefixText({ address, prefixLength, family }: Prefix): string {
  return prefixLength === familyBits(family) ? address : `${address}/${prefixLength}`;
}

function destination({ destination: prefix, family }: ConfiguredRoute): string {
  return prefix === null ? `${family === "inet" ? "0.0.0.0" : "::"}/0` : prefixText(prefix);
}

type Gateway = NonNullable<ConfiguredRoute["gateway"]>;

function gatewayWords(gateway: Gateway | null): readonly string[] {
  return gateway === null ? [] : [`via ${gateway.family} ${gateway.address}`];
}

function encapsulationWords(value: ConfiguredRoute["encapsulation"]): readonly string[] {
  return value === null ? [] : [`encap ${value.kind} ${value.words.join(" ")}`];
}

function realmText(realms: number): string {
  const source = realms >>> REALM_BITS;
  return `${source === 0 ? "" : `${source}/`}${realms & 0xffff}`;
}

function optional(name: string, value: string | number | null): readonly string[] {
  return value === null ? [] : [`${name} ${value}`];
}

/** keepalived's order of metrics; those of time come in milliseconds or whole seconds. */
const METRICS =
  "congctl rtt rttvar rto_min features mtu window ssthresh cwnd advmss reordering hoplimit initcwnd initrwnd quickack fastopen_no_cookie".split(
    " ",
  );
const TIMES = new Set(["rtt", "rttvar", "rto_min"]);

function metricWords({ metrics }: ConfiguredRoute): readonly string[] {
  return METRICS.flatMap((name) => {
    const found = metrics.find((metric) => metric.name === name);
    if (found === undefined) return [];
    const { value, isLocked } = found;
    const isTime = TIMES.has(name) && typeof value === "number";
    const time = isTime && value % SECOND_MS === 0 ? `${value / SECOND_MS}s` : `${value}ms`;
    return [`${name} ${isLocked ? "lock " : ""}${isTime ? time : value}`];
  });
}

/** Those that lead nowhere. */
const WITHOUT_WAY: ReadonlySet<RouteType> = new Set(["blackhole", "unreachable", "prohibit", "throw"]);
const PREFERENCES: Readonly<Record<number, string>> = { 0: "medium", 1: "high", 3: "low" };

function hopWords(hop: NextHop): readonly string[] {
  return [
    "nexthop",
    ...gatewayWords(hop.gateway),
    ...optional("dev", hop.interfaceName),
    // keepalived: a weight of 1 is none.
    ...(hop.weight === 1 ? [] : [`weight ${hop.weight}`]),
    ...(hop.isOnLink ? ["onlink"] : []),
    ...optional("realm", hop.realms === null ? null : realmText(hop.realms)),
    ...encapsulationWords(hop.encapsulation),
  ];
}

/** keepalived: what has no interface is not tracked, and what leads nowhere is added instead of put first. */
export function routeText(route: ConfiguredRoute): string {
  const hasNoWay = WITHOUT_WAY.has(route.type);
  const isTracked = route.isTracked && route.interfaceName !== null;
  const words = [
    hasNoWay && route.insertion === "prepend" ? "add" : route.insertion,
    ...(route.type === "unicast" ? [] : [route.type]),
    destination(route),
    ...optional("from", route.sourcePrefix === null ? null : prefixText(route.sourcePrefix)),
    ...optional("tos", route.tos === 0 ? null : route.tos),
    ...encapsulationWords(route.encapsulation),
    ...optional("src", route.preferredSource),
    ...gatewayWords(route.gateway),
    ...optional("dev", route.interfaceName),
    ...optional("table", route.table === MAIN_TABLE ? null : route.table),
    // keepalived: one that is left alone has no protocol unless it is given.
    ...(route.isTracked || route.interfaceName === null || route.protocol !== OWN_PROTOCOL
      ? [`proto ${route.protocol}`]
      : []),
    ...optional("scope", route.scope),
    ...optional("metric", route.metric),
    ...(route.isOnLink ? ["onlink"] : []),
    ...optional("realms", route.realms === null ? null : realmText(route.realms)),
    ...metricWords(route),
    ...optional("expires", route.expiresSec === null ? null : `${route.expiresSec}sec`),
    ...optional("pref", route.preference === null ? null : (PREFERENCES[route.preference] ?? route.preference)),
    ...(route.propagatesTtl === null ? [] : [`ttl-propagate ${route.propagatesTtl ? "enabled" : "disabled"}`]),
    ...route.nextHops.flatMap(hopWords),
    ...(isTracked ? [] : ["no_track"]),
    ...optional("track_group", route.trackGroup),
    ...optional("vrf", route.vrf),
  ];
  return words.join(" ");
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

function rangeText(name: string, range: readonly [number, number] | null): readonly string[] {
  return range === null ? [] : [`${name} ${range[0]}-${range[1]}`];
}

function actionWords({ action }: ConfiguredRule): string {
  if (action.kind === "table") return `lookup ${action.table}`;
  if (action.kind === "goto") return `goto ${action.priority}`;
  return action.kind === "nop" ? "nop" : `type ${action.kind}`;
}

export function ruleText(rule: ConfiguredRule): string {
  const { source, fwmark } = rule;
  const mask = fwmark === null || fwmark.mask === null ? "" : `/${hex(fwmark.mask)}`;
  const words = [
    ...(rule.isInverted ? ["not"] : []),
    `from ${source === null ? "all" : prefixText(source)}`,
    ...optional("to", rule.destination === null ? null : prefixText(rule.destination)),
    `priority ${rule.priority}`,
    `tos ${hex(rule.tos)}`,
    ...optional("fwmark", fwmark === null ? null : `${hex(fwmark.mark)}${mask}`),
    ...optional("iif", rule.inputInterface),
    ...optional("oif", rule.outputInterface),
    ...optional("suppress_prefixlen", rule.suppressPrefixLength),
    ...optional("suppress_ifgroup", rule.suppressInterfaceGroup),
    ...optional("tunnel-id", rule.tunnelId),
    ...rangeText("uidrange", rule.uidRange),
    ...(rule.usesL3mdev ? ["l3mdev"] : []),
    `protocol ${rule.protocol}`,
    ...optional("ipproto", rule.ipProtocol),
    ...rangeText("sport", rule.sourcePorts),
    ...rangeText("dport", rule.destinationPorts),
    ...optional("realms", rule.realms === null ? null : realmText(rule.realms)),
    actionWords(rule),
    ...(rule.isTracked ? [] : ["no_track"]),
    ...optional("track_group", rule.trackGroup),
  ];
  return words.join(" ");
}
