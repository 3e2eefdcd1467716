import type { PoolEffect } from "../checker/pool.ts";
import type { Checker, HttpUrl, RealServer, VirtualServer } from "../model/lvs.ts";
import type { IpAddress } from "../model/units.ts";
import type { LogFields, SpokenRecord } from "./log.ts";
import { type Endpoint, httpFailure, type ProbeFailure, placeOf, smtpFailure } from "./lvs-failure-wording.ts";
import type { LvsNames } from "./lvs-names.ts";

function info(message: string, fields: LogFields, text: string): SpokenRecord {
  return { level: "info", message, fields, text };
}

/** How a kind of check reports: `passed` and `failed` are put around the server's name. */
const CHECK_WORDS: Readonly<
  Record<Checker["kind"], { readonly passed: string; readonly failed: string; readonly namesService: boolean }>
> = {
  tcp: { passed: "TCP connection to", failed: "TCP_CHECK on service", namesService: false },
  udp: { passed: "UDP connection to", failed: "UDP_CHECK on service", namesService: false },
  ping: { passed: "ICMP connection to", failed: "ICMP CHECK on service", namesService: true },
  http: { passed: "Remote Web server", failed: "HTTP_CHECK on service", namesService: false },
  // keepalived: by that name too
  ssl: { passed: "Remote Web server", failed: "HTTP_CHECK on service", namesService: false },
  smtp: { passed: "Remote SMTP server", failed: "SMTP_CHECK", namesService: false },
  dns: { passed: "DNS_CHECK on service", failed: "DNS_CHECK on service", namesService: false },
};

/** `succeed on service` instead of `success`. */
const SUCCEEDING: ReadonlySet<Checker["kind"]> = new Set(["http", "ssl", "smtp"]);

export interface CheckFailure extends ProbeFailure {
  readonly kind: Checker["kind"];
  readonly endpoint: Endpoint;
}

export interface CheckVerdict extends CheckFailure {
  readonly isUp: boolean;
  /** Failures that were retried before the deciding one. */
  readonly retries: number;
}

/** `TCP connection to [192.168.1.7]:tcp:80 success.` */
export function speakVerdict(verdict: CheckVerdict, server: string, virtualServer: string): SpokenRecord {
  const { kind, isUp, retries, reason } = verdict;
  const words = CHECK_WORDS[kind];
  const fields = { check: kind, server, virtualServer };
  if (kind === "dns") return speakDnsVerdict(verdict, server, virtualServer);
  if (isUp)
    return info(
      "check succeeded",
      fields,
      `${words.passed} ${server} ${SUCCEEDING.has(kind) ? "succeed on service" : "success"}.`,
    );
  if (kind === "smtp") return speakFailure(verdict, server, virtualServer);
  const of = words.namesService ? ` of ${virtualServer}` : "";
  const text =
    retries === 0
      ? `${words.failed} ${server} failed.`
      : `${words.failed} ${server}${of} failed after ${retries} retries.`;
  return info("check failed", { ...fields, retries, reason }, text);
}

/** `DNS_CHECK ([192.168.1.7]:udp:53) read timeout from socket after 3 retries`; keepalived is silent about success. */
function speakDnsVerdict(verdict: CheckVerdict, server: string, virtualServer: string): SpokenRecord {
  const { isUp, retries, reason } = verdict;
  const fields = { check: "dns", server, virtualServer, retries, reason };
  if (isUp) return { level: "debug", message: "check succeeded", fields, text: `DNS_CHECK (${server}) succeeded` };
  const after = retries === 0 ? "" : ` after ${retries} retries`;
  return info("check failed", fields, `DNS_CHECK (${server}) ${dnsFailure(verdict)}${after}`);
}

/** As Linux names them. */
const SOCKET_ERRORS: Readonly<Record<string, string>> = {
  refused: "errno 111 (Connection refused)",
  unreachable: "errno 113 (No route to host)",
  reset: "errno 104 (Connection reset by peer)",
};

function dnsFailure({ reason, stage, endpoint }: CheckFailure): string {
  if (stage === "route") return `network unreachable for ${placeOf(endpoint)}`;
  if (reason === "timeout") return "read timeout from socket";
  if (reason === "mismatch") return "read error reply from socket";
  const error = SOCKET_ERRORS[reason];
  return error === undefined ? "connection error" : `failed to read socket; ${error}`;
}

/** One failure among those that are counted, with `log_all_failures`. */
export function speakFailure(failure: CheckFailure, server: string, virtualServer: string): SpokenRecord {
  const { kind, reason } = failure;
  if (kind === "udp") {
    const what = reason === "mismatch" ? "UDP check to" : "UDP connection to";
    const text = `${what} ${server} ${reason === "mismatch" ? "reply data mismatch" : "failed"}.`;
    return info("check attempt failed", { check: kind, server, virtualServer, reason }, text);
  }
  if (kind === "dns") {
    const text = `DNS_CHECK (${server}) ${dnsFailure(failure)}`;
    return info("check attempt failed", { check: kind, server, virtualServer, reason }, text);
  }
  if (kind === "http" || kind === "ssl" || kind === "smtp") {
    const text =
      kind !== "smtp"
        ? `${httpFailure(failure, kind)} ${server}.`
        : `SMTP_CHECK ${smtpFailure(failure, failure.endpoint, withoutProtocol(server))}`;
    const { stage } = failure;
    return info("check attempt failed", { check: kind, server, virtualServer, reason, stage }, text);
  }
  const text = `${CHECK_WORDS[kind].passed} ${attemptWords(failure, server, virtualServer)}.`;
  return info("check attempt failed", { check: kind, server, virtualServer, reason }, text);
}

/** `[192.168.1.7]:25` of `[192.168.1.7]:tcp:25` */
function withoutProtocol(server: string): string {
  return server.replace(/\]:\w+:/, "]:");
}

/** Of TCP and ICMP, whose words keepalived varies. */
function attemptWords({ kind, reason }: CheckFailure, server: string, virtualServer: string): string {
  if (kind !== "ping") return `${server} ${reason === "timeout" ? "timeout" : "failed"}`;
  return reason === "timeout" ? `address ${server} timeout` : `${server} of ${virtualServer} failed`;
}

/** `HTTP status code success to [192.168.1.7]:tcp:80 url(/index.html)`, of a server that is not up yet. */
export function speakUrlPassed({ path, digest, regex }: HttpUrl, server: string, virtualServer: string): SpokenRecord {
  const what = regex !== null ? "Regex match" : digest !== null ? "MD5 digest" : "HTTP status code";
  return info("url passed", { server, virtualServer, path }, `${what} success to ${server} url(${path})`);
}

/** What becomes of a checker. `Deactivating`: it rests from the start. */
export type CheckerStep = "Activating" | "Deactivating" | "Suspending";

export function speakChecker(step: CheckerStep, server: string, virtualServer: string): SpokenRecord {
  const text = `${step} healthchecker for service ${server} for VS ${virtualServer}`;
  return info(step === "Activating" ? "checker activated" : "checker suspended", { server, virtualServer }, text);
}

/** Of an address that checkers wait for (`ha_suspend`). */
export function speakAddressNews(address: IpAddress, isHeld: boolean): SpokenRecord {
  const text = `Netlink reflector reports IP ${address} ${isHeld ? "added" : "removed"}`;
  return info("virtual address news", { address, isHeld }, text);
}

/** What the pool machine did; null for what keepalived does silently. */
export function speakPoolEffect(
  effect: PoolEffect,
  virtualServer: VirtualServer,
  names: LvsNames,
): SpokenRecord | null {
  switch (effect.kind) {
    case "server-up":
    case "server-down":
      return speakServer(effect, virtualServer, names);
    case "server-never-up":
    case "checker-up":
    case "checker-down":
      return null;
    case "weight-changed":
      return speakWeight(effect, names);
    case "quorum-gained":
    case "quorum-lost":
      return speakQuorum(effect, virtualServer, names);
    case "sorry-server-on":
    case "sorry-server-off":
      return speakSorryServer(effect.kind, virtualServer, names);
    case "alive-servers-on":
      return speakAliveServers("Adding alive servers to", names);
    case "alive-servers-off":
      return speakAliveServers("Removing alive servers from", names);
    case "panic-on":
    case "panic-off":
      return speakPanic(effect, names);
  }
}

function speakServer(
  effect: Extract<PoolEffect, { kind: "server-up" | "server-down" }>,
  virtualServer: VirtualServer,
  names: LvsNames,
): SpokenRecord {
  const server = names.realServer(effect.server) ?? "";
  const isUp = effect.kind === "server-up";
  const isInhibited = virtualServer.realServers[effect.server]?.isInhibitedOnFailure === true;
  const [verb, preposition] = isInhibited
    ? [isUp ? "Enabling" : "Disabling", "of"]
    : [isUp ? "Adding" : "Removing", isUp ? "to" : "from"];
  return info(
    isUp ? "real server up" : "real server down",
    { server, virtualServer: names.virtualServer, isInhibited },
    `${verb} service ${server} ${preposition} VS ${names.virtualServer}`,
  );
}

function speakWeight(effect: Extract<PoolEffect, { kind: "weight-changed" }>, names: LvsNames): SpokenRecord {
  const server = names.realServer(effect.server) ?? "";
  const { from, to, isAlive } = effect;
  const which = isAlive ? "active" : "inactive";
  return info(
    "weight changed",
    { server, virtualServer: names.virtualServer, from, to, isAlive },
    `Changing weight from ${from} to ${to} for ${which} service ${server} of VS ${names.virtualServer}`,
  );
}

function speakQuorum(
  effect: Extract<PoolEffect, { kind: "quorum-gained" | "quorum-lost" }>,
  { quorum, hysteresis }: VirtualServer,
  names: LvsNames,
): SpokenRecord {
  const { liveWeight } = effect;
  const fields = { virtualServer: names.virtualServer, quorum, hysteresis, liveWeight };
  if (effect.kind === "quorum-gained") {
    const sum = `${quorum}+${hysteresis}=${quorum + hysteresis} <= ${liveWeight}`;
    return info("quorum gained", fields, `Gained quorum ${sum} for VS ${names.virtualServer}`);
  }
  const difference = `${quorum}-${hysteresis}=${quorum - hysteresis} > ${liveWeight}`;
  const words = effect.isAtStart ? "Starting with quorum down" : "Lost quorum";
  return info("quorum lost", fields, `${words} ${difference} for VS ${names.virtualServer}`);
}

function speakSorryServer(
  kind: "sorry-server-on" | "sorry-server-off",
  virtualServer: VirtualServer,
  names: LvsNames,
): SpokenRecord {
  const isOn = kind === "sorry-server-on";
  const server = names.sorryServer ?? "";
  const [on, off] = virtualServer.isSorryServerInhibited ? ["Enabling", "Disabling"] : ["Adding", "Removing"];
  return info(
    isOn ? "sorry server on" : "sorry server off",
    { server, virtualServer: names.virtualServer },
    `${isOn ? on : off} sorry server ${server} ${isOn ? "to" : "from"} VS ${names.virtualServer}`,
  );
}

function speakAliveServers(words: string, { virtualServer }: LvsNames): SpokenRecord {
  return info("alive servers switched", { virtualServer }, `${words} the pool for VS ${virtualServer}`);
}

export function speakServerGone(server: string): SpokenRecord {
  return info("real server not configured any more", { server }, `service ${server} no longer exist`);
}

export function speakVirtualServerGone(virtualServer: string): SpokenRecord {
  return info("virtual server removed", { virtualServer }, `Removing Virtual Server ${virtualServer}`);
}

/** A server that leaves by reload or stop. @param isInhibited it was in the table with weight 0 */
export function speakRemoval(
  why: "reload" | "stop",
  isInhibited: boolean,
  server: string,
  virtualServer: string,
): SpokenRecord {
  const verb = why === "reload" ? "Removing" : "Shutting down";
  const text = `${verb} ${isInhibited ? "(inhibited) " : ""}service ${server} from VS ${virtualServer}`;
  return info("real server removed", { server, virtualServer, isInhibited }, text);
}

/** Not in keepalived, which takes every server in again. */
export function speakTakenOut({ address, port }: RealServer): SpokenRecord {
  const text = `service [${address}]:${port} was out of the pool before the restart and stays out until its checks pass`;
  return info("real server still out", { address, port }, text);
}

/** Not in keepalived. */
export function speakHoldBegan({
  problem,
  targets,
  pools,
}: {
  readonly problem: string;
  readonly targets: number;
  readonly pools: number;
}): SpokenRecord {
  const what = `${targets} checks of ${pools} virtual servers failed within one interval`;
  const text = `Correlated failure: ${what}, but ${problem}: the servers stay in their pools`;
  return { level: "error", message: "correlated failure, verdicts held", fields: { problem, targets, pools }, text };
}

/** Not in keepalived. @param targets still down */
export function speakHoldEnded(targets: number): SpokenRecord {
  const rest = targets === 0 ? "all servers answer" : `${targets} checks still fail, their servers leave now`;
  const text = `Correlated failure is over, the own network is in order: ${rest}`;
  return { level: "warning", message: "correlated failure over", fields: { targets }, text };
}

/** Not in keepalived. */
export function speakPanic(
  { kind, alive, total }: Extract<PoolEffect, { kind: "panic-on" | "panic-off" }>,
  { virtualServer }: LvsNames,
): SpokenRecord {
  const some = `${alive} of ${total} servers are up`;
  const isOn = kind === "panic-on";
  const text = isOn
    ? `Panic threshold of VS ${virtualServer}: only ${some}, so all of them serve`
    : `Panic threshold of VS ${virtualServer}: ${some}, only those serve again`;
  const message = isOn ? "panic threshold passed" : "panic threshold left";
  return { level: isOn ? "error" : "warning", message, fields: { virtualServer, alive, total }, text };
}

/** Not in keepalived. */
export function speakTlsWorkerFailed(reason: string): SpokenRecord {
  const text = `the worker of SSL_GET checks ended: ${reason}; it is started again`;
  return { level: "error", message: "TLS worker ended", fields: { reason }, text };
}

export function speakInitializing(isReload: boolean): SpokenRecord {
  return info("ipvs initializing", {}, isReload ? "Reinitializing ipvs" : "Initializing ipvs");
}
