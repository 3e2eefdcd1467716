import type { PoolEffect } from "../checker/pool.ts";
import type { ConfiguredRealServer, ConfiguredVirtualServer } from "../model/checks.ts";
import type { ScriptCommand } from "../model/command.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { VirtualServer } from "../model/lvs.ts";
import type { LvsNames } from "./lvs-names.ts";
import type { LvsPoolEvent } from "./lvs-types.ts";
import type { Mail } from "./notify-mail.ts";
import type { NotifyCall } from "./notify-scripts.ts";

/** Where news go; a `Notifier` is one. */
export interface LvsOutlets {
  run(owner: string, calls: readonly NotifyCall[]): void;
  writeLvs(line: string): void;
  mail(mail: Mail): void;
}

/** How a kind of check is named in mails; those of HTTP and SMTP are just checks, with a reason. */
const CHECK_NAMES: Readonly<Record<string, string>> = {
  tcp: "TCP CHECK",
  ping: "ICMP CHECK",
  udp: "UDP CHECK",
  dns: "DNS_CHECK:",
};

/** keepalived 2.2.7 says so whatever came instead of the answer, of SSL too. */
const HTTP_REASON = "HTTP request failed";

interface ServerNews {
  readonly index: number;
  readonly isUp: boolean;
  readonly cause: LvsPoolEvent["cause"];
}

function findServer(
  { realServers }: ConfiguredVirtualServer,
  names: LvsNames,
  index: number,
): { readonly server: ConfiguredRealServer; readonly name: string } | null {
  const server = realServers[index];
  const name = names.realServer(index);
  return server === undefined || name === undefined ? null : { server, name };
}

/** Tells scripts, FIFOs and mail what happens in the pools of real servers. */
export class LvsNotifier {
  readonly #outlets: LvsOutlets;
  #current: readonly ConfiguredVirtualServer[] = [];
  /** `no_checker_emails` */
  #mailsOnlyServerChanges = false;
  #servers: ReadonlyMap<VirtualServer, ConfiguredVirtualServer> = new Map();

  constructor(outlets: LvsOutlets) {
    this.#outlets = outlets;
  }

  /** Of a reload both configurations stay known: what goes is told by the old one. */
  configure(configuration: CompleteConfiguration): void {
    const known = [...this.#current, ...configuration.virtualServers];
    this.#current = configuration.virtualServers;
    this.#mailsOnlyServerChanges = configuration.global.mailsOnlyServerChanges;
    this.#servers = new Map(known.map((one) => [one, one]));
  }

  onPoolEvent({ virtualServer, names, effect, cause }: LvsPoolEvent): void {
    const configured = this.#servers.get(virtualServer);
    if (configured === undefined) return;
    switch (effect.kind) {
      case "server-up":
      case "server-down":
      case "server-never-up":
        this.#tellServer(configured, names, { index: effect.server, isUp: effect.kind === "server-up", cause });
        break;
      case "checker-up":
      case "checker-down":
        this.#tellChecker(configured, names, { index: effect.server, isUp: effect.kind === "checker-up", cause });
        break;
      case "quorum-gained":
      case "quorum-lost":
        this.#tellQuorum(configured, names, effect, cause);
        break;
      default:
        break;
    }
  }

  #tellServer(configured: ConfiguredVirtualServer, names: LvsNames, { index, isUp, cause }: ServerNews): void {
    const found = findServer(configured, names, index);
    if (found === null) return;
    const { server, name } = found;
    const { virtualServer } = names;
    this.#run(`RS ${name} ${virtualServer}`, isUp ? server.notifyUp : server.notifyDown);
    this.#outlets.writeLvs(lvsLine(`RS ${name} ${virtualServer}`, isUp));
    if (!server.sendsMail || cause === "start") return;
    this.#outlets.mail({ subject: subjectOf(name, virtualServer, isUp), body: serverBody(server, isUp, cause) });
  }

  /** keepalived: the subject says how the server is, which is down as long as another check fails. */
  #tellChecker(configured: ConfiguredVirtualServer, names: LvsNames, { index, isUp, cause }: ServerNews): void {
    const found = findServer(configured, names, index);
    if (found === null || !found.server.sendsMail || this.#mailsOnlyServerChanges) return;
    const { server, name } = found;
    this.#outlets.mail({ subject: subjectOf(name, names.virtualServer, false), body: serverBody(server, isUp, cause) });
  }

  #tellQuorum(
    { quorumUp, quorumDown, sendsMail, quorum, hysteresis }: ConfiguredVirtualServer,
    { virtualServer }: LvsNames,
    effect: Extract<PoolEffect, { kind: "quorum-gained" | "quorum-lost" }>,
    cause: LvsPoolEvent["cause"],
  ): void {
    const isUp = effect.kind === "quorum-gained";
    this.#run(`VS ${virtualServer}`, isUp ? quorumUp : quorumDown);
    this.#outlets.writeLvs(lvsLine(`VS ${virtualServer}`, isUp));
    if (!sendsMail) return;
    const isAtStart = isUp ? cause === "start" : effect.isAtStart;
    const what = isAtStart ? `Starting with quorum ${isUp ? "up" : "down"}` : `${isUp ? "Gained" : "Lost"} quorum`;
    // keepalived: the same sum and sign, whichever way it goes.
    const numbers = `${quorum}+${hysteresis}=${quorum + hysteresis} <= ${effect.liveWeight}`;
    const body = cause === "stop" ? "=> Shutting down <=" : `=> ${what} ${numbers} <=`;
    this.#outlets.mail({ subject: `Virtualserver ${virtualServer} - ${isUp ? "UP" : "DOWN"}`, body });
  }

  #run(owner: string, command: ScriptCommand | null): void {
    if (command !== null) this.#outlets.run(owner, [{ command, words: [] }]);
  }
}

function subjectOf(server: string, virtualServer: string, isUp: boolean): string {
  return `Realserver ${server} of virtual server ${virtualServer} - ${isUp ? "UP" : "DOWN"}`;
}

/** keepalived: the terminating NUL of its string is written too. */
function lvsLine(subject: string, isUp: boolean): string {
  return `${subject} ${isUp ? "UP" : "DOWN"}\n\0`;
}

function serverBody(server: ConfiguredRealServer, isUp: boolean, cause: LvsPoolEvent["cause"]): string {
  if (cause === "stop") return "=> Shutting down <=";
  if (typeof cause !== "string" && cause.check === "misc") {
    const outcome = isUp ? "succeeded" : cause.isTimedOut === true ? "timed out" : "failed";
    return `=> MISC CHECK ${outcome} on service <=`;
  }
  if (typeof cause !== "string" && cause.session !== undefined) {
    return `=> BFD CHECK ${cause.session} ${isUp ? "succeeded" : "failed"} on service <=`;
  }
  const kind = typeof cause === "string" ? (server.checkers[0]?.kind ?? "tcp") : cause.check;
  const name = CHECK_NAMES[kind];
  if (isUp || name !== undefined) return `=> ${name ?? "CHECK"} ${isUp ? "succeed" : "failed"} on service <=`;
  const reason = kind === "smtp" ? (typeof cause === "string" ? null : cause.failure) : HTTP_REASON;
  return `=> CHECK failed on service${reason == null ? "" : ` : ${reason}`} <=`;
}
