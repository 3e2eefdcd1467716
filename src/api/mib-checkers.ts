import { overrideKey } from "../checker/override.ts";
import type { ConfiguredRealServer, ConfiguredVirtualServer, GroupMember, TunnelSettings } from "../model/checks.ts";
import type { RealServer, VirtualServer } from "../model/lvs.ts";
import type { IpvsTraffic } from "../native/contract.ts";
import type { LvsUsage, RealServerStatus, ServerUsage, VirtualServerStatus } from "../runtime/lvs-types.ts";
import { type Columns, joined, type MibNode, scalars, table } from "../snmp/mib.ts";
import { gauge, inetAddress, integer, octets, type SnmpValue, text, truth } from "../snmp/values.ts";
import { addressType, command, KEEPALIVED, type MibFacts, optional } from "./mib-facts.ts";
import { realServerTraffic, virtualServerTraffic } from "./mib-traffic.ts";

const CHECK = [...KEEPALIVED, 3];
const SECOND_US = 1_000_000;

const ALGORITHMS: Readonly<Record<string, number>> = {
  rr: 1,
  wrr: 2,
  lc: 3,
  wlc: 4,
  lblc: 5,
  lblcr: 6,
  dh: 7,
  sh: 8,
  sed: 9,
  nq: 10,
  fo: 11,
  ovf: 12,
  mh: 13,
  twos: 14,
};
const UNKNOWN_ALGORITHM = 99;
const METHODS = { masq: 1, droute: 2, tunnel: 3 };
export const PROTOCOLS = { tcp: 1, udp: 2, sctp: 3, none: 4 };
const TUNNELS = { ipip: 1, gue: 2, gre: 3 };
const CHECKSUMS = { nocsum: 1, csum: 2, remcsum: 3 };

export interface VirtualServerRow {
  readonly server: ConfiguredVirtualServer;
  readonly status: VirtualServerStatus | null;
  /** Of real servers. */
  readonly upCount: number;
  /** What the kernel has counted. */
  readonly traffic: IpvsTraffic | null;
}

function seconds(us: number): SnmpValue {
  return gauge(us / SECOND_US);
}

/** What tells a virtual server from others: also the first objects of its notifications, by column. */
export const KEY_COLUMNS: Columns<VirtualServerRow> = {
  2: ({ server: { key } }) => integer({ fwmark: 1, address: 2, group: 3 }[key.kind]),
  3: ({ server: { key } }) => (key.kind === "group" ? text(key.group) : null),
  4: ({ server: { key } }) => (key.kind === "fwmark" ? gauge(key.fwmark) : null),
  5: ({ server: { key, family } }) => addressType(key.kind === "group" ? (family ?? "inet") : key.family),
  6: ({ server: { key } }) => (key.kind === "address" ? inetAddress(key.address) : null),
  7: ({ server: { key } }) => (key.kind === "address" ? gauge(key.port) : null),
  // keepalived: a firewall mark has none.
  8: ({ server: { key } }) => (key.kind === "fwmark" ? null : integer(PROTOCOLS[key.protocol ?? "none"])),
};

export const COUNT_COLUMNS: Columns<VirtualServerRow> = {
  20: ({ server }) => gauge(server.realServers.length),
  21: ({ upCount }) => gauge(upCount),
  22: ({ server }) => gauge(server.quorum),
  23: ({ status }) => truth(status?.hasQuorum === true),
};

/** keepalived: flags of any scheduler, by number. */
function flag(name: VirtualServer["flags"][number]): (row: VirtualServerRow) => SnmpValue {
  return ({ server: { flags } }) => truth(flags.includes(name));
}

/** keepalived: an address has the one that fits it, others have both; a prefix length is in the machine's byte order. */
function maskOf({ key, family, persistenceGranularity }: ConfiguredVirtualServer): SnmpValue | null {
  if (key.kind === "address" && key.family === "inet6") return null;
  const mask = Buffer.alloc(4);
  if (family === "inet6") mask.writeUInt32LE(persistenceGranularity);
  else mask.writeUInt32BE(persistenceGranularity >>> 0);
  return octets(mask);
}

function prefixOf({ key, persistenceGranularity }: VirtualServer): SnmpValue | null {
  return key.kind === "address" && key.family === "inet" ? null : gauge(persistenceGranularity >>> 0);
}

function tunnelColumns<Row>(first: number, tunnelOf: (row: Row) => TunnelSettings | null): Columns<Row> {
  return {
    [first]: (row: Row) => optional(tunnelOf(row), ({ type }) => integer(TUNNELS[type])),
    [first + 1]: (row: Row) => optional(tunnelOf(row), ({ type, port }) => (type === "gue" ? gauge(port) : null)),
    [first + 2]: (row: Row) =>
      optional(tunnelOf(row), ({ type, checksum }) => (type === "ipip" ? null : integer(CHECKSUMS[checksum]))),
  };
}

const VIRTUAL_SERVER_COLUMNS: Columns<VirtualServerRow> = {
  ...KEY_COLUMNS,
  9: ({ server }) => integer(ALGORITHMS[server.scheduler] ?? UNKNOWN_ALGORITHM),
  10: ({ server }) => integer(METHODS[server.fwdMethod]),
  // It is in the table as long as the daemon runs.
  11: () => integer(1),
  12: ({ server }) => optional(server.virtualHost, text),
  13: ({ server }) => truth(server.persistenceTimeoutSec > 0),
  14: ({ server }) => (server.persistenceTimeoutSec > 0 ? gauge(server.persistenceTimeoutSec) : null),
  15: ({ server }) => maskOf(server),
  16: ({ server }) => seconds(server.delayLoopUs),
  17: ({ server }) => truth(server.isSuspendedWithoutAddress),
  18: ({ server }) => truth(server.isAlpha),
  19: ({ server }) => truth(server.isOmega),
  ...COUNT_COLUMNS,
  24: ({ server }) => command(server.quorumUp),
  25: ({ server }) => command(server.quorumDown),
  26: ({ server }) => gauge(server.hysteresis),
  ...virtualServerTraffic<VirtualServerRow>(({ traffic }) => traffic),
  37: ({ server }) => truth(server.flags.includes("one-packet")),
  51: ({ server }) => prefixOf(server),
  52: ({ server }) => truth(server.isHashed),
  53: flag("sched-1"),
  54: flag("sched-2"),
  55: flag("sched-3"),
  56: ({ server }) => integer(server.isInhibitedOnFailure ? 2 : 1),
  57: ({ server }) => gauge(server.given.retries ?? 0),
  58: ({ server }) => seconds(server.given.delayBeforeRetryUs ?? 0),
  59: ({ server }) => seconds(server.given.warmupUs ?? 0),
  60: ({ server }) => integer(server.weight),
  61: ({ server }) => truth(server.sendsMail),
  62: flag("sched-1"),
  63: flag("sched-2"),
  64: ({ server }) => gauge(server.delayLoopUs),
  65: ({ server }) => gauge(server.given.delayBeforeRetryUs ?? 0),
  66: ({ server }) => gauge(server.given.warmupUs ?? 0),
  67: ({ server }) => gauge(server.connectTimeoutUs),
  ...tunnelColumns<VirtualServerRow>(68, ({ server }) => server.tunnel),
  71: ({ server }) => optional(server.snmpName, text),
};

interface RealServerRow {
  readonly server: RealServer;
  /** Null: a sorry server, which has only an address, a method and a weight. */
  readonly regular: ConfiguredRealServer | null;
  readonly status: RealServerStatus | null;
  readonly usage: ServerUsage | null;
  readonly tunnel: TunnelSettings | null;
}

function failedChecks({ status }: RealServerRow): number {
  return status?.checkers.filter(({ verdict }) => verdict === "down").length ?? 0;
}

function given({ regular }: RealServerRow): ConfiguredRealServer["given"] {
  return regular?.given ?? { retries: null, delayBeforeRetryUs: null, warmupUs: null, downDelayLoopUs: null };
}

const REAL_SERVER_COLUMNS: Columns<RealServerRow> = {
  2: ({ regular }) => integer(regular === null ? 2 : 1),
  3: ({ server }) => addressType(server.family),
  4: ({ server }) => inetAddress(server.address),
  5: ({ server }) => gauge(server.port),
  6: ({ regular, status }) => (regular === null ? null : truth(status?.isAlive === true)),
  7: ({ regular, status }) => optional(regular, ({ weight }) => integer(status?.weight ?? weight)),
  8: ({ server }) => (server.upperThreshold === 0 ? null : gauge(server.upperThreshold)),
  9: ({ server }) => (server.lowerThreshold === 0 ? null : gauge(server.lowerThreshold)),
  10: ({ regular }) => optional(regular, ({ isInhibitedOnFailure }) => integer(isInhibitedOnFailure ? 2 : 1)),
  11: ({ regular }) => command(regular?.notifyUp ?? null),
  12: ({ regular }) => command(regular?.notifyDown ?? null),
  13: (row) => (row.regular === null ? null : gauge(failedChecks(row))),
  ...realServerTraffic<RealServerRow>(({ usage }) => usage),
  40: ({ server }) => integer(METHODS[server.fwdMethod]),
  41: ({ regular }) => optional(regular?.ownVirtualHost ?? null, text),
  42: ({ regular }) => truth(regular?.isAlpha === true),
  43: (row) => gauge(given(row).retries ?? 0),
  44: (row) => seconds(given(row).delayBeforeRetryUs ?? 0),
  45: (row) => seconds(given(row).warmupUs ?? 0),
  46: ({ regular }) => seconds(regular?.delayLoopUs ?? 0),
  47: ({ regular }) => truth(regular?.sendsMail === true),
  48: (row) => gauge(given(row).delayBeforeRetryUs ?? 0),
  49: (row) => gauge(given(row).warmupUs ?? 0),
  50: ({ regular }) => gauge(regular?.delayLoopUs ?? 0),
  51: ({ regular }) => gauge(regular?.connectTimeoutUs ?? 0),
  ...tunnelColumns<RealServerRow>(52, ({ tunnel }) => tunnel),
  55: ({ regular }) => optional(regular?.snmpName ?? null, text),
};

/** The sorry server comes before the others. */
function realServerRows({ server, status }: VirtualServerRow, all: LvsUsage | null): readonly RealServerRow[] {
  const { sorryServer, sorryTunnel } = server;
  const virtualServer = status?.name ?? "";
  const sorryUsage = all?.sorryServers.get(virtualServer) ?? null;
  const sorry = { regular: null, status: null, tunnel: sorryTunnel, usage: sorryUsage };
  return [
    ...(sorryServer === null ? [] : [{ ...sorry, server: sorryServer }]),
    ...server.realServers.map((regular, at) => {
      const own = status?.realServers[at] ?? null;
      const usage = own === null ? null : all?.realServers.get(overrideKey({ virtualServer, realServer: own.name }));
      return { server: regular, regular, status: own, tunnel: regular.tunnel, usage: usage ?? null };
    }),
  ];
}

const MEMBER_COLUMNS: Columns<GroupMember> = {
  2: ({ kind }) => integer({ fwmark: 1, address: 2, range: 3 }[kind]),
  3: (member) => (member.kind === "fwmark" ? gauge(member.fwmark) : null),
  4: (member) => (member.kind === "fwmark" ? null : addressType(member.family)),
  5: (member) => (member.kind === "address" ? inetAddress(member.address) : null),
  6: (member) => (member.kind === "range" ? inetAddress(member.from) : null),
  7: (member) => (member.kind === "range" ? inetAddress(member.to) : null),
  8: (member) => (member.kind === "fwmark" ? null : gauge(member.port)),
};

/** keepalived: firewall marks come first. */
function inOrder(members: readonly GroupMember[]): readonly GroupMember[] {
  const isMark = ({ kind }: GroupMember): boolean => kind === "fwmark";
  return [...members.filter(isMark), ...members.filter((member) => !isMark(member))];
}

function groupTables({ snapshot }: MibFacts): readonly MibNode[] {
  const { virtualServerGroups } = snapshot.configuration;
  return [
    table(
      [...CHECK, 1, 1],
      { 2: (name: string) => text(name) },
      virtualServerGroups.map(({ name }, at) => ({ index: [at + 1], row: name })),
    ),
    table(
      [...CHECK, 2, 1],
      MEMBER_COLUMNS,
      virtualServerGroups.flatMap(({ members }, at) =>
        inOrder(members).map((row, number) => ({ index: [at + 1, number + 1], row })),
      ),
    ),
  ];
}

function settings({ snapshot }: MibFacts): readonly MibNode[] {
  const { lvsSyncDaemon: daemon, lvsTimeoutsSec } = snapshot.configuration.global;
  const unlessZero = (value: number): SnmpValue | null => (value === 0 ? null : integer(value));
  return [
    scalars([...CHECK, 6], {
      1: () => truth(daemon !== null),
      2: () => optional(daemon, ({ interfaceName }) => text(interfaceName)),
      3: () => optional(daemon?.instance ?? null, text),
      4: () => optional(daemon?.syncId ?? null, integer),
      5: () => optional(daemon?.maxLengthBytes ?? null, integer),
      6: () => optional(daemon?.port ?? null, integer),
      7: () => optional(daemon?.ttl ?? null, integer),
      8: () => optional(daemon?.group ?? null, (group) => integer(group.includes(":") ? 2 : 1)),
      9: () => optional(daemon?.group ?? null, inetAddress),
    }),
    scalars([...CHECK, 7], {
      1: () => unlessZero(lvsTimeoutsSec.tcp),
      2: () => unlessZero(lvsTimeoutsSec.tcpFin),
      3: () => unlessZero(lvsTimeoutsSec.udp),
    }),
  ];
}

/** Virtual servers with how they fare, in the order of the configuration. */
export function virtualServerRows({
  snapshot: { configuration, lvs },
  usage,
}: Pick<MibFacts, "snapshot" | "usage">): readonly VirtualServerRow[] {
  return configuration.virtualServers.map((server, at) => {
    const status = lvs?.virtualServers[at] ?? null;
    const upCount = status?.realServers.filter(({ isAlive }) => isAlive).length ?? 0;
    return { server, status, upCount, traffic: usage?.virtualServers.get(status?.name ?? "") ?? null };
  });
}

/** The checker part of KEEPALIVED-MIB. */
export function checkerTables(facts: MibFacts): MibNode {
  const rows = virtualServerRows(facts);
  return joined([
    ...groupTables(facts),
    table(
      [...CHECK, 3, 1],
      VIRTUAL_SERVER_COLUMNS,
      rows.map((row, at) => ({ index: [at + 1], row })),
    ),
    table(
      [...CHECK, 4, 1],
      REAL_SERVER_COLUMNS,
      rows.flatMap((row, at) =>
        realServerRows(row, facts.usage).map((server, number) => ({ index: [at + 1, number + 1], row: server })),
      ),
    ),
    ...settings(facts),
  ]);
}
