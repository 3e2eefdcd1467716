import type {
  ApplicationChecker,
  ConfiguredRealServer,
  ConfiguredVirtualServer,
  GroupMember,
  TunnelSettings,
} from "../model/checks.ts";
import type { Checker, CheckerTarget, FwdMethod, UdpExchange, VirtualServerKey } from "../model/lvs.ts";
import { enabled, onOff, quoted, sixDecimals, yesNo } from "./dump-text.ts";

// The lines of keepalived_check.data without their indentation: keepalived's keys, our model.

/** One entry of a `virtual_server_group`. */
export function memberLine(member: GroupMember): string {
  if (member.kind === "fwmark")
    return `FWMARK = ${member.fwmark}${member.family === null ? "" : member.family === "inet" ? " IPv4" : " IPv6"}`;
  if (member.kind === "address") return `VIP = ${member.address}, VPORT = ${member.port}`;
  return `VIP Range = ${member.from}-${member.to}, VPORT = ${member.port}`;
}

/** What names a virtual server. @param index among those of one group */
export function headingOf(key: VirtualServerKey, index: number): string {
  if (key.kind === "address") return `virtual_server VIP = ${key.address}, VPORT = ${key.port}`;
  return key.kind === "fwmark"
    ? `virtual_server FWMARK = ${key.fwmark}`
    : `virtual_server GROUP = [${key.group}]:${index}`;
}

/** `none` for firewall marks. */
export function protocolOf(key: VirtualServerKey): string {
  return (key.kind === "fwmark" ? null : key.protocol) ?? "none";
}

const METHODS: Readonly<Record<FwdMethod, string>> = { masq: "NAT", droute: "DR", tunnel: "TUN" };

function methodText(method: FwdMethod, tunnel: TunnelSettings | null): string {
  if (method !== "tunnel" || tunnel === null) return METHODS[method];
  const type = tunnel.type.toUpperCase();
  const checksum = { nocsum: "no checksum", csum: "checksum", remcsum: "remote checksum" }[tunnel.checksum];
  if (tunnel.type === "ipip") return "TUN, type = IPIP";
  return `TUN, type = ${type}${tunnel.type === "gue" ? `, port = ${tunnel.port}` : ""}, ${checksum}`;
}

function givenLines(given: ConfiguredVirtualServer["given"]): readonly string[] {
  return [
    ...(given.retries === null ? [] : [`Retry count = ${given.retries}`]),
    ...(given.delayBeforeRetryUs === null ? [] : [`Retry delay = ${sixDecimals(given.delayBeforeRetryUs)}`]),
    ...(given.warmupUs === null ? [] : [`Warmup = ${sixDecimals(given.warmupUs)}`]),
  ];
}

function flagLines(server: ConfiguredVirtualServer): readonly string[] {
  const has = (flag: "sched-1" | "sched-2" | "sched-3"): string => enabled(server.flags.includes(flag));
  const { scheduler } = server;
  if (scheduler === "sh" || scheduler === "mh") {
    return [`${scheduler}-port = ${has("sched-2")}`, `${scheduler}-fallback = ${has("sched-1")}`];
  }
  return [`flag-1 = ${has("sched-1")}`, `flag-2 = ${has("sched-2")}`, `flag-3 = ${has("sched-3")}`];
}

function granularityLines(server: ConfiguredVirtualServer): readonly string[] {
  const { persistenceGranularity: value, family } = server;
  if (value === 0xffffffff || server.persistenceTimeoutSec === 0) return [];
  if (family === "inet6") return server.hasOwnGranularity ? [`persistence granularity = ${value}`] : [];
  return [`persistence granularity = ${[24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".")}`];
}

/** What is configured of a virtual server. */
export function virtualServerLines(server: ConfiguredVirtualServer): readonly string[] {
  const sorry = server.sorryServer;
  return [
    ...(server.virtualHost === null ? [] : [`VirtualHost = ${server.virtualHost}`]),
    ...(server.snmpName === null ? [] : [`SNMP name = '${server.snmpName}'`]),
    `Address family = ${server.family ?? "inet"}`,
    `connection timeout = ${sixDecimals(server.connectTimeoutUs)}`,
    `delay_loop = ${sixDecimals(server.delayLoopUs)}`,
    `lvs_sched = ${server.scheduler}`,
    `Hashed = ${enabled(server.isHashed)}`,
    ...flagLines(server),
    `One packet scheduling = ${enabled(server.flags.includes("one-packet"))}`,
    ...(server.persistenceTimeoutSec === 0 ? [] : [`persistence timeout = ${server.persistenceTimeoutSec}`]),
    ...granularityLines(server),
    `protocol = ${protocolOf(server.key).toUpperCase().replace("NONE", "none")}`,
    `alpha is ${onOff(server.isAlpha)}`,
    `omega is ${onOff(server.isOmega)}`,
    ...givenLines(server.given),
    `Inhibit on failure is ${onOff(server.isInhibitedOnFailure)}`,
    `quorum = ${server.quorum}, hysteresis = ${server.hysteresis}`,
    ...commandLine("Quorum up notify script", server.quorumUp),
    ...commandLine("Quorum down notify script", server.quorumDown),
    ...(server.isSuspendedWithoutAddress ? ["Using HA suspend"] : []),
    `Using smtp notification = ${yesNo(server.sendsMail)}`,
    `${server.tunnel === null || server.tunnel.type === "ipip" ? "default " : ""}forwarding method = ${methodText(server.fwdMethod, server.tunnel)}`,
    ...(sorry === null
      ? []
      : [
          `sorry server = [${sorry.address}]:${protocolOf(server.key)}:${sorry.port}`,
          `forwarding method = ${methodText(sorry.fwdMethod, server.sorryTunnel)}`,
          `Inhibit on failure is ${onOff(server.isSorryServerInhibited)}`,
        ]),
  ];
}

function commandLine(label: string, command: { readonly argv: readonly string[] } | null): readonly string[] {
  return command === null ? [] : [`${label} = ${quoted(command.argv)}`];
}

/** What is configured of a real server. */
export function realServerLines(real: ConfiguredRealServer): readonly string[] {
  const files = real.applicationCheckers.flatMap(({ check }) => (check.kind === "file" ? [check] : []));
  const bfds = real.applicationCheckers.flatMap(({ check }) => (check.kind === "bfd" ? [check.bfdInstance] : []));
  return [
    `RIP = ${real.address}, RPORT = ${real.port}, WEIGHT = ${real.weight}`,
    `forwarding method = ${methodText(real.fwdMethod, real.tunnel)}`,
    `Alpha is ${onOff(real.isAlpha)}`,
    `connection timeout = ${sixDecimals(real.connectTimeoutUs)}`,
    `connection limit range = ${real.lowerThreshold} -> ${real.upperThreshold}`,
    `Delay loop = ${sixDecimals(real.delayLoopUs)}`,
    ...givenLines(real.given),
    `Inhibit on failure is ${onOff(real.isInhibitedOnFailure)}`,
    ...commandLine("RS up notify script", real.notifyUp),
    ...commandLine("RS down notify script", real.notifyDown),
    ...(real.virtualHost === null ? [] : [`VirtualHost = '${real.virtualHost}'`]),
    ...(real.snmpName === null ? [] : [`SNMP name = ${real.snmpName}`]),
    `Using smtp notification = ${yesNo(real.sendsMail)}`,
    `initial weight = ${real.weight}`,
    ...(files.length === 0 ? [] : ["Tracked Files"]),
    ...files.map((file) => `${file.trackFile}, weight ${file.weight}${file.isReversed ? " reverse" : ""}`),
    ...(bfds.length === 0 ? [] : ["Tracked BFDs", ...bfds.map((name) => `  ${name}`)]),
  ];
}

function timingLines(
  { timing }: Pick<Checker, "timing">,
  defaultDelayUs: number,
  logsAllFailures: boolean,
): readonly string[] {
  return [
    `Alpha = ${yesNo(timing.isAlpha)}`,
    `Delay loop = ${timing.delayLoopUs} us`,
    `Warmup = ${timing.warmupUs} us`,
    `Retries = ${timing.retries}`,
    `Delay before retry = ${timing.delayBeforeRetryUs} us`,
    `Default delay before retry = ${defaultDelayUs} us`,
    `Log all failures = ${yesNo(logsAllFailures)}`,
  ];
}

function connectionLines(target: CheckerTarget, timing: Checker["timing"]): readonly string[] {
  const bind = target.bindAddress;
  return [
    "Connection",
    `Dest = [${target.address}]:${target.port}`,
    ...(bind === null ? [] : [`Bind to = [${bind}]:${target.bindPort}`]),
    ...(target.bindInterface === null ? [] : [`Bind i/f = ${target.bindInterface}`]),
    ...(target.fwmark === 0 ? [] : [`Mark = ${target.fwmark}`]),
    `Timeout = ${sixDecimals(timing.connectTimeoutUs)}`,
  ];
}

function udpLines({ payload, requiresReply, reply, minReplyBytes, maxReplyBytes }: UdpExchange): readonly string[] {
  const wanted = [
    `Min reply length = ${minReplyBytes}`,
    `Max reply length = ${maxReplyBytes}`,
    `Reply data len = ${reply.length / 2}`,
  ];
  return [
    "Keepalive method = UDP_CHECK",
    `Payload specified = ${yesNo(payload !== "")}`,
    `Require reply = ${yesNo(requiresReply)}`,
    ...(requiresReply ? wanted : []),
  ];
}

/** A check of TCP, UDP or ICMP. @param port of the real server */
export function networkLines(checker: Checker, port: number): readonly string[] {
  const target = checker.kind === "ping" ? { ...checker.target, port } : checker.target;
  return [
    ...timingLines(checker, 1_000_000, checker.logsAllFailures === true),
    ...connectionLines(target, checker.timing),
    ...(checker.kind === "udp"
      ? udpLines(checker.exchange)
      : [`Keepalive method = ${checker.kind === "tcp" ? "TCP_CHECK" : "PING_CHECK"}`]),
  ];
}

/** What of its surroundings shows in a check. */
export interface CheckSurroundings {
  /** `virtualhost` of the real server. */
  readonly outerHost: string | null;
  /** How many urls have this pattern with these options. */
  readonly usesOf: (regex: Regex) => number;
}

/** Counts patterns as keepalived shares them: one for all urls with the same pattern and options. */
export function regexUsesIn(
  servers: readonly Pick<ConfiguredVirtualServer, "realServers">[],
): (regex: Regex) => number {
  const counts = new Map<string, number>();
  const keyOf = ({ pattern, options }: Regex): string => `${sortOptions(options)} ${pattern}`;
  for (const { check } of servers.flatMap(({ realServers }) =>
    realServers.flatMap((real) => real.applicationCheckers),
  )) {
    if (check.kind !== "http" && check.kind !== "ssl") continue;
    for (const { regex } of check.requests)
      if (regex !== null) counts.set(keyOf(regex), (counts.get(keyOf(regex)) ?? 0) + 1);
  }
  return (regex) => counts.get(keyOf(regex)) ?? 0;
}

/** Any other check. */
export function applicationLines(checker: ApplicationChecker, surroundings: CheckSurroundings): readonly string[] {
  const { check, timing } = checker;
  const delays: Readonly<Record<string, number>> = { http: 3_000_000, ssl: 3_000_000, dns: 0 };
  const common = timingLines(checker, delays[check.kind] ?? 1_000_000, checker.logsAllFailures);
  switch (check.kind) {
    case "misc":
      return [
        ...common.filter((line) => timing.retries > 0 || !line.startsWith("Delay before retry")),
        "Keepalive method = MISC_CHECK",
        `script = ${quoted(check.command.argv)}`,
        `timeout = ${check.timeoutUs / 1_000_000}`,
        `dynamic = ${check.setsWeight ? "YES" : "NO"}`,
      ];
    case "file":
      return ["Log all failures = no", "Keepalive method = FILE_CHECK", `Tracked file = ${check.trackFile}`];
    case "bfd":
      return [
        `Alpha = ${yesNo(timing.isAlpha)}`,
        "Default delay before retry = 1000000 us",
        "Log all failures = no",
        "Keepalive method = BFD_CHECK",
        `Name = ${check.bfdInstance}`,
        `Alpha is ${onOff(timing.isAlpha)}`,
      ];
    default:
      return [...common, ...connectionLines(check.target, timing), ...targetedLines(check, surroundings)];
  }
}

type TargetedCheck = Exclude<ApplicationChecker["check"], { readonly kind: "misc" | "file" | "bfd" }>;

function targetedLines(check: TargetedCheck, surroundings: CheckSurroundings): readonly string[] {
  switch (check.kind) {
    case "smtp":
      return ["Keepalive method = SMTP_CHECK", `helo = ${check.heloName}`];
    case "dns":
      return ["Keepalive method = DNS_CHECK", `Type = ${check.type}`, `Name = ${check.name}`];
    default:
      return httpLines(check, surroundings);
  }
}

function httpLines(
  check: Extract<TargetedCheck, { readonly kind: "http" | "ssl" }>,
  { outerHost, usesOf }: CheckSurroundings,
): readonly string[] {
  return [
    `Keepalive method = ${check.kind === "http" ? "HTTP_GET" : "SSL_GET"}, http protocol ${check.version.toUpperCase()}`,
    ...(check.virtualHost === null || check.virtualHost === outerHost ? [] : [`Virtual host = ${check.virtualHost}`]),
    `Enable SNI ${check.usesSni ? "set" : "unset"}`,
    `Fast recovery ${check.recoversFast === true ? "set" : "unset"}`,
    ...check.requests.flatMap((request) => {
      const codes = request.statusCodes.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`));
      const { regex } = request;
      return [
        `Checked url = ${request.path}`,
        ...(request.digest === null ? [] : [`digest = ${request.digest}`]),
        ...(codes.length === 0 ? ["HTTP Status Code(s)", "200-299"] : ["HTTP Status Code(s)", ...codes]),
        ...(request.virtualHost === null ? [] : [`Virtual host = ${request.virtualHost}`]),
        ...(regex === null ? [] : regexLines(regex, usesOf(regex))),
      ];
    }),
  ];
}

const OPTION_ORDER =
  "allow_empty_class alt_bsux auto_callout caseless dollar_endonly dotall dupnames extended firstline match_unset_backref multiline never_ucp never_utf no_auto_capture no_auto_possess no_dotstar_anchor no_start_optimize ucp ungreedy utf never_backslash_c alt_circumflex alt_verbnames use_offset_limit".split(
    " ",
  );

function sortOptions(options: readonly string[]): string {
  return OPTION_ORDER.filter((name) => options.includes(name)).join(" ");
}

export type Regex = NonNullable<Extract<TargetedCheck, { readonly kind: "http" | "ssl" }>["requests"][number]["regex"]>;

function regexLines(regex: Regex, uses: number): readonly string[] {
  const { minOffset, maxOffset } = regex;
  return [
    `Regex = "${regex.pattern}"`,
    ...(regex.isNegated ? ["Regex no match"] : []),
    ...(minOffset === 0 && maxOffset === null
      ? []
      : [`Regex min offset = ${minOffset}, max_offset = ${maxOffset ?? 0}`]),
    `Regex options:${regex.options.length === 0 ? "" : ` ${sortOptions(regex.options)}`}`,
    `Regex ref count = ${uses}`,
  ];
}
