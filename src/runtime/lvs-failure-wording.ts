import type { ProbeReason, ProbeStage } from "../native/contract.ts";

/** Why a probe failed, and what of the exchange it was. */
export interface ProbeFailure {
  readonly reason: ProbeReason;
  readonly stage: ProbeStage;
}

/** Where a check connects to. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

const HTTP_FAULTS: Readonly<Partial<Record<ProbeStage, string>>> = {
  status: "HTTP status code error to server",
  digest: "MD5 digest error to server",
  regex: "Regex match failed server",
  // The two blanks are keepalived's.
  answer: "Read, no data received from  server",
};

/** Of a response that does not come in time, and of one that does not come. */
const READ_FAULTS: Readonly<Record<"http" | "ssl", readonly [string, string]>> = {
  http: ["Timeout WEB read server", "Read error with server"],
  ssl: ["Timeout SSL read server", "SSL read error from server"],
};

/** `MD5 digest error to server`, to be followed by the server. */
export function httpFailure({ reason, stage }: ProbeFailure, kind: "http" | "ssl" = "http"): string {
  if (reason === "mismatch") return HTTP_FAULTS[stage] ?? "HTTP status code error to server";
  // keepalived: of SSL_GET too
  if (stage === "route") return "HTTP_CHECK - network unreachable server";
  if (stage === "handshake") return "SSL handshake/communication error connecting to server";
  if (stage === "connect") return reason === "timeout" ? "Timeout connecting server" : "Connection failed server";
  const [late, broken] = READ_FAULTS[kind];
  return reason === "timeout" ? late : broken;
}

/** `[192.168.1.7]:25` */
export function placeOf({ address, port }: Endpoint): string {
  return `[${address}]:${port}`;
}

/**
 * `Bad greeting banner from server [192.168.1.7]:25`
 * @param endpoint what is connected to, which need not be the real server
 */
export function smtpFailure(failure: ProbeFailure, endpoint: Endpoint, realServer: string): string {
  if (failure.stage !== "route") return `${smtpFault(failure)} ${placeOf(endpoint)}`;
  return `Network unreachable for server ${endpoint.address} - real server ${realServer}`;
}

function smtpFault({ reason, stage }: ProbeFailure): string {
  if (reason === "mismatch")
    return stage === "helo" ? "Bad HELO response from server" : "Bad greeting banner from server";
  if (stage === "connect") return reason === "timeout" ? "Connection timeout to server" : "Could not connect to server";
  return reason === "timeout" ? "Read timeout from server" : "Read failure from server";
}
