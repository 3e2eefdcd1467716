import type { Checker, CheckerTiming, HttpChecker, UdpExchange, VirtualServer } from "../model/lvs.ts";
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
  readonly askers: readonly Asker[];
}

export function endpointId(checker: Checker): EndpointId {
  const { address, port, bindAddress, bindPort, bindInterface, fwmark } = checker.target;
  const where = [checker.kind, address, port, bindAddress, bindPort, bindInterface, fwmark].join(" ");
  if (checker.kind === "http" || checker.kind === "ssl") {
    const { request, statusCodes, digest, regex, tls } = checker;
    const codes = statusCodes.map(({ from, to }) => [from, to]);
    const asked = tls === null ? [request, codes, digest, regex] : [request, codes, digest, regex, tls];
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
  const { delayLoopUs, delayBeforeRetryUs, retries, warmupUs, connectTimeoutUs } = checker.timing;
  const times = [delayLoopUs, delayBeforeRetryUs, retries, warmupUs, connectTimeoutUs];
  return `${endpointId(checker)} ${times.join(" ")}`;
}

/** All probes that a configuration needs: equal ones once. */
export function planTargets(virtualServers: readonly VirtualServer[]): Map<TargetId, PlannedTarget> {
  const askers = new Map<TargetId, Asker[]>();
  const targets = new Map<TargetId, PlannedTarget>();
  virtualServers.forEach(({ realServers }, virtualServer) => {
    realServers.forEach(({ checkers }, server) => {
      checkers.forEach((checker, index) => {
        const id = targetId(checker);
        const asker: Asker = { virtualServer, server, checker: index };
        const known = askers.get(id);
        if (known !== undefined) known.push(asker);
        else {
          const list = [asker];
          askers.set(id, list);
          targets.set(id, planTarget(id, checker, list));
        }
      });
    });
  });
  return targets;
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

function responseOf({ request, statusCodes, digest, regex }: HttpChecker): ProbeHttp {
  return { request, statusCodes, digest, regex };
}

function probeKindOf(checker: Checker): ProbeKind {
  return checker.kind === "tcp" && checker.isHalfOpen ? "syn" : PROBE_KINDS[checker.kind];
}

function planTarget(id: TargetId, checker: Checker, askers: readonly Asker[]): PlannedTarget {
  const { family, address, port, bindAddress, bindPort, bindInterface, fwmark } = checker.target;
  return {
    id,
    endpoint: endpointId(checker),
    kind: checker.kind,
    probe: {
      kind: probeKindOf(checker),
      family,
      address,
      port: checker.kind === "ping" ? 0 : port,
      bindAddress,
      bindPort: checker.kind === "ping" ? 0 : bindPort,
      bindInterface,
      fwmark,
      timeoutUs: checker.timing.connectTimeoutUs,
      ...(checker.kind === "udp" ? { udp: withFiller(checker.exchange) } : {}),
      ...(checker.kind === "dns" ? { udp: checker.exchange } : {}),
      ...(checker.kind === "smtp" ? { smtp: { heloName: checker.heloName } } : {}),
      ...(checker.kind === "http" || checker.kind === "ssl" ? { http: responseOf(checker) } : {}),
      ...(checker.kind === "ssl" && checker.tls !== null ? { tls: checker.tls } : {}),
    },
    timing: checker.timing,
    askers,
  };
}
