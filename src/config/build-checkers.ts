import type { Checker, CheckerTarget, CheckerTiming } from "../model/lvs.ts";
import type { AddressFamily, IpAddress } from "../model/units.ts";
import { parseAddress } from "./address.ts";
import type { BuildContext } from "./context.ts";
import { Settings } from "./settings.ts";
import { type Entry, placeOf } from "./tree.ts";

/** Scheduling values given so far, outer blocks first; null where nothing is given. */
export interface TimingDefaults {
  readonly retries: number | null;
  readonly delayBeforeRetryUs: number | null;
  readonly warmupUs: number | null;
  readonly connectTimeoutUs: number | null;
  readonly delayLoopUs: number | null;
}

const NOTHING_GIVEN: TimingDefaults = {
  retries: null,
  delayBeforeRetryUs: null,
  warmupUs: null,
  connectTimeoutUs: null,
  delayLoopUs: null,
};

/** What a block says about scheduling, on top of what its outer blocks say. */
export function timingOf(settings: Settings, outer: TimingDefaults = NOTHING_GIVEN): TimingDefaults {
  return {
    retries: settings.number("retry") ?? outer.retries,
    delayBeforeRetryUs: settings.number("delay_before_retry") ?? outer.delayBeforeRetryUs,
    warmupUs: settings.number("warmup") ?? outer.warmupUs,
    connectTimeoutUs: settings.number("connect_timeout") ?? outer.connectTimeoutUs,
    delayLoopUs: settings.number("delay_loop") ?? outer.delayLoopUs,
  };
}

/** What a checker inherits from its real server. */
export interface CheckedServer {
  readonly family: AddressFamily;
  readonly address: IpAddress;
  readonly port: number;
  readonly timing: TimingDefaults;
  readonly isAlpha: boolean;
}

const SECOND_US = 1_000_000;

/** Defaults of a kind of checker. */
interface KindDefaults {
  readonly retries: number;
  readonly delayBeforeRetryUs: number;
}

const PLAIN: KindDefaults = { retries: 1, delayBeforeRetryUs: SECOND_US };

export function buildCheckers(server: Settings, checked: CheckedServer, context: BuildContext): readonly Checker[] {
  const checkers: Checker[] = [];
  for (const entry of server.entries) {
    const { name } = entry.keyword;
    if (name === "TCP_CHECK") checkers.push({ kind: "tcp", ...buildNetworkChecker(entry, checked, context) });
    else if (name === "PING_CHECK") {
      const checker = buildNetworkChecker(entry, checked, context);
      checkers.push({ kind: "ping", ...checker, target: { ...checker.target, port: 0 } });
    } else if (entry.keyword.body === "keywords") new Settings(entry.entries, context.reporter);
  }
  return checkers;
}

function buildNetworkChecker(entry: Entry, checked: CheckedServer, context: BuildContext): Omit<Checker, "kind"> {
  const settings = new Settings(entry.entries, context.reporter);
  return {
    timing: resolveTiming(settings, checked, PLAIN),
    target: readTarget(settings, checked, context),
    place: placeOf(entry.statement),
  };
}

function resolveTiming(settings: Settings, checked: CheckedServer, kind: KindDefaults): CheckerTiming {
  const given = timingOf(settings, checked.timing);
  const delayLoopUs = given.delayLoopUs ?? 60 * SECOND_US;
  return {
    delayLoopUs,
    delayBeforeRetryUs: given.delayBeforeRetryUs ?? kind.delayBeforeRetryUs,
    retries: given.retries ?? kind.retries,
    warmupUs: given.warmupUs ?? delayLoopUs,
    connectTimeoutUs: given.connectTimeoutUs ?? 5 * SECOND_US,
    isAlpha: settings.boolean("alpha") ?? checked.isAlpha,
  };
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
    bindInterface: settings.text("bind_if"),
    fwmark: settings.number("fwmark") ?? 0,
  };
}
