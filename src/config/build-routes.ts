import type { ConfiguredRoute, NextHop, RouteType } from "../model/addressing.ts";
import type { AddressFamily } from "../model/units.ts";
import { parseAddress } from "./address.ts";
import { knownGroup } from "./build-addresses.ts";
import { readEncapsulation, readMetric } from "./build-route-metrics.ts";
import type { BuildContext } from "./context.ts";
import { readCNumber } from "./name-tables.ts";
import { OptionReader, readRealms } from "./option-reader.ts";
import { placeOf } from "./tree.ts";
import type { Statement } from "./words.ts";

/** rtnetlink protocol number of keepalived. */
export const OWN_PROTOCOL = 18;
const MAIN_TABLE = 254;

/** Where routes and rules stand. */
export interface RoutingRules {
  readonly isStatic: boolean;
  readonly allowsMissingInterfaces: boolean;
  /** Names that static ones may follow. */
  readonly trackGroups?: ReadonlySet<string>;
}

type Draft = { -readonly [K in keyof ConfiguredRoute]: ConfiguredRoute[K] };

/** In the kernel's order, from 1. @see linux/rtnetlink.h, RTN_UNICAST */
const TYPE_NAMES: readonly RouteType[] = [
  "unicast",
  "local",
  "broadcast",
  "anycast",
  "multicast",
  "blackhole",
  "unreachable",
  "prohibit",
  "throw",
  "nat",
  "xresolve",
];

/** A name, or the kernel's number in C notation. */
function routeTypeOf(word: string): RouteType | null {
  const number = readCNumber(word);
  return (number === null ? TYPE_NAMES.find((name) => name === word) : TYPE_NAMES[number - 1]) ?? null;
}

export function buildRoutes(
  lines: readonly Statement[],
  rules: RoutingRules,
  context: BuildContext,
): readonly ConfiguredRoute[] {
  return lines
    .map((line) => {
      const reader = new OptionReader(line, context);
      return reader.attempt(() => readRoute(reader, rules));
    })
    .filter((route) => route !== null);
}

function readRoute(reader: OptionReader, rules: RoutingRules): ConfiguredRoute {
  const draft = newDraft(reader.line);
  let hasDestination = false;
  while (!reader.isAtEnd) {
    const word = reader.next("route");
    if (word === "nexthop") {
      readNextHops(draft, reader);
      break;
    }
    if (readOption(draft, word, reader, rules)) continue;
    if (hasDestination && routeTypeOf(word) === null) reader.fail(`"${word}" is not a route option`);
    readDestination(draft, word, reader);
    hasDestination = true;
  }
  if (!hasDestination) reader.fail("the route has no destination");
  draft.family = reader.family ?? gatewayFamily(draft) ?? "inet";
  finish(draft, rules, reader);
  return draft;
}

/** Of a default route, which is as its gateways are; null without one. */
function gatewayFamily({ gateway, nextHops }: Draft): AddressFamily | null {
  return gateway?.family ?? nextHops.find((hop) => hop.gateway !== null)?.gateway?.family ?? null;
}

function newDraft(line: Statement): Draft {
  return {
    family: "inet",
    type: "unicast",
    destination: null,
    sourcePrefix: null,
    preferredSource: null,
    gateway: null,
    interfaceName: null,
    table: MAIN_TABLE,
    protocol: OWN_PROTOCOL,
    scope: null,
    tos: 0,
    metric: null,
    isOnLink: false,
    realms: null,
    metrics: [],
    expiresSec: null,
    preference: null,
    propagatesTtl: null,
    encapsulation: null,
    insertion: "prepend",
    nextHops: [],
    isTracked: true,
    trackGroup: null,
    vrf: null,
    place: placeOf(line),
  };
}

function readDestination(draft: Draft, first: string, reader: OptionReader): void {
  let word = first === "to" ? reader.next("to") : first;
  const type = routeTypeOf(word);
  if (type !== null) {
    draft.type = type;
    word = reader.next("destination");
  }
  if (word === "default6") reader.setFamily("inet6");
  if (["default", "any", "all", "default6"].includes(word)) return;
  reader.index--;
  draft.destination = reader.prefix("destination");
}

/** Adjustments that need the whole line. */
function finish(draft: Draft, rules: RoutingRules, reader: OptionReader): void {
  const { interfaces } = reader.context.host;
  const names = [draft.interfaceName, draft.vrf, ...draft.nextHops.map((hop) => hop.interfaceName)].filter(
    (name) => name !== null,
  );
  for (const name of names) {
    if (interfaces === null || interfaces.has(name) || rules.allowsMissingInterfaces) continue;
    const code = rules.isStatic ? "missing-interface-static" : "missing-interface";
    reader.context.reporter.add(code, `there is no interface ${name}`, placeOf(reader.line));
  }
  draft.trackGroup = knownGroup(draft.trackGroup, rules, draft.place, reader.context);
  if (!draft.isTracked) return;
  if (draft.protocol !== OWN_PROTOCOL) {
    reader.warn(`only routes of protocol ${OWN_PROTOCOL} can be tracked, so that protocol is used; add no_track`);
    draft.protocol = OWN_PROTOCOL;
  }
  if (draft.interfaceName === null) {
    reader.warn("a route without dev cannot be tracked; add no_track");
    draft.isTracked = false;
  }
}

type Setter = (draft: Draft, reader: OptionReader, option: string) => void;

function readGateway(reader: OptionReader, option: string): NonNullable<ConfiguredRoute["gateway"]> {
  const forced = reader.accept("inet") ? "inet" : reader.accept("inet6") ? "inet6" : null;
  const word = reader.next(option);
  const parsed = parseAddress(word);
  if (parsed === null || (forced !== null && parsed.family !== forced)) {
    return reader.fail(`${option}: "${word}" is not an IP address`);
  }
  return parsed;
}

function setGateway(draft: Draft, reader: OptionReader, option: string): void {
  draft.gateway = readGateway(reader, option);
}

function setSource(draft: Draft, reader: OptionReader, option: string): void {
  draft.preferredSource = reader.address(option);
}

function setInterface(draft: Draft, reader: OptionReader, option: string): void {
  draft.interfaceName = reader.next(option);
}

function setTos(draft: Draft, reader: OptionReader, option: string): void {
  draft.tos = named(reader, "rt_dsfield", option, 255);
}

function setMetric(draft: Draft, reader: OptionReader, option: string): void {
  draft.metric = reader.integer(option, 0, 0xffffffff);
}

function setRealms(draft: Draft, reader: OptionReader, option: string): void {
  const word = reader.next(option);
  draft.realms = readRealms(word, reader.context) ?? reader.fail(`${option}: "${word}" is not a realm`);
}

type TableName = Parameters<BuildContext["names"]["find"]>[0];

function named(reader: OptionReader, table: TableName, option: string, maximum: number): number {
  const word = reader.next(option);
  return (
    reader.context.names.find(table, word, maximum) ??
    reader.fail(`${option}: "${word}" is neither a name nor a number`)
  );
}

const SETTERS: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  ["via", setGateway],
  ["gw", setDeprecatedGateway],
  ["src", setSource],
  ["dev", setInterface],
  ["oif", setInterface],
  ["tos", setTos],
  ["dsfield", setTos],
  ["metric", setMetric],
  ["priority", setMetric],
  ["preference", setMetric],
  ["realms", setRealms],
  ["or", setSecondGateway],
  [
    "from",
    (draft, reader, option) => {
      draft.sourcePrefix = reader.prefix(option);
    },
  ],
  [
    "table",
    (draft, reader, option) => {
      draft.table = named(reader, "rt_tables", option, 0xffffffff);
    },
  ],
  [
    "protocol",
    (draft, reader, option) => {
      draft.protocol = named(reader, "rt_protos", option, 255);
    },
  ],
  [
    "scope",
    (draft, reader, option) => {
      draft.scope = named(reader, "rt_scopes", option, 255);
    },
  ],
  [
    "onlink",
    (draft) => {
      draft.isOnLink = true;
    },
  ],
  [
    "no_track",
    (draft) => {
      draft.isTracked = false;
    },
  ],
  [
    "track_group",
    (draft, reader, option) => {
      draft.trackGroup = reader.next(option);
    },
  ],
  [
    "vrf",
    (draft, reader, option) => {
      draft.vrf = reader.next(option);
    },
  ],
  [
    "expires",
    (draft, reader, option) => {
      draft.expiresSec = reader.integer(option, 0, 0xffffffff);
    },
  ],
  [
    "add",
    (draft) => {
      draft.insertion = "add";
    },
  ],
  [
    "append",
    (draft) => {
      draft.insertion = "append";
    },
  ],
  [
    "prepend",
    (draft) => {
      draft.insertion = "prepend";
    },
  ],
  ["inet", (_draft, reader) => reader.setFamily("inet")],
  ["inet6", (_draft, reader) => reader.setFamily("inet6")],
  ["pref", setPreference],
  ["ttl-propagate", setPropagation],
  [
    "encap",
    (draft, reader, option) => {
      draft.encapsulation = readEncapsulation(reader, option);
    },
  ],
  ["as", (_draft, reader) => reader.fail("label rewriting (as) is not supported")],
]);

function setDeprecatedGateway(draft: Draft, reader: OptionReader, option: string): void {
  reader.context.reporter.add("deprecated", '"gw" is deprecated, write "via"', placeOf(reader.line, reader.index - 1));
  setGateway(draft, reader, option);
}

/** `GATEWAY or GATEWAY`: the old form of a multipath route. */
function setSecondGateway(draft: Draft, reader: OptionReader, option: string): void {
  reader.context.reporter.add(
    "deprecated",
    '"or" is deprecated, write "nexthop"',
    placeOf(reader.line, reader.index - 1),
  );
  const second = readGateway(reader, option);
  const hops = [draft.gateway, second].filter((gateway) => gateway !== null);
  draft.gateway = null;
  draft.nextHops = hops.map((gateway) => ({ ...plainHop(), gateway }));
}

function setPreference(draft: Draft, reader: OptionReader, option: string): void {
  if (reader.family === "inet") reader.fail("pref is only for IPv6");
  const word = reader.next(option);
  const known = new Map([
    ["low", 3],
    ["medium", 0],
    ["high", 1],
  ]).get(word);
  if (known === undefined) reader.index--;
  draft.preference = known ?? reader.integer(option, 0, 255);
}

function setPropagation(draft: Draft, reader: OptionReader, option: string): void {
  const word = reader.next(option);
  if (word !== "enabled" && word !== "disabled") reader.fail(`${option} is enabled or disabled`);
  draft.propagatesTtl = word === "enabled";
}

/** @returns false if the word is no option */
function readOption(draft: Draft, word: string, reader: OptionReader, { isStatic }: RoutingRules): boolean {
  const setter = SETTERS.get(word);
  if (setter !== undefined && (isStatic || word !== "track_group")) {
    setter(draft, reader, word);
    return true;
  }
  const metric = readMetric(word, reader);
  if (metric === null) return false;
  draft.metrics = [...draft.metrics, metric];
  return true;
}

function plainHop(): NextHop {
  return { gateway: null, interfaceName: null, weight: 1, isOnLink: false, realms: null, encapsulation: null };
}

function readNextHops(draft: Draft, reader: OptionReader): void {
  const hops: NextHop[] = [];
  do hops.push(readNextHop(reader));
  while (reader.accept("nexthop"));
  draft.nextHops = hops;
}

function readNextHop(reader: OptionReader): NextHop {
  const hop: { -readonly [K in keyof NextHop]: NextHop[K] } = plainHop();
  for (let word = reader.peek(); word !== null && word !== "nexthop"; word = reader.peek()) {
    reader.index++;
    if (word === "via") hop.gateway = readGateway(reader, word);
    else if (word === "dev") hop.interfaceName = reader.next(word);
    else if (word === "weight") hop.weight = reader.integer(word, 1, 256);
    else if (word === "onlink") hop.isOnLink = true;
    else if (word === "encap") hop.encapsulation = readEncapsulation(reader, word);
    else if (word === "realms") hop.realms = readRealms(reader.next(word), reader.context);
    else reader.fail(`"${word}" is not an option of a nexthop`);
  }
  return hop;
}
