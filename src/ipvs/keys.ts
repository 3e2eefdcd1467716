import type { IpvsDestination, IpvsServiceKey } from "../native/contract.ts";

/** Text that is equal for two services if and only if the kernel takes them for the same one. */
export type ServiceId = string;

/** The same for two destinations of one service. */
export type DestinationId = string;

export function serviceId(key: IpvsServiceKey): ServiceId {
  return key.fwmark === 0 ? flat(key.protocol, key.address, key.port) : flat("fwmark", key.family, key.fwmark);
}

export function destinationId(destination: Pick<IpvsDestination, "address" | "port">): DestinationId {
  return flat(destination.address, destination.port);
}

/** One piece of text in memory, while a template would keep a tree of its parts. */
function flat(...words: readonly (string | number | null)[]): string {
  return words.join(" ");
}

/** The fields of a service that identify it, without the rest. */
export function serviceKey(key: IpvsServiceKey): IpvsServiceKey {
  const { family, fwmark, protocol, address, port } = key;
  return { family, fwmark, protocol, address, port };
}
