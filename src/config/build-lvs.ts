import type { ConfiguredRealServer, ConfiguredVirtualServer, VirtualServerGroup } from "../model/checks.ts";
import type { RealServer, TransportProtocol, VirtualServer, VirtualServerKey } from "../model/lvs.ts";
import type { AddressFamily } from "../model/units.ts";
import { parseAddress, parseHostAddress } from "./address.ts";
import {
  buildCheckers,
  type CheckedServer,
  DEFAULT_CONNECT_TIMEOUT_US,
  DEFAULT_DELAY_LOOP_US,
  type TimingDefaults,
  timingOf,
} from "./build-checkers.ts";
import { readCommand } from "./build-command.ts";
import { type Forwarding, lastForwarding } from "./build-forwarding.ts";
import { readFlags, readPersistence, readScheduler } from "./build-lvs-service.ts";
import { familiesOf, familyMisfit, isMarkedOnly } from "./build-server-groups.ts";
import type { BuildContext } from "./context.ts";
import { reportGroupPorts } from "./group-ports.ts";
import { Settings } from "./settings.ts";
import { type Entry, endOf, placeOf } from "./tree.ts";
import { readInteger } from "./values.ts";

/** A smaller pool is not guarded against correlated failures unless told so. */
const SMALLEST_GUARDED_POOL = 4;

/** What checkers of a virtual server may refer to, and global defaults. */
export interface ServerSurroundings {
  readonly trackFiles: CheckedServer["trackFiles"];
  readonly bfds: CheckedServer["bfds"];
  readonly logsAllFailures: boolean;
  /** `checker_start_spread` */
  readonly startSpreadUs: number | null;
  /** `smtp_alert_checker`, else `smtp_alert`; null when neither is given. */
  readonly sendsMail: boolean | null;
  /** Those defined so far, by name. */
  readonly groups: ReadonlyMap<string, VirtualServerGroup>;
}

/** Facts of a virtual server that its real servers inherit. */
interface ServerDefaults {
  readonly key: VirtualServerKey;
  readonly forwarding: Forwarding;
  readonly weight: number;
  readonly isInhibitedOnFailure: boolean;
  readonly isAlpha: boolean;
  readonly timing: TimingDefaults;
  readonly virtualHost: string | null;
  /** Family that real servers must have, null when any will do. */
  readonly family: AddressFamily | null;
  readonly surroundings: ServerSurroundings;
}

export function buildVirtualServer(
  entry: Entry,
  surroundings: ServerSurroundings,
  context: BuildContext,
): ConfiguredVirtualServer | null {
  const settings = new Settings(entry.entries, context.reporter);
  const key = readKey(entry, settings, surroundings, context);
  if (key === null) return null;
  const forwarding = readDefaultMethod(settings, entry, context);
  const timing = timingOf(settings);
  const defaults: ServerDefaults = {
    key,
    forwarding,
    weight: settings.number("weight") ?? 1,
    isInhibitedOnFailure: settings.has("inhibit_on_failure"),
    isAlpha: settings.has("alpha"),
    timing,
    virtualHost: settings.text("virtualhost"),
    family: familyOf(key, settings, surroundings, context),
    surroundings,
  };
  const realServers = readRealServers(settings, defaults, context);
  const sorryServer = alignInhibit(readSorryServer(settings, defaults, context), realServers, context);
  const group = key.kind === "group" ? surroundings.groups.get(key.group) : undefined;
  const all = sorryServer === null ? realServers : [...realServers, sorryServer.server];
  const misfit = group === undefined ? null : familyMisfit(group, settings, all);
  if (misfit !== null) {
    context.reporter.add("lvs-dropped", `${misfit}; the virtual server is left out`, placeOf(entry.statement));
    return null;
  }
  if (group !== undefined) reportGroupPorts({ group, realServers, sorryServer: sorryServer?.server ?? null }, context);
  if (realServers.length === 0 && sorryServer === null) {
    context.reporter.add("lvs-adjusted", "the virtual server has no real servers", placeOf(entry.statement));
  }
  const servers = [realServers[0], sorryServer?.server].filter((server) => server !== undefined);
  if (isSorryServerFirst(entry)) servers.reverse();
  const family = defaults.family ?? servers[0]?.family ?? null;
  return {
    key: key.kind === "fwmark" ? { ...key, family: family ?? "inet" } : key,
    scheduler: readScheduler(settings, entry, context),
    flags: readFlags(settings, key, context),
    ...readPersistence(settings, key, group ?? null, entry, context),
    ...limitQuorum(settings, realServers, entry, context),
    sorryServer: sorryServer?.server ?? null,
    sorryTunnel: sorryServer?.tunnel ?? null,
    isSorryServerInhibited: sorryServer?.server.isInhibitedOnFailure ?? settings.has("sorry_server_inhibit"),
    realServers,
    family,
    ...forwarding,
    weight: defaults.weight,
    // keepalived: the word is checked and sets nothing
    isHashed: false,
    isAlpha: defaults.isAlpha,
    isOmega: settings.has("omega"),
    isGuarded: settings.boolean("correlated_failure_guard") ?? realServers.length >= SMALLEST_GUARDED_POOL,
    panicThresholdPercent: settings.number("panic_threshold") ?? 0,
    isSuspendedWithoutAddress: readSuspension(settings, key, context),
    isInhibitedOnFailure: defaults.isInhibitedOnFailure,
    given: timing,
    delayLoopUs: timing.delayLoopUs ?? DEFAULT_DELAY_LOOP_US,
    connectTimeoutUs: timing.connectTimeoutUs ?? DEFAULT_CONNECT_TIMEOUT_US,
    sendsMail: settings.boolean("smtp_alert") ?? surroundings.sendsMail ?? false,
    virtualHost: defaults.virtualHost,
    snmpName: settings.text("snmp_name"),
    quorumUp: readCommand(settings.entry("quorum_up"), context),
    quorumDown: readCommand(settings.entry("quorum_down"), context),
    place: placeOf(entry.statement),
  };
}

function readSuspension(settings: Settings, key: VirtualServerKey, context: BuildContext): boolean {
  if (!settings.has("ha_suspend") || key.kind !== "fwmark") return settings.has("ha_suspend");
  const message = "ha_suspend needs an address, a firewall mark has none, it is left out";
  context.reporter.add("lvs-adjusted", message, settings.place("ha_suspend"));
  return false;
}

/** keepalived: the first server of the text says of which family a virtual server is that does not say it itself. */
function isSorryServerFirst({ entries }: Entry): boolean {
  const first = entries.find(({ keyword }) => keyword.name === "sorry_server" || keyword.name === "real_server");
  return first?.keyword.name === "sorry_server";
}

function familyOf(
  key: VirtualServerKey,
  settings: Settings,
  surroundings: ServerSurroundings,
  context: BuildContext,
): AddressFamily | null {
  const word = settings.words("ip_family")?.[0];
  if (key.kind !== "address" && (word === "inet" || word === "inet6")) return word;
  if (word !== undefined && word !== "inet" && word !== "inet6") {
    context.reporter.add("bad-value", `ip_family is inet or inet6, not "${word}"`, settings.place("ip_family"));
  }
  if (key.kind === "address") return key.family;
  const group = key.kind === "group" ? surroundings.groups.get(key.group) : undefined;
  const [family, ...others] = group === undefined ? [] : familiesOf(group);
  return others.length > 0 ? null : (family ?? familyOfGranularity(settings));
}

/** keepalived: a mask is IPv4's, a prefix length IPv6's, and so says of which family a firewall mark is. */
function familyOfGranularity(settings: Settings): AddressFamily | null {
  const word = settings.words("persistence_granularity")?.[0];
  if (word === undefined) return null;
  return parseAddress(word)?.family ?? (readInteger(word).value === null ? null : "inet6");
}

function readRealServers(
  settings: Settings,
  defaults: ServerDefaults,
  context: BuildContext,
): readonly ConfiguredRealServer[] {
  const servers: ConfiguredRealServer[] = [];
  const seen = new Set<string>();
  for (const entry of settings.entries) {
    if (entry.keyword.name !== "real_server") continue;
    const server = buildRealServer(entry, defaults, context);
    if (server === null) continue;
    // As written: DR and TUN force ports later
    const key = `${server.address} ${entry.statement.words[2] ?? ""}`;
    if (seen.has(key)) {
      context.reporter.add(
        "duplicate",
        `real server ${key} is there already; it is left out`,
        placeOf(entry.statement, 1),
      );
      continue;
    }
    seen.add(key);
    servers.push(server);
  }
  return servers;
}

function readKey(
  entry: Entry,
  settings: Settings,
  surroundings: ServerSurroundings,
  context: BuildContext,
): VirtualServerKey | null {
  const [, first = "", second] = entry.statement.words;
  if (first === "group") {
    const name = second ?? "";
    const group = surroundings.groups.get(name);
    if (group === undefined || !isMarkedOnly(group)) {
      return { kind: "group", group: name, protocol: readProtocol(settings, entry, context) };
    }
    reportProtocolOfMark(settings, context);
    return { kind: "group", group: name, protocol: "udp" };
  }
  if (first === "fwmark") {
    reportProtocolOfMark(settings, context);
    return { kind: "fwmark", fwmark: readInteger(second ?? "").value ?? 0, family: "inet", protocol: "tcp" };
  }
  const address = parseHostAddress(first);
  if (address === null) return null;
  const port = readInteger(second ?? "0").value ?? 0;
  return { kind: "address", ...address, port, protocol: readProtocol(settings, entry, context) };
}

function reportProtocolOfMark(settings: Settings, context: BuildContext): void {
  if (!settings.has("protocol")) return;
  context.reporter.add("lvs-adjusted", "a firewall mark has no protocol, it is left out", settings.place("protocol"));
}

function readProtocol(settings: Settings, entry: Entry, context: BuildContext): TransportProtocol {
  const word = settings.words("protocol")?.[0]?.toLowerCase();
  if (word === "tcp" || word === "udp" || word === "sctp") return word;
  const message =
    word === undefined ? "no protocol given, UDP is used" : `protocol "${word}" is not known, UDP is used`;
  context.reporter.add("lvs-adjusted", message, settings.place("protocol") ?? placeOf(entry.statement));
  return "udp";
}

function readDefaultMethod(settings: Settings, entry: Entry, context: BuildContext): Forwarding {
  const entries = settings.entries.filter(({ keyword }) => keyword.name === "lb_kind" || keyword.name === "lvs_method");
  const forwarding = lastForwarding(entries, context);
  if (forwarding !== null) return forwarding;
  context.reporter.add("lvs-adjusted", "no forwarding method given, NAT is used", placeOf(entry.statement));
  return { fwdMethod: "masq", tunnel: null };
}

/** Quorum cannot exceed the sum of weights, nor hysteresis reach the quorum. */
function limitQuorum(
  settings: Settings,
  servers: readonly RealServer[],
  entry: Entry,
  context: BuildContext,
): Pick<VirtualServer, "quorum" | "hysteresis"> {
  let quorum = settings.number("quorum") ?? 1;
  let hysteresis = settings.number("hysteresis") ?? 0;
  const total = servers.reduce((sum, server) => sum + server.weight, 0);
  if (quorum > total && servers.length > 0) {
    const message = `quorum ${quorum} is above the sum of all weights, ${total} is used`;
    context.reporter.add("lvs-adjusted", message, settings.place("quorum") ?? placeOf(entry.statement));
    quorum = total;
  }
  if (hysteresis >= quorum && hysteresis > 0) {
    const message = `hysteresis ${hysteresis} has to be below the quorum, ${quorum - 1} is used`;
    context.reporter.add("lvs-adjusted", message, settings.place("hysteresis"));
    hysteresis = Math.max(0, quorum - 1);
  }
  return { quorum, hysteresis };
}

interface SorryServer {
  readonly server: RealServer;
  readonly tunnel: Forwarding["tunnel"];
}

function readSorryServer(settings: Settings, defaults: ServerDefaults, context: BuildContext): SorryServer | null {
  const entry = settings.entry("sorry_server");
  reportEarlySorryOptions(settings, context);
  if (entry === null) return null;
  const target = readServerAddress(entry, defaults, context);
  if (target === null) return null;
  const forwarding = lastForwarding(settings.all("sorry_server_lvs_method"), context) ?? defaults.forwarding;
  const server: RealServer = {
    ...target,
    port: portFor(forwarding.fwdMethod, target.port, defaults.key, entry, context),
    fwdMethod: forwarding.fwdMethod,
    weight: 1,
    isInhibitedOnFailure: settings.has("sorry_server_inhibit"),
    upperThreshold: 0,
    lowerThreshold: 0,
    checkers: [],
    place: placeOf(entry.statement),
  };
  return { server, tunnel: forwarding.tunnel };
}

/** keepalived: one destination cannot be inhibited as a real server and not as sorry server, or the reverse. */
function alignInhibit(
  sorry: SorryServer | null,
  realServers: readonly RealServer[],
  context: BuildContext,
): SorryServer | null {
  if (sorry === null) return null;
  const { server } = sorry;
  const same = realServers.find(({ address, port }) => address === server.address && port === server.port);
  if (same === undefined || same.isInhibitedOnFailure === server.isInhibitedOnFailure) return sorry;
  const message = `this sorry server is a real server too, so it is ${same.isInhibitedOnFailure ? "" : "not "}inhibited as that is`;
  context.reporter.add("lvs-adjusted", message, server.place);
  return { ...sorry, server: { ...server, isInhibitedOnFailure: same.isInhibitedOnFailure } };
}

function reportEarlySorryOptions(settings: Settings, context: BuildContext): void {
  for (const { keyword, statement } of settings.entries) {
    if (keyword.name === "sorry_server") return;
    if (keyword.name !== "sorry_server_inhibit" && keyword.name !== "sorry_server_lvs_method") continue;
    context.reporter.add("too-late", `${keyword.name} needs sorry_server before it`, placeOf(statement));
  }
}

type ServerAddress = Pick<RealServer, "family" | "address" | "port">;

function readServerAddress(entry: Entry, defaults: ServerDefaults, context: BuildContext): ServerAddress | null {
  const [, first = "", second] = entry.statement.words;
  const address = parseHostAddress(first);
  if (address === null) {
    context.reporter.add("bad-address", `"${first}" is not a numeric IP address`, placeOf(entry.statement, 1));
    return null;
  }
  const port = second === undefined ? 0 : (readInteger(second).value ?? 0);
  const ownPort = defaults.key.kind === "address" ? defaults.key.port : 0;
  return { family: address.family, address: address.address, port: port === 0 ? ownPort : port };
}

/** DR and TUN keep the destination port of the packet, so the real port cannot differ. */
function portFor(
  method: RealServer["fwdMethod"],
  port: number,
  key: VirtualServerKey,
  entry: Entry,
  context: BuildContext,
): number {
  if (method === "masq" || key.kind === "group") return port;
  const forced = key.kind === "address" ? key.port : 0;
  if (port !== forced) {
    const message = `DR and TUN cannot change the port, ${forced} is used instead of ${port}`;
    context.reporter.add("lvs-adjusted", message, placeOf(entry.statement, 2));
  }
  return forced;
}

function buildRealServer(entry: Entry, defaults: ServerDefaults, context: BuildContext): ConfiguredRealServer | null {
  const target = readServerAddress(entry, defaults, context);
  if (target === null) return null;
  const settings = new Settings(entry.entries, context.reporter);
  const own = settings.has("lvs_method") ? lastForwarding(settings.all("lvs_method"), context) : null;
  const { fwdMethod, tunnel } = own ?? defaults.forwarding;
  if (defaults.family !== null && target.family !== defaults.family && fwdMethod !== "tunnel") {
    const message = "address family differs from that of the virtual server, which only TUN can do; server left out";
    context.reporter.add("lvs-dropped", message, endOf(entry));
    return null;
  }
  const port = portFor(fwdMethod, target.port, defaults.key, entry, context);
  const timing = timingOf(settings, defaults.timing);
  const isAlpha = settings.boolean("alpha") ?? defaults.isAlpha;
  const ownVirtualHost = settings.text("virtualhost");
  const virtualHost = ownVirtualHost ?? defaults.virtualHost;
  const { trackFiles, bfds, logsAllFailures, startSpreadUs, sendsMail } = defaults.surroundings;
  // keepalived: checkers connect to the port as written, also where DR and TUN force another one
  const checked: CheckedServer = {
    family: target.family,
    address: target.address,
    port: target.port,
    timing,
    isAlpha,
    virtualHost,
    trackFiles,
    bfds,
    logsAllFailures,
    startSpreadUs,
  };
  const { checkers, applicationCheckers } = buildCheckers(settings, checked, context);
  return {
    family: target.family,
    address: target.address,
    port,
    fwdMethod,
    tunnel,
    weight: settings.number("weight") ?? defaults.weight,
    isAlpha,
    isInhibitedOnFailure: settings.boolean("inhibit_on_failure") ?? defaults.isInhibitedOnFailure,
    upperThreshold: settings.number("uthreshold") ?? 0,
    lowerThreshold: settings.number("lthreshold") ?? 0,
    given: timing,
    delayLoopUs: timing.delayLoopUs ?? DEFAULT_DELAY_LOOP_US,
    connectTimeoutUs: timing.connectTimeoutUs ?? DEFAULT_CONNECT_TIMEOUT_US,
    sendsMail: settings.boolean("smtp_alert") ?? sendsMail ?? true,
    virtualHost,
    ownVirtualHost,
    snmpName: settings.text("snmp_name"),
    notifyUp: readCommand(settings.entry("notify_up"), context),
    notifyDown: readCommand(settings.entry("notify_down"), context),
    checkers,
    applicationCheckers,
    place: placeOf(entry.statement),
  };
}
