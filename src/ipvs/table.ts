import type { IpvsDestination, IpvsService, IpvsServiceEntry } from "../native/contract.ts";
import { type DestinationId, destinationId, type ServiceId, serviceId } from "./keys.ts";

/** One service with its destinations, ready to be looked up by identity. */
export interface TableService {
  readonly service: IpvsService;
  readonly destinations: ReadonlyMap<DestinationId, IpvsDestination>;
}

export interface IndexedService {
  service: IpvsService;
  readonly destinations: Map<DestinationId, IpvsDestination>;
}

/** A whole table: desired, or as found in the kernel. */
export type Table = ReadonlyMap<ServiceId, TableService>;

/** What a dump says, by identity; the maps are the caller's. */
export function indexDump(entries: readonly IpvsServiceEntry[]): Map<ServiceId, IndexedService> {
  const table = new Map<ServiceId, IndexedService>();
  for (const entry of entries) {
    const destinations = new Map<DestinationId, IpvsDestination>();
    for (const destination of entry.destinations) destinations.set(destinationId(destination), destination);
    table.set(serviceId(entry.service), { service: entry.service, destinations });
  }
  return table;
}
