import type { ApplicationChecker, GivenTiming } from "../model/checks.ts";
import type { Checker, CheckerTarget, CheckerTiming } from "../model/lvs.ts";
import type { AddressFamily, IpAddress } from "../model/units.ts";
import { parseAddress } from "./address.ts";
import { readApplicationCheck, readUdp } from "./build-application-checks.ts";
import { dnsProbesOf } from "./build-dns-probes.ts";
import { httpProbesOf } from "./build-http-probes.ts";
import { smtpProbesOf } from "./build-smtp-probes.ts";
import type { BuildContext } from "./context.ts";
import { Settings } from "./settings.ts";
import { type Entry, placeOf } from "./tree.ts";
import { atMostAYear } from "./values.ts";

/** Scheduling values given so far, outer blocks first; null where nothing is given. */
export interface TimingDefaults extends GivenTiming {
  readonly connectTimeoutUs: number | null;
  readonly delayLoopUs: number | null;
  readonly downDelayLoopUs: number | null;
}

const NOTHING_GIVEN: TimingDefaults = {
  retries: null,
  delayBeforeRetryUs: null,
  warmupUs: null,
  connectTimeoutUs: null,
  delayLoopUs: null,
  downDelayLoopUs: null,
};

const NO_CHECKERS: readonly ApplicationChecker[] = [];

const TIMING_WORDS = [
  "retry",
  "nb_get_retry",
  "delay_before_retry",
  "warmup",
  "connect_timeout",
  "delay_loop",
  "delay_loop_down",
];

/** What a block says about scheduling, on top of what its outer blocks say. */
export function timingOf(settings: Settings, outer: TimingDefaults = NOTHING_GIVEN): TimingDefaults {
  if (!TIMING_WORDS.some((word) => settings.has(word))) return outer;
  return {
    retries: settings.lastNumber("retry", "nb_get_retry") ?? outer.retries,
    delayBeforeRetryUs: settings.number("delay_before_retry") ?? outer.delayBeforeRetryUs,
    warmupUs: settings.number("warmup") ?? outer.warmupUs,
    connectTimeoutUs: settings.number("connect_timeout") ?? outer.connectTimeoutUs,
    delayLoopUs: settings.number("delay_loop") ?? outer.delayLoopUs,
    downDelayLoopUs: settings.number("delay_loop_down") ?? outer.downDelayLoopUs,
  };
}

/** What a checker inherits from its real server. */
export interface CheckedServer {
  readonly family: AddressFamily;
  readonly address: IpAddress;
  readonly port: number;
  readonly timing: TimingDefaults;
  readonly isAlpha: boolean;
  readonly virtualHost: string | null;
  readonly logsAllFailures: boolean;
  /** What `warmup` is where nothing is said; null is the delay loop. */
  readonly startSpreadUs: number | null;
  /** Objects that FILE_CHECK and BFD_CHECK may name. */
  readonly trackFiles: ReadonlyMap<string, { readonly weight: number; readonly isReversed: boolean }>;
  readonly bfds: ReadonlySet<string>;
}

const LONGEST_LINK_NAME = 15;
export const SECOND_US = 1_000_000;
export const DEFAULT_DELAY_LOOP_US = 60 * SECOND_US;
export const DEFAULT_CONNECT_TIMEOUT_US = 5 * SECOND_US;

/** Defaults of a kind of checker; a null delay is the delay loop. */
interface KindDefaults {
  readonly retries: number;
  readonly delayBeforeRetryUs: number | null;
}

const PLAIN: KindDefaults = { retries: 1, delayBeforeRetryUs: SECOND_US };
const KINDS: ReadonlyMap<string, KindDefaults> = new Map([
  ["HTTP_GET", { retries: 1, delayBeforeRetryUs: 3 * SECOND_US }],
  ["SSL_GET", { retries: 1, delayBeforeRetryUs: 3 * SECOND_US }],
  ["DNS_CHECK", { retries: 3, delayBeforeRetryUs: null }],
  ["MISC_CHECK", { retries: 0, delayBeforeRetryUs: SECOND_US }],
]);

/** What the probe loop does. */
const NETWORK_CHECKS = new Set(["TCP_CHECK", "PING_CHECK", "UDP_CHECK"]);

/** Kinds of probes that application checkers became; those are kept as written beside them. */
export const PROBES_OF_APPLICATION_CHECKS: ReadonlySet<string> = new Set(["http", "ssl", "dns", "smtp"]);

export interface BuiltCheckers {
  readonly checkers: readonly Checker[];
  readonly applicationCheckers: readonly ApplicationChecker[];
}

export function buildCheckers(server: Settings, checked: CheckedServer, context: BuildContext): BuiltCheckers {
  const checkers: Checker[] = [];
  const applicationCheckers: ApplicationChecker[] = [];
  for (const entry of server.entries) {
    const { name, body } = entry.keyword;
    if (body !== "keywords") continue;
    if (NETWORK_CHECKS.has(name)) checkers.push(buildNetworkChecker(entry, checked, context));
    else applicationCheckers.push(...buildApplicationCheckers(entry, checked, context));
  }
  const probes = applicationCheckers.flatMap((checker) => [
    ...httpProbesOf(checker),
    ...dnsProbesOf(checker),
    ...smtpProbesOf(checker),
  ]);
  for (const checker of checkers.concat(probes)) adviseOnPort(checker, context);
  // Most servers have none: one empty list serves them all
  return {
    checkers: [...checkers, ...probes],
    applicationCheckers: applicationCheckers.length === 0 ? NO_CHECKERS : applicationCheckers,
  };
}

/** A service of all ports has port 0, at which nobody answers; keepalived asks there. */
function adviseOnPort({ kind, target, place }: Checker, { reporter }: BuildContext): void {
  if (kind === "ping" || target.port !== 0) return;
  reporter.add("advice", "the check asks port 0, where nobody answers: add connect_port", place);
}

function buildNetworkChecker(entry: Entry, checked: CheckedServer, context: BuildContext): Checker {
  const settings = new Settings(entry.entries, context.reporter);
  const timing = resolveTiming(settings, checked, PLAIN, context);
  const target = readTarget(settings, checked, context);
  const place = placeOf(entry.statement);
  const logsAllFailures = settings.boolean("log_all_failures") ?? checked.logsAllFailures;
  if (entry.keyword.name === "TCP_CHECK") {
    return buildTcpChecker(settings, { timing, target, logsAllFailures, place }, context);
  }
  if (entry.keyword.name === "PING_CHECK") {
    return { kind: "ping", timing, target: { ...target, port: 0 }, logsAllFailures, place };
  }
  return { kind: "udp", timing, target, exchange: readUdp(settings, context), logsAllFailures, place };
}

function buildTcpChecker(
  settings: Settings,
  { timing, target, logsAllFailures, place }: Required<Omit<Extract<Checker, { kind: "tcp" }>, "kind" | "isHalfOpen">>,
  context: BuildContext,
): Checker {
  const isHalfOpen = settings.has("half_open");
  // Written out: a spread keeps fields in a second object
  if (!isHalfOpen || target.bindPort === 0) return { kind: "tcp", isHalfOpen, timing, target, logsAllFailures, place };
  const message = "bind_port has no effect with half_open, which sends from ports that it reserves, it is left out";
  context.reporter.add("bad-value", message, settings.place("bind_port"));
  return { kind: "tcp", isHalfOpen, timing, target: { ...target, bindPort: 0 }, logsAllFailures, place };
}

function buildApplicationCheckers(
  entry: Entry,
  checked: CheckedServer,
  context: BuildContext,
): readonly ApplicationChecker[] {
  const settings = new Settings(entry.entries, context.reporter);
  const built: ApplicationChecker[] = [];
  for (const block of splitHosts(entry, settings, context)) {
    const target = readTarget(block, checked, context);
    const check = readApplicationCheck(entry, block, { checked, target }, context);
    if (check === null) continue;
    built.push({
      check,
      timing: resolveTiming(block, checked, KINDS.get(entry.keyword.name) ?? PLAIN, context),
      logsAllFailures: block.boolean("log_all_failures") ?? checked.logsAllFailures,
      place: placeOf(entry.statement),
    });
  }
  return built;
}

const CONNECTION = new Set("connect_ip connect_port bindto bind_port bind_if connect_timeout fwmark".split(" "));

/**
 * SMTP_CHECK: each `host` block is a checker of its own and takes all but the connection from around it. The outer
 * block is one too unless it says nothing about a connection.
 */
function splitHosts(entry: Entry, settings: Settings, context: BuildContext): readonly Settings[] {
  const hosts = settings.all("host");
  if (hosts.length === 0) return [settings];
  const shared = entry.entries.filter(({ keyword }) => keyword.name !== "host" && !CONNECTION.has(keyword.name));
  const hasOwn = entry.entries.some(({ keyword }) => CONNECTION.has(keyword.name));
  const blocks = hosts.map((host) => new Settings([...shared, ...host.entries], context.reporter));
  return hasOwn ? [settings, ...blocks] : blocks;
}

function resolveTiming(
  settings: Settings,
  checked: CheckedServer,
  kind: KindDefaults,
  context: BuildContext,
): CheckerTiming {
  const given = timingOf(settings, checked.timing);
  const delayLoopUs = atMostAYear(given.delayLoopUs ?? DEFAULT_DELAY_LOOP_US);
  const timing: CheckerTiming = {
    delayLoopUs,
    delayBeforeRetryUs: atMostAYear(given.delayBeforeRetryUs ?? kind.delayBeforeRetryUs ?? delayLoopUs),
    retries: given.retries ?? kind.retries,
    warmupUs: atMostAYear(given.warmupUs ?? checked.startSpreadUs ?? delayLoopUs),
    connectTimeoutUs: given.connectTimeoutUs ?? DEFAULT_CONNECT_TIMEOUT_US,
    isAlpha: settings.boolean("alpha") ?? checked.isAlpha,
    ...(given.downDelayLoopUs === null ? {} : { downDelayLoopUs: atMostAYear(given.downDelayLoopUs) }),
  };
  return shareTiming(timing, context);
}

/** Checkers in a row mostly have equal timing; one object then serves them all. */
function shareTiming(timing: CheckerTiming, context: BuildContext): CheckerTiming {
  const last = context.shared.timing;
  if (
    last !== null &&
    last.delayLoopUs === timing.delayLoopUs &&
    last.downDelayLoopUs === timing.downDelayLoopUs &&
    last.delayBeforeRetryUs === timing.delayBeforeRetryUs &&
    last.retries === timing.retries &&
    last.warmupUs === timing.warmupUs &&
    last.connectTimeoutUs === timing.connectTimeoutUs &&
    last.isAlpha === timing.isAlpha
  ) {
    return last;
  }
  context.shared.timing = timing;
  return timing;
}

function readTarget(settings: Settings, checked: CheckedServer, context: BuildContext): CheckerTarget {
  const connectAddress = settings.text("connect_ip");
  const target = connectAddress === null ? checked : (parseAddress(connectAddress) ?? checked);
  const bindAddress = settings.text("bindto");
  const isOtherFamily = bindAddress !== null && parseAddress(bindAddress)?.family !== target.family;
  if (isOtherFamily) {
    const message = "bindto has another address family than the target, it is left out";
    context.reporter.add("bad-address", message, settings.place("bindto"));
  }
  return {
    family: target.family,
    address: target.address,
    port: settings.number("connect_port") ?? checked.port,
    bindAddress: isOtherFamily ? null : bindAddress,
    bindPort: settings.number("bind_port") ?? 0,
    bindInterface: readBindInterface(settings, context),
    fwmark: settings.number("fwmark") ?? 0,
  };
}

/** An interface's name has 1 to 15 octets; with another one the check goes on unbound. */
function readBindInterface(settings: Settings, { reporter }: BuildContext): string | null {
  const name = settings.text("bind_if");
  if (name === null || (name !== "" && new TextEncoder().encode(name).length <= LONGEST_LINK_NAME)) return name;
  // keepalived says nothing of an empty one
  const code = name === "" ? "advice" : "value-too-long";
  reporter.add(code, `bind_if: "${name}" cannot be an interface, it is left out`, settings.place("bind_if"));
  return null;
}
