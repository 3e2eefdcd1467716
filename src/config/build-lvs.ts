import type { FwdMethod, RealServer, TransportProtocol, VirtualServer, VirtualServerKey } from "../model/lvs.ts";
import type { AddressFamily } from "../model/units.ts";
import { ipv4ToNumber, parseAddress } from "./address.ts";
import { buildCheckers, type TimingDefaults, timingOf } from "./build-checkers.ts";
import type { BuildContext } from "./context.ts";
import { Settings } from "./settings.ts";
import { type Entry, placeOf } from "./tree.ts";
import { readInteger } from "./values.ts";

/** Facts of a virtual server that its real servers inherit. */
interface ServerDefaults {
  readonly key: VirtualServerKey;
  readonly fwdMethod: FwdMethod;
  readonly weight: number;
  readonly isInhibitedOnFailure: boolean;
  readonly isAlpha: boolean;
  readonly timing: TimingDefaults;
  /** Family that real servers must have, null when any will do. */
  readonly family: AddressFamily | null;
}

const SCHEDULERS = new Set("rr wrr lc wlc lblc lblcr sh mh dh fo ovf sed nq twos".split(" "));
const METHODS: ReadonlyMap<string, FwdMethod> = new Map([
  ["NAT", "masq"],
  ["DR", "droute"],
  ["TUN", "tunnel"],
]);
const DEFAULT_PERSISTENCE_SEC = 360;

export function buildVirtualServer(entry: Entry, context: BuildContext): VirtualServer | null {
  const settings = new Settings(entry.entries, context.reporter);
  const place = placeOf(entry.statement);
  const key = readKey(entry, settings, context);
  if (key === null) return null;
  const fwdMethod = readDefaultMethod(settings, entry, context);
  const defaults: ServerDefaults = {
    key,
    fwdMethod,
    weight: settings.number("weight") ?? 1,
    isInhibitedOnFailure: settings.has("inhibit_on_failure"),
    isAlpha: settings.has("alpha"),
    timing: timingOf(settings),
    family: key.kind === "address" ? key.family : null,
  };
  const realServers = settings
    .all("real_server")
    .map((server) => buildRealServer(server, defaults, context))
    .filter((server) => server !== null);
  const quorum = limitQuorum(settings, realServers, entry, context);
  return {
    key,
    scheduler: readScheduler(settings, entry, context),
    flags: readFlags(settings),
    ...readPersistence(settings, key, entry, context),
    ...quorum,
    sorryServer: readSorryServer(settings, defaults, context),
    isSorryServerInhibited: settings.has("sorry_server_inhibit"),
    realServers,
    place,
  };
}

function readKey(entry: Entry, settings: Settings, context: BuildContext): VirtualServerKey | null {
  const [, first = "", second] = entry.statement.words;
  if (first === "group") {
    return { kind: "group", group: second ?? "", protocol: readProtocol(settings, entry, context) };
  }
  if (first === "fwmark") {
    const family = settings.words("ip_family")?.[0] === "inet6" ? "inet6" : "inet";
    return { kind: "fwmark", fwmark: readInteger(second ?? "").value ?? 0, family, protocol: "tcp" };
  }
  const address = parseAddress(first);
  if (address === null) return null;
  const port = readInteger(second ?? "0").value ?? 0;
  return { kind: "address", ...address, port, protocol: readProtocol(settings, entry, context) };
}

function readProtocol(settings: Settings, entry: Entry, context: BuildContext): TransportProtocol {
  const word = settings.words("protocol")?.[0]?.toLowerCase();
  if (word === "tcp" || word === "udp" || word === "sctp") return word;
  const message =
    word === undefined ? "no protocol given, UDP is used" : `protocol "${word}" is not known, UDP is used`;
  context.reporter.add("lvs-adjusted", message, settings.place("protocol") ?? placeOf(entry.statement));
  return "udp";
}

function readScheduler(settings: Settings, entry: Entry, context: BuildContext): string {
  let scheduler: string | null = null;
  for (const { keyword, statement } of settings.entries) {
    if (keyword.name !== "lb_algo" && keyword.name !== "lvs_sched") continue;
    const word = statement.words[1] ?? "";
    if (SCHEDULERS.has(word)) scheduler = word;
    else context.reporter.add("bad-value", `"${word}" is not an IPVS scheduler`, placeOf(statement, 1));
  }
  if (scheduler !== null) return scheduler;
  context.reporter.add("lvs-adjusted", "no scheduler given, wlc is used", placeOf(entry.statement));
  return "wlc";
}

const FLAGS: ReadonlyMap<string, VirtualServer["flags"][number]> = new Map([
  ["ops", "one-packet"],
  ["flag-1", "sched-1"],
  ["flag-2", "sched-2"],
  ["flag-3", "sched-3"],
  ["sh-fallback", "sched-1"],
  ["sh-port", "sched-2"],
  ["mh-fallback", "sched-1"],
  ["mh-port", "sched-2"],
]);

function readFlags(settings: Settings): VirtualServer["flags"] {
  const flags = new Set<VirtualServer["flags"][number]>();
  for (const { keyword } of settings.entries) {
    const flag = FLAGS.get(keyword.name);
    if (flag !== undefined) flags.add(flag);
  }
  return [...flags];
}

/** `NAT`, `DR` or `TUN` of an `lb_kind`-like keyword; null and a diagnostic when it is neither. */
function readMethod(entry: Entry, context: BuildContext): FwdMethod | null {
  const word = entry.statement.words[1] ?? "";
  const method = METHODS.get(word) ?? null;
  if (method === null) {
    context.reporter.add(
      "bad-value",
      `"${word}" is not a forwarding method: NAT, DR or TUN`,
      placeOf(entry.statement, 1),
    );
  }
  return method;
}

function lastMethod(entries: readonly Entry[], context: BuildContext): FwdMethod | null {
  let method: FwdMethod | null = null;
  for (const entry of entries) method = readMethod(entry, context) ?? method;
  return method;
}

function readDefaultMethod(settings: Settings, entry: Entry, context: BuildContext): FwdMethod {
  const entries = settings.entries.filter(({ keyword }) => keyword.name === "lb_kind" || keyword.name === "lvs_method");
  const method = lastMethod(entries, context);
  if (method !== null) return method;
  context.reporter.add("lvs-adjusted", "no forwarding method given, NAT is used", placeOf(entry.statement));
  return "masq";
}

type Persistence = Pick<VirtualServer, "persistenceTimeoutSec" | "persistenceGranularity" | "persistenceEngine">;

function readPersistence(settings: Settings, key: VirtualServerKey, entry: Entry, context: BuildContext): Persistence {
  let timeout = settings.number("persistence_timeout") ?? 0;
  const isBare = settings.has("persistence_timeout") && timeout === 0;
  const granularity = readGranularity(settings, context);
  if (timeout === 0 && (isBare || granularity !== null)) timeout = DEFAULT_PERSISTENCE_SEC;
  if (timeout === 0 && key.kind === "address" && key.port === 0) {
    timeout = DEFAULT_PERSISTENCE_SEC;
    const message = `port 0 needs persistence, ${DEFAULT_PERSISTENCE_SEC} s is used`;
    context.reporter.add("lvs-adjusted", message, placeOf(entry.statement));
  }
  const isIpv6 = key.kind !== "group" && key.family === "inet6";
  return {
    persistenceTimeoutSec: timeout,
    persistenceGranularity: granularity ?? (isIpv6 ? 128 : 0xffffffff),
    persistenceEngine: settings.text("persistence_engine"),
  };
}

function readGranularity(settings: Settings, context: BuildContext): number | null {
  const word = settings.words("persistence_granularity")?.[0];
  if (word === undefined) return null;
  const address = parseAddress(word);
  if (address?.family === "inet") return ipv4ToNumber(address.address);
  const { value, problem } = readInteger(word);
  if (value !== null && problem === "none" && value >= 1 && value <= 128) return value;
  const place = settings.place("persistence_granularity");
  context.reporter.add("bad-value", `"${word}" is neither an IPv4 mask nor a prefix length`, place);
  return null;
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

function readSorryServer(settings: Settings, defaults: ServerDefaults, context: BuildContext): RealServer | null {
  const entry = settings.entry("sorry_server");
  if (entry === null) return null;
  const { statement } = entry;
  const target = readServerAddress(entry, defaults, context);
  if (target === null) return null;
  const fwdMethod = lastMethod(settings.all("sorry_server_lvs_method"), context) ?? defaults.fwdMethod;
  return {
    ...target,
    port: portFor(fwdMethod, target.port, defaults.key, entry, context),
    fwdMethod,
    weight: 1,
    isInhibitedOnFailure: settings.has("sorry_server_inhibit"),
    upperThreshold: 0,
    lowerThreshold: 0,
    checkers: [],
    place: placeOf(statement),
  };
}

type ServerAddress = Pick<RealServer, "family" | "address" | "port">;

function readServerAddress(entry: Entry, defaults: ServerDefaults, context: BuildContext): ServerAddress | null {
  const [, first = "", second] = entry.statement.words;
  const address = parseAddress(first);
  if (address === null) {
    context.reporter.add("bad-address", `"${first}" is not a numeric IP address`, placeOf(entry.statement, 1));
    return null;
  }
  const port = second === undefined ? 0 : (readInteger(second).value ?? 0);
  const ownPort = defaults.key.kind === "address" ? defaults.key.port : 0;
  return { ...address, port: port === 0 ? ownPort : port };
}

/** DR and TUN keep the destination port of the packet, so the real port cannot differ. */
function portFor(method: FwdMethod, port: number, key: VirtualServerKey, entry: Entry, context: BuildContext): number {
  if (method === "masq" || key.kind === "group") return port;
  const forced = key.kind === "address" ? key.port : 0;
  if (port !== forced) {
    const message = `DR and TUN cannot change the port, ${forced} is used instead of ${port}`;
    context.reporter.add("lvs-adjusted", message, placeOf(entry.statement, 2));
  }
  return forced;
}

function buildRealServer(entry: Entry, defaults: ServerDefaults, context: BuildContext): RealServer | null {
  const target = readServerAddress(entry, defaults, context);
  if (target === null) return null;
  const settings = new Settings(entry.entries, context.reporter);
  const fwdMethod = lastMethod(settings.all("lvs_method"), context) ?? defaults.fwdMethod;
  if (defaults.family !== null && target.family !== defaults.family && fwdMethod !== "tunnel") {
    const message = "address family differs from that of the virtual server, which only TUN can do; server left out";
    context.reporter.add("lvs-dropped", message, placeOf(entry.statement, 1));
    return null;
  }
  const port = portFor(fwdMethod, target.port, defaults.key, entry, context);
  const timing = timingOf(settings, defaults.timing);
  const isAlpha = settings.boolean("alpha") ?? defaults.isAlpha;
  return {
    ...target,
    port,
    fwdMethod,
    weight: settings.number("weight") ?? defaults.weight,
    isInhibitedOnFailure: settings.boolean("inhibit_on_failure") ?? defaults.isInhibitedOnFailure,
    upperThreshold: settings.number("uthreshold") ?? 0,
    lowerThreshold: settings.number("lthreshold") ?? 0,
    checkers: buildCheckers(settings, { ...target, port, timing, isAlpha }, context),
    place: placeOf(entry.statement),
  };
}
