import fc from "fast-check";
import { serviceId } from "../../../src/ipvs/keys.ts";
import { KERNEL_SCHEDULERS } from "../../../src/ipvs/memory-table.ts";
import { indexDump, type Table } from "../../../src/ipvs/table.ts";
import type { IpvsDestinationEntry, IpvsService, IpvsServiceEntry } from "../../../src/native/contract.ts";

const protocol = fc.constantFrom("tcp" as const, "udp" as const, "sctp" as const);
const port = fc.integer({ min: 1, max: 3 });
const flags = fc.subarray(["one-packet", "sched-1", "sched-2", "sched-3"] as const);

const identity = fc.oneof(
  fc.record({
    family: fc.constant("inet" as const),
    fwmark: fc.constant(0),
    protocol,
    address: fc.constantFrom("192.0.2.1", "192.0.2.2"),
    port,
  }),
  fc.record({
    family: fc.constant("inet6" as const),
    fwmark: fc.constant(0),
    protocol,
    address: fc.constantFrom("2001:db8::1", "2001:db8::2"),
    port,
  }),
  fc.record({
    family: fc.constantFrom("inet" as const, "inet6" as const),
    fwmark: fc.integer({ min: 1, max: 3 }),
    protocol: fc.constant(null),
    address: fc.constant(null),
    port: fc.constant(0),
  }),
);

const settings = fc.record({
  scheduler: fc.constantFrom(...KERNEL_SCHEDULERS),
  persistenceTimeoutSec: fc.constantFrom(0, 50, 360),
  persistenceGranularity: fc.constantFrom(32, 64, 128),
  persistenceEngine: fc.constantFrom(null, "sip"),
  flags,
});

const service: fc.Arbitrary<IpvsService> = fc.tuple(identity, settings).map(([key, rest]) => ({ ...key, ...rest }));

function destinations(family: "inet" | "inet6"): fc.Arbitrary<IpvsDestinationEntry[]> {
  const prefix = family === "inet" ? "10.0.0." : "2001:db8:a::";
  const destination = fc.record({
    family: fc.constant(family),
    address: fc.integer({ min: 1, max: 4 }).map((host) => `${prefix}${host}`),
    port,
    fwdMethod: fc.constantFrom("masq" as const, "droute" as const, "tunnel" as const),
    weight: fc.integer({ min: 0, max: 3 }),
    upperThreshold: fc.integer({ min: 5, max: 7 }),
    lowerThreshold: fc.integer({ min: 0, max: 3 }),
    tunnelType: fc.constantFrom("ipip" as const, "gre" as const),
    tunnelPort: fc.constant(0),
    tunnelFlags: fc.integer({ min: 0, max: 1 }),
    activeConnections: fc.constant(0),
    inactiveConnections: fc.constant(0),
    persistentConnections: fc.constant(0),
  });
  return fc.uniqueArray(destination, { selector: (one) => `${one.address} ${one.port}`, maxLength: 6 });
}

/** What a dump may say: few addresses and ports, so that tables meet often. */
export const dumps: fc.Arbitrary<IpvsServiceEntry[]> = fc.uniqueArray(
  service.chain((one) => destinations(one.family).map((list) => ({ service: one, destinations: list }))),
  { selector: (entry) => serviceId(entry.service), maxLength: 8 },
);

/** The same as a desired table, without the counters of a dump. */
export const tables: fc.Arbitrary<Table> = dumps.map(indexDump);
