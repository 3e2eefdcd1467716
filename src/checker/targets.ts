import { isSameModel } from "../model/equality.ts";
import type {
  Checker,
  CheckerTarget,
  CheckerTiming,
  HttpChecker,
  HttpUrl,
  UdpExchange,
  VirtualServer,
} from "../model/lvs.ts";
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

/** HTTP_GET or SSL_GET. */
export function asksUrls(checker: Checker): checker is HttpChecker {
  return checker.kind === "http" || checker.kind === "ssl";
}

/** Most checks leave the way they go to the kernel; there are as many texts as servers, so these say nothing of it. */
function originWords({ bindAddress, bindPort, bindInterface, fwmark }: CheckerTarget): readonly unknown[] {
  const isPlain = bindAddress === null && bindPort === 0 && bindInterface === null && fwmark === 0;
  return isPlain ? [] : ["from", bindAddress, bindPort, bindInterface, fwmark];
}

export function endpointId(checker: Checker): EndpointId {
  const { address, port } = checker.target;
  // Joined, the text is one piece; a template would keep a tree of its parts
  const where = [checker.kind, address, port, ...originWords(checker.target)].join(" ");
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

/** Many checkers have few schedules, so an identity holds the number of its schedule instead of six times. */
const KNOWN_TIMES = new Map<string, number>();

/** Alpha is not part of it: it says what to believe before the first result, not how to get one. */
function numberOfTimes({ timing }: Checker): number {
  const { delayLoopUs, delayBeforeRetryUs, retries, warmupUs, connectTimeoutUs, downDelayLoopUs } = timing;
  const times = [delayLoopUs, delayBeforeRetryUs, retries, warmupUs, connectTimeoutUs, downDelayLoopUs ?? delayLoopUs];
  const text = times.join(" ");
  const known = KNOWN_TIMES.get(text) ?? KNOWN_TIMES.size;
  KNOWN_TIMES.set(text, known);
  return known;
}

export function targetId(checker: Checker): TargetId {
  const isFast = asksUrls(checker) && checker.recoversFast;
  return [endpointId(checker), numberOfTimes(checker), ...(isFast ? ["fast"] : [])].join(" ");
}

/** Of the checkers of all real servers, one after the other: a list for each server would be as large as its texts. */
type ServerIds = readonly TargetId[];

/** A virtual server that a reload keeps is the same object, and the texts are long. */
const KNOWN_IDS = new WeakMap<VirtualServer, ServerIds>();

function idsOf(virtualServer: VirtualServer, before: KnownTargets): ServerIds {
  const known = KNOWN_IDS.get(virtualServer);
  if (known !== undefined) return known;
  const idOf = (checker: Checker): TargetId => {
    const id = targetId(checker);
    return before.get(id)?.id ?? id;
  };
  const ids = virtualServer.realServers.flatMap(({ checkers }) => checkers.map(idOf));
  KNOWN_IDS.set(virtualServer, ids);
  return ids;
}

/** Probes by identity. */
export type KnownTargets = Pick<ReadonlyMap<TargetId, PlannedTarget>, "get">;

/**
 * One probe and everybody who wants to hear of it. There may be tens of thousands, so it holds little: what follows from
 * the checker is worked out when it is asked for.
 */
export class PlannedTarget {
  readonly id: TargetId;
  private readonly checker: Checker;
  private readonly firstAsker: Asker;
  private otherAskers: Asker[] | null = null;

  constructor(id: TargetId, checker: Checker, firstAsker: Asker) {
    this.id = id;
    this.checker = checker;
    this.firstAsker = firstAsker;
  }

  get endpoint(): EndpointId {
    return endpointId(this.checker);
  }

  get kind(): Checker["kind"] {
    return this.checker.kind;
  }

  get timing(): CheckerTiming {
    return this.checker.timing;
  }

  /** Several requests in turn, also a single one; null: always the same. */
  get walk(): Pick<HttpChecker, "urls" | "recoversFast"> | null {
    return asksUrls(this.checker) ? this.checker : null;
  }

  /** What is asked first. */
  get probe(): ProbeTarget {
    return this.probeOf(0);
  }

  /** In the order of the configuration. */
  get askers(): readonly Asker[] {
    return this.otherAskers === null ? [this.firstAsker] : [this.firstAsker, ...this.otherAskers];
  }

  /** @param url by position; of no account where the same is asked always */
  probeOf(url: number): ProbeTarget {
    const asked = this.walk?.urls[url];
    return probeOf(this.checker, asked === undefined ? {} : exchangeOf(asked));
  }

  /** While a configuration is planned. */
  addAsker(asker: Asker): void {
    this.otherAskers ??= [];
    this.otherAskers.push(asker);
  }
}

/**
 * All probes that a configuration needs: equal ones once.
 * @param before probes that are known, of which the texts are taken over
 */
export function planTargets(
  virtualServers: readonly VirtualServer[],
  before: KnownTargets = new Map(),
): Map<TargetId, PlannedTarget> {
  const targets = new Map<TargetId, PlannedTarget>();
  virtualServers.forEach((owner, virtualServer) => {
    const ids = idsOf(owner, before).values();
    owner.realServers.forEach(({ checkers }, server) => {
      checkers.forEach((checker, index) => {
        const id = ids.next().value ?? targetId(checker);
        const asker: Asker = { virtualServer, server, checker: index };
        const known = targets.get(id);
        if (known === undefined) targets.set(id, new PlannedTarget(id, checker, asker));
        else known.addAsker(asker);
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
