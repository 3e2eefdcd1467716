import type { IpvsTraffic } from "../native/contract.ts";
import type { ServerUsage } from "../runtime/lvs-types.ts";
import type { Columns } from "../snmp/mib.ts";
import { counter32, counter64, gauge } from "../snmp/values.ts";

const WORD = 2 ** 32;

/** Where each kind of number has its columns: the first of several that follow each other. */
interface FirstColumns {
  readonly connections: number;
  readonly packets: number;
  readonly bytes: number;
  readonly rates: number;
  readonly longCounters: number;
  readonly longRates: number;
}

/**
 * What the kernel has counted: 32 and 64 bits of each number, and of rates both halves.
 * @param trafficOf null: the kernel does not have it, and keepalived shows zeros then
 */
function trafficColumns<Row>(first: FirstColumns, trafficOf: (row: Row) => IpvsTraffic | null): Columns<Row> {
  const read = (name: keyof IpvsTraffic) => (row: Row) => trafficOf(row)?.[name] ?? 0;
  const counters = [read("connections"), read("inPackets"), read("outPackets")];
  const rates = (["connections", "inPackets", "outPackets", "inBytes", "outBytes"] as const).map((name) =>
    read(`${name}PerSec`),
  );
  const [connections, ...packets] = counters;
  const bytes = [read("inBytes"), read("outBytes")];
  return {
    [first.connections]: (row: Row) => gauge(connections?.(row) ?? 0),
    ...Object.fromEntries([
      ...packets.map((of, at) => [first.packets + at, (row: Row) => counter32(of(row))]),
      ...bytes.map((of, at) => [first.bytes + at, (row: Row) => counter64(of(row))]),
      ...rates.map((of, at) => [first.rates + at, (row: Row) => gauge(of(row))]),
      ...counters.map((of, at) => [first.longCounters + at, (row: Row) => counter64(of(row))]),
      ...rates.flatMap((of, at) => [
        [first.longRates + 2 * at, (row: Row) => gauge(of(row) % WORD)],
        [first.longRates + 2 * at + 1, (row: Row) => gauge(of(row) / WORD)],
      ]),
    ]),
  };
}

/** virtualServerStats*, virtualServerRate* */
export function virtualServerTraffic<Row>(trafficOf: (row: Row) => IpvsTraffic | null): Columns<Row> {
  const first = { connections: 27, packets: 28, bytes: 30, rates: 32, longCounters: 38, longRates: 41 };
  return trafficColumns(first, trafficOf);
}

/** realServerStats*, realServerRate* */
export function realServerTraffic<Row>(usageOf: (row: Row) => ServerUsage | null): Columns<Row> {
  const first = { connections: 14, packets: 18, bytes: 20, rates: 22, longCounters: 27, longRates: 30 };
  return {
    ...trafficColumns<Row>(first, (row) => usageOf(row)?.traffic ?? null),
    15: (row: Row) => gauge(usageOf(row)?.activeConnections ?? 0),
    16: (row: Row) => gauge(usageOf(row)?.inactiveConnections ?? 0),
    17: (row: Row) => gauge(usageOf(row)?.persistentConnections ?? 0),
  };
}
