import type { VirtualServerGroup } from "../model/checks.ts";
import type { VirtualServer, VirtualServerKey } from "../model/lvs.ts";
import type { AddressFamily } from "../model/units.ts";
import type { BuildContext } from "./context.ts";
import type { Settings } from "./settings.ts";
import { type Entry, placeOf } from "./tree.ts";

const SCHEDULERS = new Set("rr wrr lc wlc lblc lblcr sh mh dh fo ovf sed nq twos".split(" "));
const DEFAULT_PERSISTENCE_SEC = 360;
const ENGINE_OCTETS = 15;

function schedulerOf(word: string | undefined): string | null {
  return word !== undefined && SCHEDULERS.has(word) ? word : null;
}

/** The last usable `lb_algo` or `lvs_sched`; wlc when there is none. */
export function readScheduler(settings: Settings, entry: Entry, context: BuildContext): string {
  let scheduler: string | null = null;
  for (const { keyword, statement } of settings.entries) {
    if (keyword.name !== "lb_algo" && keyword.name !== "lvs_sched") continue;
    const word = statement.words[1] ?? "";
    const known = schedulerOf(word);
    if (known === null) context.reporter.add("bad-value", `"${word}" is not an IPVS scheduler`, placeOf(statement, 1));
    scheduler = known ?? scheduler;
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
  for (const entry of settings.entries) {
    const { name } = entry.keyword;
    if (name === "lb_algo" || name === "lvs_sched") scheduler = schedulerOf(entry.statement.words[1]) ?? scheduler;
    else if (isHashWord(name) && !name.startsWith(`${scheduler}-`)) reportHashWord(entry, scheduler, context);
    else if (name === "ops" && hasOtherProtocol(key)) {
      const message = "ops is for UDP and firewall marks only, it is left out";
      context.reporter.add("lvs-adjusted", message, placeOf(entry.statement));
    } else {
      const flag = FLAGS.get(name);
      if (flag !== undefined) flags.add(flag);
    }
  }
  return [...flags];
}

function isHashWord(name: string): boolean {
  return name === "hashed" || name.startsWith("sh-") || name.startsWith("mh-");
}

/** `hashed` sets nothing. keepalived: after the other one of the two schedulers a flag is overlooked without a word. */
function reportHashWord(
  { keyword: { name }, statement }: Entry,
  scheduler: string | null,
  context: BuildContext,
): void {
  const isHashing = scheduler === "sh" || scheduler === "mh";
  if (name === "hashed" && isHashing) return;
  const before = name === "hashed" ? '"lb_algo sh" or "lb_algo mh"' : `"lb_algo ${name.slice(0, 2)}"`;
  context.reporter.add(isHashing ? "advice" : "too-late", `${name} needs ${before} before it`, placeOf(statement));
}

/** One packet is a matter of UDP, and of firewall marks. */
function hasOtherProtocol(key: VirtualServerKey): boolean {
  return key.kind !== "fwmark" && key.protocol !== null && key.protocol !== "udp";
}

type Persistence = Pick<VirtualServer, "persistenceTimeoutSec" | "persistenceGranularity" | "persistenceEngine">;

export interface PersistenceParts {
  readonly settings: Settings;
  readonly key: VirtualServerKey;
  readonly group: VirtualServerGroup | null;
  readonly family: AddressFamily | null;
  /** As `persistenceGranularity`; null when none is given. */
  readonly granularity: number | null;
  readonly entry: Entry;
}

export function readPersistence(parts: PersistenceParts, context: BuildContext): Persistence {
  const { settings, key, group, family, granularity, entry } = parts;
  let timeout = settings.number("persistence_timeout") ?? 0;
  const isBare = settings.has("persistence_timeout") && timeout === 0;
  if (timeout === 0 && (isBare || granularity !== null)) timeout = DEFAULT_PERSISTENCE_SEC;
  if (timeout === 0 && hasPortZero(key, group)) {
    timeout = DEFAULT_PERSISTENCE_SEC;
    const message = `port 0 needs persistence, ${DEFAULT_PERSISTENCE_SEC} s is used`;
    context.reporter.add("lvs-adjusted", message, placeOf(entry.statement));
  }
  return {
    persistenceTimeoutSec: timeout,
    persistenceGranularity: granularity ?? (family === "inet6" ? 128 : 0xffffffff),
    persistenceEngine: readEngine(settings, context),
  };
}

/** The kernel's names have at most 15 octets; keepalived cuts a longer one. */
function readEngine(settings: Settings, context: BuildContext): string | null {
  const name = settings.text("persistence_engine");
  if (name === null || name.length <= ENGINE_OCTETS) return name;
  const message = `"${name}" is cut to ${ENGINE_OCTETS} octets, the longest name of a persistence engine`;
  context.reporter.add("value-too-long", message, settings.place("persistence_engine"));
  return name.slice(0, ENGINE_OCTETS);
}

function hasPortZero(key: VirtualServerKey, group: VirtualServerGroup | null): boolean {
  if (key.kind === "address") return key.port === 0;
  return group?.members.some((member) => member.kind !== "fwmark" && member.port === 0) === true;
}
