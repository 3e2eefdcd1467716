import type {
  ConfiguredRealServer,
  ConfiguredVirtualServer,
  GroupMember,
  TlsMaterial,
  VirtualServerGroup,
} from "../../model/checks.ts";
import { numberToIpv4 } from "../address.ts";
import { type Row, row } from "./rows.ts";
import { command, forwarding, optionalSeconds, seconds } from "./spelling.ts";

type Server = ConfiguredVirtualServer;
type Flag = Server["flags"][number];

function has({ flags }: Server, flag: Flag): boolean {
  return flags.includes(flag);
}

function protocolOf(key: Server["key"]): string | null {
  return key.kind === "fwmark" ? null : key.protocol;
}

function granularity({ persistenceGranularity }: Server): string | number {
  return persistenceGranularity > 128 ? numberToIpv4(persistenceGranularity) : persistenceGranularity;
}

function persistenceReason({ key, persistenceTimeoutSec }: Server): string | null {
  if (persistenceTimeoutSec === 0) return null;
  return key.kind === "address" && key.port === 0 ? "port 0 needs persistence" : "persistence_granularity is given";
}

export const VIRTUAL_SERVER_ROWS: readonly Row<Server>[] = [
  row("ip_family", ({ family, key }) => (key.kind === "address" ? null : family), {
    because: ({ family, key }) => (key.kind === "address" || family === null ? null : "its members have it"),
  }),
  row("protocol", ({ key }) => protocolOf(key)?.toUpperCase() ?? null, {
    because: ({ key }) => (protocolOf(key) === null ? "a firewall mark has no protocol" : null),
  }),
  row("lb_algo", ({ scheduler }) => scheduler, { aliases: "lvs_sched" }),
  row("lb_kind", ({ fwdMethod, tunnel }) => forwarding(fwdMethod, tunnel), { aliases: "lvs_method" }),
  row("hashed", ({ isHashed }) => isHashed),
  row("ops", (it) => has(it, "one-packet")),
  row("flag-1", (it) => has(it, "sched-1"), { aliases: "sh-fallback mh-fallback" }),
  row("flag-2", (it) => has(it, "sched-2"), { aliases: "sh-port mh-port" }),
  row("flag-3", (it) => has(it, "sched-3")),
  row("persistence_engine", ({ persistenceEngine }) => persistenceEngine),
  row("persistence_timeout", ({ persistenceTimeoutSec }) => persistenceTimeoutSec || null, {
    because: persistenceReason,
  }),
  row("persistence_granularity", (it) => (it.persistenceTimeoutSec === 0 ? null : granularity(it))),
  row("quorum", ({ quorum }) => quorum),
  row("hysteresis", ({ hysteresis }) => hysteresis),
  row("weight", ({ weight }) => weight),
  row("delay_loop", ({ delayLoopUs }) => seconds(delayLoopUs)),
  row("delay_loop_down", ({ given }) => optionalSeconds(given.downDelayLoopUs)),
  row("connect_timeout", ({ connectTimeoutUs }) => seconds(connectTimeoutUs)),
  row("retry", ({ given }) => given.retries),
  row("delay_before_retry", ({ given }) => optionalSeconds(given.delayBeforeRetryUs)),
  row("warmup", ({ given }) => optionalSeconds(given.warmupUs)),
  row("inhibit_on_failure", ({ isInhibitedOnFailure }) => isInhibitedOnFailure),
  row("alpha", ({ isAlpha }) => isAlpha),
  row("omega", ({ isOmega }) => isOmega),
  row("correlated_failure_guard", ({ isGuarded }) => isGuarded ?? false),
  row("panic_threshold", ({ panicThresholdPercent }) => panicThresholdPercent ?? 0),
  row("ha_suspend", ({ isSuspendedWithoutAddress }) => isSuspendedWithoutAddress),
  row("smtp_alert", ({ sendsMail }) => sendsMail, { global: "smtp_alert_checker smtp_alert" }),
  row("virtualhost", ({ virtualHost }) => virtualHost),
  row("snmp_name", ({ snmpName }) => snmpName),
  row("quorum_up", ({ quorumUp }) => command(quorumUp)),
  row("quorum_down", ({ quorumDown }) => command(quorumDown)),
  row("sorry_server", ({ sorryServer }) =>
    sorryServer === null
      ? null
      : [sorryServer.address, ...(sorryServer.port === 0 ? [] : [sorryServer.port])].join(" "),
  ),
  row("sorry_server_inhibit", ({ isSorryServerInhibited }) => isSorryServerInhibited),
  row("sorry_server_lvs_method", ({ sorryServer, sorryTunnel }) =>
    sorryServer === null ? null : forwarding(sorryServer.fwdMethod, sorryTunnel),
  ),
];

export const REAL_SERVER_ROWS: readonly Row<ConfiguredRealServer>[] = [
  row("weight", ({ weight }) => weight, { inherits: true }),
  row("lvs_method", ({ fwdMethod, tunnel }) => forwarding(fwdMethod, tunnel), { aliases: "lb_kind", inherits: true }),
  row("uthreshold", ({ upperThreshold }) => upperThreshold),
  row("lthreshold", ({ lowerThreshold }) => lowerThreshold),
  row("inhibit_on_failure", ({ isInhibitedOnFailure }) => isInhibitedOnFailure, { inherits: true }),
  row("alpha", ({ isAlpha }) => isAlpha, { inherits: true }),
  row("delay_loop", ({ delayLoopUs }) => seconds(delayLoopUs), { inherits: true }),
  row("delay_loop_down", ({ given }) => optionalSeconds(given.downDelayLoopUs), { inherits: true }),
  row("connect_timeout", ({ connectTimeoutUs }) => seconds(connectTimeoutUs), { inherits: true }),
  row("retry", ({ given }) => given.retries, { inherits: true }),
  row("delay_before_retry", ({ given }) => optionalSeconds(given.delayBeforeRetryUs), { inherits: true }),
  row("warmup", ({ given }) => optionalSeconds(given.warmupUs), { inherits: true }),
  row("smtp_alert", ({ sendsMail }) => sendsMail, { global: "smtp_alert_checker smtp_alert" }),
  row("virtualhost", ({ virtualHost }) => virtualHost, { inherits: true }),
  row("snmp_name", ({ snmpName }) => snmpName),
  row("notify_up", ({ notifyUp }) => command(notifyUp)),
  row("notify_down", ({ notifyDown }) => command(notifyDown)),
];

function memberLine(member: GroupMember): string {
  switch (member.kind) {
    case "address":
      return `${member.address} ${member.port}`;
    case "range":
      return `${member.from}-${member.to} ${member.port}`;
    case "fwmark":
      return `fwmark ${member.fwmark}${member.family === null ? "" : ` ${member.family}`}`;
  }
}

/** The lines of a group have no keyword. */
export function groupLines({ members }: VirtualServerGroup): readonly string[] {
  return members.map(memberLine);
}

export const TLS_ROWS: readonly Row<TlsMaterial>[] = [
  row("password", ({ password }) => password, { isSecret: true }),
  row("ca", ({ caFile }) => caFile),
  row("certificate", ({ certificateFile }) => certificateFile),
  row("key", ({ keyFile }) => keyFile),
];
