import { isSameModel } from "../model/equality.ts";
import type { Checker, CheckerTiming, HttpChecker, HttpUrl, UdpExchange, VirtualServer } from "../model/lvs.ts";
import type { ProbeHttp, ProbeKind, ProbeTarget, ProbeUdp } from "../native/contract.ts";

/** Equal for two checkers if and only if one probe serves both. */
export type TargetId = string;

/** Equal for two checkers if they ask the same of the same server, however often. */
export type EndpointId = string;

/** Which checker asks, by position in the configuration. */
export interface Asker {
  readonly virtualServer: number;
  readonly server: number;
  readonly checker: number;
}

/** One probe and everybody who wants to hear of it, in the order of the configuration. */
export interface PlannedTarget {
  readonly id: TargetId;
  readonly endpoint: EndpointId;
  readonly kind: Checker["kind"];
  readonly probe: ProbeTarget;
  readonly timing: CheckerTiming;
  /** Of a check of several requests in turn, and also of a single one; `probe` is the first. Null: always the same. */
  readonly walk: PlannedWalk | null;
  readonly askers: readonly Asker[];
}

export interface PlannedWalk {
  /** By url. */
  readonly probes: readonly ProbeTarget[];
  readonly urls: readonly HttpUrl[];
  readonly recoversFast: boolean;
}

/** HTTP_GET or SSL_GET. */
export function asksUrls(checker: Checker): checker is HttpChecker {
  return checker.kind === "http" || checker.kind === "ssl";
}

export function endpointId(checker: Checker): EndpointId {
  const { address, port, bindAddress, bindPort, bindInterface, fwmark } = checker.target;
  const where = [checker.kind, address, port, bindAddress, bindPort, bindInterface, fwmark].join(" ");
  if (asksUrls(checker)) {
    const asked = checker.urls.map(({ request, statusCodes, digest, regex, tls }) => {
      const codes = statusCodes.map(({ from, to }) => [from, to]);
      return tls === null ? [request, codes, digest, regex] : [request, codes, digest, regex, tls];
    });
    return `${where} ${JSON.stringify(asked)}`;
  }
  if (checker.kind === "smtp") return `${where} ${JSON.stringify(checker.heloName)}`;
  if (checker.kind === "tcp") return checker.isHalfOpen ? `${where} half-open` : where;
  if (checker.kind !== "udp" && checker.kind !== "dns") return where;
  const { payload, requiresReply, reply, minReplyBytes, maxReplyBytes } = checker.exchange;
  return `${where} ${[payload, requiresReply, reply, minReplyBytes, maxReplyBytes].join("/")}`;
}

/** Alpha is not part of it: it says what to believe before the first result, not how to get one. */
export function targetId(checker: Checker): TargetId {
  const { delayLoopUs, delayBeforeRetryUs, retries, warmupUs, connectTimeoutUs, downDelayLoopUs } = checker.timing;
  const times = [delayLoopUs, delayBeforeRetryUs, retries, warmupUs, connectTimeoutUs, downDelayLoopUs ?? delayLoopUs];
  const isFast = asksUrls(checker) && checker.recoversFast;
  // Joined, the text is one piece; a template would keep a tree of its parts
  return [endpointId(checker), ...times, ...(isFast ? ["fast"] : [])].join(" ");
}

/** Of the checkers of all real servers, one after the other: a list for each server would be as large as its texts. */
type ServerIds = readonly TargetId[];

/** A virtual server that a reload keeps is the same object, and the texts are long. */
const KNOWN_IDS = new WeakMap<VirtualServer, ServerIds>();

function idsOf(virtualServer: VirtualServer): ServerIds {
  const known = KNOWN_IDS.get(virtualServer);
  if (known !== undefined) return known;
  const ids = virtualServer.realServers.flatMap(({ checkers }) => checkers.map(targetId));
  KNOWN_IDS.set(virtualServer, ids);
  return ids;
}

/**
 * All probes that a configuration needs: equal ones once.
 * @param before probes that are known, of which the description is taken over
 */
export function planTargets(
  virtualServers: readonly VirtualServer[],
  before: ReadonlyMap<TargetId, PlannedTarget> = new Map(),
): Map<TargetId, PlannedTarget> {
  const askers = new Map<TargetId, Asker[]>();
  const targets = new Map<TargetId, PlannedTarget>();
  virtualServers.forEach((owner, virtualServer) => {
    const ids = idsOf(owner).values();
    owner.realServers.forEach(({ checkers }, server) => {
      checkers.forEach((checker, index) => {
        const id = ids.next().value ?? targetId(checker);
        const asker: Asker = { virtualServer, server, checker: index };
        const known = askers.get(id);
        if (known !== undefined) known.push(asker);
        else {
          const list = [asker];
          askers.set(id, list);
          const old = before.get(id);
          targets.set(
            id,
            old === undefined ? planTarget(id, checker, list) : { ...old, timing: checker.timing, askers: list },
          );
        }
      });
    });
  });
  return targets;
}

/**
 * Whether two configurations have the same checkers at the same places, so that the plan of one is that of the other.
 * Virtual servers that a reload keeps cost nothing here.
 */
export function isSamePlan(before: readonly VirtualServer[], after: readonly VirtualServer[]): boolean {
  return before.length === after.length && before.every((old, index) => asksTheSame(old, after[index]));
}

function asksTheSame(before: VirtualServer, after: VirtualServer | undefined): boolean {
  if (before === after) return true;
  const checkersOf = ({ realServers }: VirtualServer): unknown => realServers.map(({ checkers }) => checkers);
  return after !== undefined && isSameModel(checkersOf(before), checkersOf(after));
}

const PROBE_KINDS: Readonly<Record<Checker["kind"], ProbeKind>> = {
  tcp: "tcp",
  ping: "icmp",
  udp: "udp",
  http: "http",
  ssl: "https",
  dns: "udp",
  smtp: "smtp",
};

/** 32 octets of text. */
const FILLER = Buffer.from("abcdefghijklmnopqrstuvwabcdefghi").toString("hex");

function withFiller(exchange: UdpExchange): ProbeUdp {
  return exchange.payload === "" ? { ...exchange, payload: FILLER } : exchange;
}

function exchangeOf({ request, statusCodes, digest, regex, tls }: HttpUrl): Pick<ProbeTarget, "http" | "tls"> {
  const http: ProbeHttp = { request, statusCodes, digest, regex };
  return tls === null ? { http } : { http, tls };
}

function probeKindOf(checker: Checker): ProbeKind {
  return checker.kind === "tcp" && checker.isHalfOpen ? "syn" : PROBE_KINDS[checker.kind];
}

function planTarget(id: TargetId, checker: Checker, askers: readonly Asker[]): PlannedTarget {
  const walk = walkOf(checker);
  return {
    id,
    // Which begins the identity: so both are one text in memory
    endpoint: id.slice(0, endpointId(checker).length),
    kind: checker.kind,
    probe: walk?.probes[0] ?? probeOf(checker, {}),
    timing: checker.timing,
    walk,
    askers,
  };
}

function walkOf(checker: Checker): PlannedWalk | null {
  if (!asksUrls(checker)) return null;
  const { urls, recoversFast } = checker;
  return { probes: urls.map((url) => probeOf(checker, exchangeOf(url))), urls, recoversFast };
}

function exchangeOfKind(checker: Checker): Pick<ProbeTarget, "udp" | "smtp"> {
  if (checker.kind === "udp") return { udp: withFiller(checker.exchange) };
  if (checker.kind === "dns") return { udp: checker.exchange };
  return checker.kind === "smtp" ? { smtp: { heloName: checker.heloName } } : {};
}

function probeOf(checker: Checker, http: Pick<ProbeTarget, "http" | "tls">): ProbeTarget {
  const { family, address, port, bindAddress, bindPort, bindInterface, fwmark } = checker.target;
  return {
    kind: probeKindOf(checker),
    family,
    address,
    port: checker.kind === "ping" ? 0 : port,
    bindAddress,
    bindPort: checker.kind === "ping" ? 0 : bindPort,
    bindInterface,
    fwmark,
    timeoutUs: checker.timing.connectTimeoutUs,
    ...exchangeOfKind(checker),
    ...http,
  };
}
