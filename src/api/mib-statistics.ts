import { overrideKey } from "../checker/override.ts";
import type { IpvsTraffic } from "../native/contract.ts";
import type { LvsUsage, ServerUsage } from "../runtime/lvs-types.ts";
import type { Columns } from "../snmp/mib.ts";
import { counter32, counter64, gauge, type SnmpValue } from "../snmp/values.ts";

/** The kernel's counts, each half as fresh as its update interval asks for. */
export interface KernelCounts {
  readonly virtualServers: LvsUsage["virtualServers"];
  readonly realServers: LvsUsage["realServers"];
}

const WRAPS_AT = 2 ** 32;

const total = (count: number): SnmpValue => counter32(count % WRAPS_AT);
const many = (count: number): SnmpValue => gauge(Math.min(count, WRAPS_AT - 1));

/**
 * Packets and octets in the order in which both tables have them, then connections and packets in 64 bits. Rates are not
 * served: the kernel's estimators are not read.
 */
function trafficColumns<Row>(
  first: { readonly narrow: number; readonly wide: number },
  trafficOf: (row: Row) => IpvsTraffic | null,
): Columns<Row> {
  const column =
    (make: (traffic: IpvsTraffic) => SnmpValue) =>
    (row: Row): SnmpValue | null => {
      const traffic = trafficOf(row);
      return traffic === null ? null : make(traffic);
    };
  return {
    [first.narrow]: column(({ inPackets }) => total(inPackets)),
    [first.narrow + 1]: column(({ outPackets }) => total(outPackets)),
    [first.narrow + 2]: column(({ inBytes }) => counter64(inBytes)),
    [first.narrow + 3]: column(({ outBytes }) => counter64(outBytes)),
    [first.wide]: column(({ connections }) => counter64(connections)),
    [first.wide + 1]: column(({ inPackets }) => counter64(inPackets)),
    [first.wide + 2]: column(({ outPackets }) => counter64(outPackets)),
  };
}

/** Columns 27 to 31 and 38 to 40 of virtualServerTable. @param nameOf as the daemon's log has it; null: it has no counts */
export function virtualServerCounts<Row>(
  counts: KernelCounts | null,
  nameOf: (row: Row) => string | null,
): Columns<Row> {
  const trafficOf = (row: Row): IpvsTraffic | null => counts?.virtualServers.get(nameOf(row) ?? "") ?? null;
  return {
    27: (row) => {
      const traffic = trafficOf(row);
      return traffic === null ? null : many(traffic.connections);
    },
    ...trafficColumns({ narrow: 28, wide: 38 }, trafficOf),
  };
}

/** Columns 14 to 21 and 27 to 29 of realServerTable. @param namesOf null: it has no counts */
export function realServerCounts<Row>(
  counts: KernelCounts | null,
  namesOf: (row: Row) => Parameters<typeof overrideKey>[0] | null,
): Columns<Row> {
  const usageOf = (row: Row): ServerUsage | null => {
    const names = namesOf(row);
    return names === null ? null : (counts?.realServers.get(overrideKey(names)) ?? null);
  };
  const gaugeOf =
    (of: (usage: ServerUsage) => number) =>
    (row: Row): SnmpValue | null => {
      const usage = usageOf(row);
      return usage === null ? null : many(of(usage));
    };
  return {
    14: gaugeOf(({ traffic }) => traffic.connections),
    15: gaugeOf(({ activeConnections }) => activeConnections),
    16: gaugeOf(({ inactiveConnections }) => inactiveConnections),
    17: gaugeOf(({ persistentConnections }) => persistentConnections),
    ...trafficColumns({ narrow: 18, wide: 27 }, (row: Row) => usageOf(row)?.traffic ?? null),
  };
}
