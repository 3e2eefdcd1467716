import type { ConfiguredVirtualServer, VirtualServerGroup } from "../model/checks.ts";
import type { RealServer, TransportProtocol, VirtualServer, VirtualServerKey } from "../model/lvs.ts";
import type { AddressFamily } from "../model/units.ts";
import { parseHostAddress } from "./address.ts";
import { DEFAULT_CONNECT_TIMEOUT_US, DEFAULT_DELAY_LOOP_US, timingOf } from "./build-checkers.ts";
import { readCommand } from "./build-command.ts";
import type { Forwarding } from "./build-forwarding.ts";
import { buildRealServer, buildSorryServer, type CheckSurroundings, type ServerDefaults } from "./build-lvs-servers.ts";
import { readFlags, readPersistence, readScheduler } from "./build-lvs-service.ts";
import { type OrderedWords, readOrderedWords } from "./build-lvs-words.ts";
import { familiesOf, familyMisfit, isMarkedOnly } from "./build-server-groups.ts";
import type { BuildContext } from "./context.ts";
import { reportGroupPorts } from "./group-ports.ts";
import { Settings } from "./settings.ts";
import { type Entry, placeOf } from "./tree.ts";
import { readInteger } from "./values.ts";

/** A smaller pool is not guarded against correlated failures unless told so. */
const SMALLEST_GUARDED_POOL = 4;

export interface ServerSurroundings extends CheckSurroundings {
  /** Those defined so far, by name. */
  readonly groups: ReadonlyMap<string, VirtualServerGroup>;
}

/** @returns null for one that is left out, which is said */
export function buildVirtualServer(
  entry: Entry,
  surroundings: ServerSurroundings,
  context: BuildContext,
): ConfiguredVirtualServer | null {
  const settings = new Settings(entry.entries, context.reporter);
  const key = readKey(entry, settings, surroundings, context);
  if (key === null) return null;
  const group = key.kind === "group" ? (surroundings.groups.get(key.group) ?? null) : null;
  const words = readOrderedWords(entry, key, context);
  const reason = whyLeftOut(words, key, group);
  if (reason !== null) {
    const { code, message } = reason;
    context.reporter.add(code, `${message}; the virtual server is left out`, placeOf(entry.statement));
    return null;
  }
  return finish({ entry, settings, key, group, words, surroundings }, context);
}

interface Parts {
  readonly entry: Entry;
  readonly settings: Settings;
  readonly key: VirtualServerKey;
  readonly group: VirtualServerGroup | null;
  readonly words: OrderedWords;
  readonly surroundings: ServerSurroundings;
}

interface LeftOut {
  readonly code: "group-misfit" | "lvs-dropped";
  readonly message: string;
}

function whyLeftOut(words: OrderedWords, key: VirtualServerKey, group: VirtualServerGroup | null): LeftOut | null {
  if (key.kind === "group") {
    const message =
      group === null ? `virtual_server_group ${key.group} is not there` : familyMisfit(group, words.family);
    if (message !== null) return { code: "group-misfit", message };
  }
  return words.realServers.length === 0 ? { code: "lvs-dropped", message: "it has no real servers" } : null;
}

function finish(parts: Parts, context: BuildContext): ConfiguredVirtualServer {
  const { entry, settings, key, group, words, surroundings } = parts;
  const forwarding = words.forwarding ?? defaultForwarding(entry, context);
  const timing = timingOf(settings);
  const defaults: ServerDefaults = {
    key,
    forwarding,
    weight: settings.number("weight") ?? 1,
    isInhibitedOnFailure: settings.has("inhibit_on_failure"),
    isAlpha: settings.has("alpha"),
    timing,
    virtualHost: settings.text("virtualhost"),
    surroundings,
  };
  const built = words.realServers.map((written) => ({ written, server: buildRealServer(written, defaults, context) }));
  const realServers = built.map(({ server }) => server);
  const sorry = words.sorryServer === null ? null : buildSorryServer(words.sorryServer, built, defaults, context);
  if (group !== null) reportGroupPorts({ group, realServers, sorryServer: sorry?.server ?? null }, context);
  const family = words.family ?? familyOfGroup(group);
  return {
    key: key.kind === "fwmark" ? { ...key, family: family ?? "inet" } : key,
    scheduler: readScheduler(settings, entry, context),
    flags: readFlags(settings, key, context),
    ...readPersistence({ settings, key, group, family, granularity: words.granularity, entry }, context),
    ...limitQuorum(settings, realServers, entry, context),
    sorryServer: sorry?.server ?? null,
    sorryTunnel: sorry?.tunnel ?? null,
    isSorryServerInhibited: sorry?.server.isInhibitedOnFailure ?? false,
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
    isSuspendedWithoutAddress: readSuspension(settings, key, group, context),
    hasOwnGranularity: words.granularity !== null,
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

/** Null where it has both, or none. */
function familyOfGroup(group: VirtualServerGroup | null): AddressFamily | null {
  const [family, ...others] = group === null ? [] : familiesOf(group);
  return others.length > 0 ? null : (family ?? null);
}

function readSuspension(
  settings: Settings,
  key: VirtualServerKey,
  group: VirtualServerGroup | null,
  context: BuildContext,
): boolean {
  const hasMark = key.kind === "fwmark" || group?.members.some(({ kind }) => kind === "fwmark") === true;
  if (!settings.has("ha_suspend") || !hasMark) return settings.has("ha_suspend");
  const message = "ha_suspend needs an address, a firewall mark has none, it is left out";
  context.reporter.add("lvs-adjusted", message, settings.place("ha_suspend"));
  return false;
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
    return { kind: "group", group: name, protocol: null };
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

const PROTOCOLS: ReadonlySet<string> = new Set(["tcp", "udp", "sctp"] satisfies TransportProtocol[]);

function isProtocol(word: string): word is TransportProtocol {
  return PROTOCOLS.has(word);
}

/** The last usable one; UDP when there is none. */
function readProtocol(settings: Settings, entry: Entry, context: BuildContext): TransportProtocol {
  let protocol: TransportProtocol | null = null;
  for (const { statement } of settings.all("protocol")) {
    const word = statement.words[1] ?? "";
    const name = word.toLowerCase();
    if (isProtocol(name)) protocol = name;
    else context.reporter.add("bad-value", `"${word}" is no protocol: TCP, UDP or SCTP`, placeOf(statement, 1));
  }
  if (protocol !== null) return protocol;
  context.reporter.add("lvs-adjusted", "no protocol given, UDP is used", placeOf(entry.statement));
  return "udp";
}

function defaultForwarding(entry: Entry, context: BuildContext): Forwarding {
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
