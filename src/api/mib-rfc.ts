import type { AdvertDropReason } from "../native/contract.ts";
import { parseAddress } from "../snmp/address-octets.ts";
import { type Columns, joined, type MibNode, scalars, table } from "../snmp/mib.ts";
import type { Oid } from "../snmp/oid.ts";
import {
  counter32,
  counter64,
  gauge,
  inetAddress,
  integer,
  ipAddress,
  octets,
  type SnmpValue,
  ticks,
  truth,
} from "../snmp/values.ts";
import type { TransitionCause } from "../vrrp/cause.ts";
import {
  type InstanceRow,
  instanceRows,
  type LinkFacts,
  type MibFacts,
  preempts,
  VRRP_MIB,
  VRRPV3_MIB,
} from "./mib-facts.ts";

const CENTISECOND_US = 10_000;
const SECOND_US = 1_000_000;
const ROW_ACTIVE = 1;

/** An instance whose interface is there: these tables are indexed by it. */
export interface RouterRow extends InstanceRow {
  readonly link: LinkFacts;
  readonly nowUs: number;
  /** Null: it is in its initial state, or in a fault. */
  readonly upSinceUs: number | null;
  /** vrrpv3StatisticsProtoErrReason */
  readonly protocolError: number;
}

function routerRows(facts: MibFacts): readonly RouterRow[] {
  return instanceRows(facts).flatMap((row) => {
    const { name, interfaceName } = row.instance;
    const link = facts.links.get(interfaceName);
    const own = { upSinceUs: facts.upSinceUs.get(name) ?? null, protocolError: facts.protocolErrors.get(name) ?? 0 };
    return link === undefined ? [] : [{ ...row, link, nowUs: facts.nowUs, ...own }];
  });
}

export function v3Index({ instance, link }: Pick<RouterRow, "instance" | "link">): Oid {
  return [link.ifindex, instance.vrid, instance.family === "inet" ? 1 : 2];
}

export function v2Index({ instance, link }: Pick<RouterRow, "instance" | "link">): Oid {
  return [link.ifindex, instance.vrid];
}

function unspecified({ instance }: RouterRow): string {
  return instance.family === "inet" ? "0.0.0.0" : "::";
}

function primaryAddress(row: RouterRow): string {
  return row.live?.sourceAddress ?? row.instance.sourceAddress ?? unspecified(row);
}

/** The active router's own address. */
export function masterAddress(row: RouterRow): string {
  if (row.live?.state === "active") return primaryAddress(row);
  return row.live?.state === "backup" ? (row.live.activeRouter?.address ?? unspecified(row)) : unspecified(row);
}

/** keepalived: without a VMAC the address of the interface is the one in use. */
function macAddress({ instance, link }: RouterRow): SnmpValue | null {
  const virtual = `00:00:5e:00:0${instance.family === "inet" ? 1 : 2}:${instance.vrid.toString(16).padStart(2, "0")}`;
  const mac = instance.vmac === null ? link.mac : (instance.vmac.macAddress ?? virtual);
  return mac === null ? null : octets(Buffer.from(mac.replaceAll(":", ""), "hex"));
}

/** initialize(1), backup(2), master(3) */
function operStatus({ live }: RouterRow): SnmpValue {
  return integer(live?.state === "active" ? 3 : live?.state === "backup" ? 2 : 1);
}

function upTime({ live, nowUs, upSinceUs }: RouterRow): SnmpValue {
  const isUp = live?.state === "active" || live?.state === "backup";
  return ticks(isUp && upSinceUs !== null ? Math.max(nowUs - upSinceUs, 0) / CENTISECOND_US : 0);
}

const OPERATIONS: Columns<RouterRow> = {
  3: (row) => inetAddress(masterAddress(row)),
  4: (row) => inetAddress(primaryAddress(row)),
  5: macAddress,
  6: operStatus,
  7: ({ basePriority }) => gauge(basePriority),
  8: ({ instance }) => integer(instance.virtualAddresses.length),
  9: ({ instance }) => integer(Math.trunc(instance.advertisementIntervalUs / CENTISECOND_US)),
  10: (row) => truth(preempts(row)),
  11: ({ instance }) => truth(instance.acceptMode),
  12: upTime,
  13: () => integer(ROW_ACTIVE),
};

/** Adverts that were dropped for these reasons. */
function dropped({ live }: Pick<InstanceRow, "live">, ...reasons: readonly AdvertDropReason[]): number {
  return reasons.reduce((sum, reason) => sum + (live?.counters?.dropped[reason] ?? 0), 0);
}

function droppedByAll(rows: readonly InstanceRow[], reason: AdvertDropReason): number {
  return rows.reduce((sum, row) => sum + dropped(row, reason), 0);
}

/** vrrpv3StatisticsNewMasterReason */
const NEW_MASTER_REASONS = { notMaster: 0, priority: 1, preempted: 2, masterNoResponse: 3 } as const;

/** @param cause null: it never was master @see RFC 6527 */
export function newMasterReason(cause: TransitionCause | null): SnmpValue {
  switch (cause) {
    case null:
      return integer(NEW_MASTER_REASONS.notMaster);
    // keepalived: the other router said priority 0.
    case "good-bye":
      return integer(NEW_MASTER_REASONS.priority);
    // keepalived: an owner of its addresses, which does not wait, preempts as well.
    case "startup":
    case "preemption":
      return integer(NEW_MASTER_REASONS.preempted);
    default:
      return integer(NEW_MASTER_REASONS.masterNoResponse);
  }
}

const V3_STATISTICS: Columns<RouterRow> = {
  1: ({ live }) => counter32(live?.becameActive ?? 0),
  2: ({ live }) => newMasterReason(live?.activeCause ?? null),
  3: ({ live }) => counter64(live?.counters?.advertsReceived ?? 0),
  4: (row) => counter64(dropped(row, "interval", "interval-noted")),
  5: (row) => counter64(dropped(row, "ttl", "unicast-ttl")),
  6: ({ protocolError }) => integer(protocolError),
  7: ({ live }) => counter64(live?.counters?.priorityZeroReceived ?? 0),
  8: ({ live }) => counter64(live?.counters?.priorityZeroSent ?? 0),
  9: (row) => counter64(dropped(row, "type")),
  10: (row) => counter64(dropped(row, "address-count", "address-list")),
  11: (row) => counter64(dropped(row, "too-short", "wrong-length")),
  12: () => ticks(0),
  13: ({ instance }) => gauge(instance.advertisementIntervalUs / 1000),
};

interface AssociatedRow {
  readonly index: Oid;
  readonly row: null;
}

/** One row for each address that is advertised. */
function associated(rows: readonly RouterRow[], indexOf: (row: RouterRow) => Oid): readonly AssociatedRow[] {
  return rows.flatMap((row) =>
    row.instance.virtualAddresses.map(({ address }) => ({
      index: [...indexOf(row), ...(parseAddress(address) ?? [])],
      row: null,
    })),
  );
}

/** @see RFC 6527; keepalived serves routers of version 2 too */
export function v3Tables(facts: MibFacts): MibNode {
  const rows = routerRows(facts);
  const indexed = rows.map((row) => ({ index: v3Index(row), row }));
  return joined([
    table([...VRRPV3_MIB, 1, 1, 1, 1], OPERATIONS, indexed),
    table([...VRRPV3_MIB, 1, 1, 2, 1], { 2: () => integer(ROW_ACTIVE) }, associated(rows, v3Index)),
    scalars([...VRRPV3_MIB, 1, 2], {
      1: () => counter64(droppedByAll(rows, "checksum")),
      2: () => counter64(droppedByAll(rows, "version")),
      3: () => counter64(facts.snapshot.vrrpHealth?.unknownVrids ?? 0),
      4: () => ticks(0),
    }),
    table([...VRRPV3_MIB, 1, 2, 5, 1], V3_STATISTICS, indexed),
  ]);
}

const V2_OPERATIONS: Columns<RouterRow> = {
  2: macAddress,
  3: operStatus,
  4: () => integer(1),
  5: ({ basePriority }) => integer(basePriority),
  6: ({ instance }) => integer(instance.virtualAddresses.length),
  7: (row) => ipAddress(masterAddress(row)),
  8: (row) => ipAddress(primaryAddress(row)),
  9: ({ instance }) => integer({ none: 1, pass: 2, ah: 3, hmac: 1 }[instance.authentication.kind]),
  11: ({ instance }) => integer(Math.trunc(instance.advertisementIntervalUs / SECOND_US)),
  12: (row) => truth(preempts(row)),
  13: upTime,
  14: () => integer(1),
  15: () => integer(ROW_ACTIVE),
};

const V2_STATISTICS: Columns<RouterRow> = {
  1: ({ live }) => counter32(live?.becameActive ?? 0),
  2: ({ live }) => counter32(live?.counters?.advertsReceived ?? 0),
  3: (row) => counter32(dropped(row, "interval", "interval-noted")),
  4: (row) => counter32(dropped(row, "password")),
  5: (row) => counter32(dropped(row, "ttl", "unicast-ttl")),
  6: ({ live }) => counter32(live?.counters?.priorityZeroReceived ?? 0),
  7: ({ live }) => counter32(live?.counters?.priorityZeroSent ?? 0),
  8: (row) => counter32(dropped(row, "type")),
  9: (row) => counter32(dropped(row, "address-count", "address-list")),
  10: (row) => counter32(dropped(row, "authentication-type")),
  11: (row) => counter32(dropped(row, "authentication-mismatch")),
  12: (row) => counter32(dropped(row, "too-short", "wrong-length")),
};

/** @see RFC 2787: version 2 and IPv4 only */
export function v2Tables(facts: MibFacts): MibNode {
  const rows = routerRows(facts).filter(({ instance }) => instance.version === 2 && instance.family === "inet");
  const indexed = rows.map((row) => ({ index: v2Index(row), row }));
  return joined([
    scalars([...VRRP_MIB, 1], {
      1: () => integer(2),
      2: () => truth(facts.snapshot.configuration.global.snmp.sendsTraps),
    }),
    table([...VRRP_MIB, 1, 3, 1], V2_OPERATIONS, indexed),
    table([...VRRP_MIB, 1, 4, 1], { 2: () => integer(ROW_ACTIVE) }, associated(rows, v2Index)),
    scalars([...VRRP_MIB, 2], {
      1: () => counter32(droppedByAll(rows, "checksum")),
      2: () => counter32(droppedByAll(rows, "version")),
      3: () => counter32(facts.snapshot.vrrpHealth?.unknownVrids ?? 0),
    }),
    table([...VRRP_MIB, 2, 4, 1], V2_STATISTICS, indexed),
  ]);
}
