import type { VirtualServerGroup } from "../model/checks.ts";
import type { VirtualServer, VirtualServerKey } from "../model/lvs.ts";
import { ipv4ToNumber, parseAddress } from "./address.ts";
import type { BuildContext } from "./context.ts";
import type { Settings } from "./settings.ts";
import { type Entry, placeOf } from "./tree.ts";
import { readInteger } from "./values.ts";

const SCHEDULERS = new Set("rr wrr lc wlc lblc lblcr sh mh dh fo ovf sed nq twos".split(" "));
const DEFAULT_PERSISTENCE_SEC = 360;

/** The last usable `lb_algo` or `lvs_sched`; wlc when there is none. */
export function readScheduler(settings: Settings, entry: Entry, context: BuildContext): string {
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

/** Service and scheduler flags; those of `sh` and `mh` need their scheduler before them. */
export function readFlags(settings: Settings, key: VirtualServerKey, context: BuildContext): VirtualServer["flags"] {
  const flags = new Set<VirtualServer["flags"][number]>();
  let scheduler: string | null = null;
  for (const { keyword, statement } of settings.entries) {
    if (keyword.name === "lb_algo" || keyword.name === "lvs_sched") scheduler = statement.words[1] ?? null;
    if (keyword.name === "hashed" && scheduler !== "sh" && scheduler !== "mh") {
      context.reporter.add("too-late", 'hashed needs "lb_algo sh" or "lb_algo mh" before it', placeOf(statement));
    }
    const flag = FLAGS.get(keyword.name);
    if (flag === undefined) continue;
    const wanted = /^(sh|mh)-/.exec(keyword.name)?.[1];
    const isTooEarly = wanted !== undefined && scheduler !== wanted;
    const isWrongProtocol = flag === "one-packet" && key.kind !== "fwmark" && key.protocol !== "udp";
    if (isTooEarly) {
      context.reporter.add("too-late", `${keyword.name} needs "lb_algo ${wanted}" before it`, placeOf(statement));
    } else if (isWrongProtocol) {
      context.reporter.add(
        "lvs-adjusted",
        "ops is for UDP and firewall marks only, it is left out",
        placeOf(statement),
      );
    } else flags.add(flag);
  }
  return [...flags];
}

type Persistence = Pick<VirtualServer, "persistenceTimeoutSec" | "persistenceGranularity" | "persistenceEngine">;

export function readPersistence(
  settings: Settings,
  key: VirtualServerKey,
  group: VirtualServerGroup | null,
  entry: Entry,
  context: BuildContext,
): Persistence {
  let timeout = settings.number("persistence_timeout") ?? 0;
  const isBare = settings.has("persistence_timeout") && timeout === 0;
  const granularity = readGranularity(settings, context);
  if (timeout === 0 && (isBare || granularity !== null)) timeout = DEFAULT_PERSISTENCE_SEC;
  if (timeout === 0 && hasPortZero(key, group)) {
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

function hasPortZero(key: VirtualServerKey, group: VirtualServerGroup | null): boolean {
  if (key.kind === "address") return key.port === 0;
  return group?.members.some((member) => member.kind !== "fwmark" && member.port === 0) === true;
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
