import type { IpvsDestination, IpvsService, IpvsServiceEntry } from "../native/contract.ts";
import { type DestinationId, destinationId, type ServiceId, serviceId } from "./keys.ts";

/** One service with its destinations, ready to be looked up by identity. */
export interface TableService {
  readonly service: IpvsService;
  readonly destinations: ReadonlyMap<DestinationId, IpvsDestination>;
}

/** A whole table: desired, or as found in the kernel. */
export type Table = ReadonlyMap<ServiceId, TableService>;

/** What a dump says, by identity. */
export function indexDump(entries: readonly IpvsServiceEntry[]): Map<ServiceId, TableService> {
  const table = new Map<ServiceId, TableService>();
  for (const entry of entries) {
    const destinations = new Map<DestinationId, IpvsDestination>();
    for (const destination of entry.destinations) destinations.set(destinationId(destination), destination);
    table.set(serviceId(entry.service), { service: entry.service, destinations });
  }
  return table;
}
