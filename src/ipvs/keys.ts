import type { IpvsDestination, IpvsServiceKey } from "../native/contract.ts";

/** Text that is equal for two services if and only if the kernel takes them for the same one. */
export type ServiceId = string;

/** The same for two destinations of one service. */
export type DestinationId = string;

export function serviceId(key: IpvsServiceKey): ServiceId {
  if (key.fwmark !== 0) return `fwmark ${key.family} ${key.fwmark}`;
  return `${key.protocol} ${key.address} ${key.port}`;
}

export function destinationId(destination: Pick<IpvsDestination, "address" | "port">): DestinationId {
  return `${destination.address} ${destination.port}`;
}

/** The fields of a service that identify it, without the rest. */
export function serviceKey(key: IpvsServiceKey): IpvsServiceKey {
  const { family, fwmark, protocol, address, port } = key;
  return { family, fwmark, protocol, address, port };
}
