import type { ConfiguredAddress, ConfiguredRoute, ConfiguredRule, NextHop, Prefix } from "../../model/addressing.ts";
import type { TunnelSettings } from "../../model/checks.ts";
import type { NotifyFifo, ScriptCommand } from "../../model/command.ts";
import type { FwdMethod } from "../../model/lvs.ts";
import type { TrackedObject } from "../../model/tracking.ts";

const SECOND_US = 1_000_000;

export function seconds(us: number): number {
  return us / SECOND_US;
}

export function optionalSeconds(us: number | null): number | null {
  return us === null ? null : seconds(us);
}

/** In single quotes where blanks or quotes need it: the whole command stands in double quotes. */
function quoteArgument(text: string): string {
  return /^[^\s"'\\]+$/.test(text) ? text : `'${text.replaceAll("'", "\\'")}'`;
}

export function command(script: ScriptCommand | null): string | null {
  if (script === null) return null;
  return `"${commandWords(script)}"${owner(script.user)}`;
}

/** Without the user, for blocks that have a keyword for it. */
export function bareCommand(script: ScriptCommand): string {
  return `"${commandWords(script)}"`;
}

function commandWords({ argv }: ScriptCommand): string {
  return argv.map(quoteArgument).join(" ");
}

function owner(user: ScriptCommand["user"]): string {
  return user === null ? "" : ` ${user.uid} ${user.gid}`;
}

export function ownerWords(user: ScriptCommand["user"]): string | null {
  return user === null ? null : `${user.uid} ${user.gid}`;
}

export function fifo(pipe: NotifyFifo | null): string | null {
  return pipe === null ? null : `${pipe.path}${owner(pipe.user)}`;
}

const METHODS: Readonly<Record<FwdMethod, string>> = { masq: "NAT", droute: "DR", tunnel: "TUN" };

export function forwarding(method: FwdMethod, tunnel: TunnelSettings | null): string {
  if (tunnel === null) return METHODS[method];
  const port = tunnel.port === 0 ? "" : ` port ${tunnel.port}`;
  const checksum = tunnel.checksum === "nocsum" ? "" : ` ${tunnel.checksum}`;
  return `${METHODS[method]} type ${tunnel.type}${port}${checksum}`;
}

export function weighted(object: { readonly weight: number; readonly isReversed: boolean }): string {
  return `${object.weight}${object.isReversed ? " reverse" : ""}`;
}

export function trackLines(objects: readonly Omit<TrackedObject, "place">[]): readonly string[] {
  return objects.map((object) => `${object.name} weight ${weighted(object)}`);
}

/** Joins words; null and false are left out, a number or text follows its name. */
function words(parts: readonly (readonly [string, string | number | boolean | null])[]): string {
  return parts
    .flatMap(([name, value]) => {
      if (value === null || value === false) return [];
      return value === true || name === "" ? [name === "" ? String(value) : name] : [`${name} ${value}`];
    })
    .join(" ");
}

const SCOPES: ReadonlyMap<number, string> = new Map([
  [200, "site"],
  [253, "link"],
  [254, "host"],
]);

export function addressLine(address: ConfiguredAddress): string {
  const { flags, peer, prefixLength, scope } = address;
  return words([
    ["", peer === null ? `${address.address}/${prefixLength}` : address.address],
    ["peer", peer === null ? null : `${peer}/${prefixLength}`],
    ["brd", address.broadcast],
    ["dev", address.interfaceName],
    ["scope", scope === 0 ? null : (SCOPES.get(scope) ?? scope)],
    ["label", address.label],
    ["home", flags.isHome],
    ["-nodad", flags.detectsDuplicates],
    ["mngtmpaddr", flags.managesTemporary],
    ["noprefixroute", flags.hasNoPrefixRoute],
    ["autojoin", flags.joinsMulticast],
    ["no_track", !address.isTracked],
    ["preferred_lft", address.preferredLifetime],
    ["track_group", address.trackGroup],
    ["use_vmac", address.usesVmac],
  ]);
}

function prefix(value: Prefix | null): string | null {
  return value === null ? null : `${value.address}/${value.prefixLength}`;
}

function destinationOf(route: ConfiguredRoute): string {
  const fallback = route.family === "inet6" ? "default6" : "default";
  return `${route.type === "unicast" ? "" : `${route.type} `}${prefix(route.destination) ?? fallback}`;
}

const RAW_PER_MS: ReadonlyMap<string, number> = new Map([
  ["rtt", 8],
  ["rttvar", 4],
  ["rto_min", 1],
]);

/** Durations in milliseconds, or in the kernel's raw unit where those are not whole. */
function metricText(name: string, value: number | string): string {
  const raw = RAW_PER_MS.get(name);
  if (raw === undefined || typeof value === "string") return String(value);
  return Number.isInteger(value) ? `${value}ms` : String(value * raw);
}

export function routeLine(route: ConfiguredRoute): string {
  const metrics = route.metrics.map(({ name, value, isLocked }): readonly [string, string] => {
    return [name, `${isLocked ? "lock " : ""}${metricText(name, value)}`];
  });
  return words([
    ["", destinationOf(route)],
    ["from", prefix(route.sourcePrefix)],
    ["src", route.preferredSource],
    ["via", route.gateway?.address ?? null],
    ["dev", route.interfaceName],
    ["table", route.table],
    ["protocol", route.protocol],
    ["scope", route.scope],
    ["tos", route.tos === 0 ? null : route.tos],
    ["metric", route.metric],
    ["onlink", route.isOnLink],
    ["realms", realms(route.realms)],
    ...metrics,
    ["expires", route.expiresSec],
    ["pref", route.preference],
    ["ttl-propagate", route.propagatesTtl === null ? null : route.propagatesTtl ? "enabled" : "disabled"],
    ["encap", encapsulation(route.encapsulation)],
    [route.insertion, true],
    ["no_track", !route.isTracked],
    ["track_group", route.trackGroup],
    ["vrf", route.vrf],
    ...route.nextHops.map((hop): readonly [string, string] => ["nexthop", hopWords(hop)]),
  ]);
}

function encapsulation(value: ConfiguredRoute["encapsulation"]): string | null {
  return value === null ? null : `${value.kind} ${value.words.join(" ")}`;
}

function hopWords(hop: NextHop): string {
  return words([
    ["via", hop.gateway?.address ?? null],
    ["dev", hop.interfaceName],
    ["weight", hop.weight],
    ["onlink", hop.isOnLink],
    ["encap", encapsulation(hop.encapsulation)],
    ["realms", realms(hop.realms)],
  ]);
}

/** The source realm in the upper 16 bits, the destination in the lower. */
function realms(value: number | null): string | null {
  if (value === null) return null;
  const source = value >>> 16;
  return `${source === 0 ? "" : `${source}/`}${value & 0xffff}`;
}

function range(ports: readonly [number, number] | null): string | null {
  return ports === null ? null : `${ports[0]}-${ports[1]}`;
}

function actionWords(action: ConfiguredRule["action"]): readonly [string, string | number | boolean] {
  if (action.kind === "table") return ["table", action.table];
  return action.kind === "goto" ? ["goto", action.priority] : [action.kind, true];
}

export function ruleLine(rule: ConfiguredRule): string {
  const { fwmark } = rule;
  return words([
    ["not", rule.isInverted],
    ["from", prefix(rule.source) ?? (rule.family === "inet6" ? null : "any")],
    ["to", prefix(rule.destination)],
    ["priority", rule.priority],
    ["tos", rule.tos === 0 ? null : rule.tos],
    ["fwmark", fwmark === null ? null : `${fwmark.mark}${fwmark.mask === null ? "" : `/${fwmark.mask}`}`],
    ["iif", rule.inputInterface],
    ["oif", rule.outputInterface],
    ["tunnel-id", rule.tunnelId],
    ["uidrange", range(rule.uidRange)],
    ["l3mdev", rule.usesL3mdev],
    ["protocol", rule.protocol],
    ["ipproto", rule.ipProtocol],
    ["sport", range(rule.sourcePorts)],
    ["dport", range(rule.destinationPorts)],
    rule.usesL3mdev ? ["", null] : actionWords(rule.action),
    ["realms", realms(rule.realms)],
    ["suppress_prefixlength", rule.suppressPrefixLength],
    ["suppress_ifgroup", rule.suppressInterfaceGroup],
    ["no_track", !rule.isTracked],
    ["track_group", rule.trackGroup],
  ]);
}
