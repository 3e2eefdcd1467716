import type { AddressFamily, IpAddress } from "../model/units.ts";
import type { NetlinkMessage } from "../native/contract.ts";
import { readAttributes, readU32 } from "./netlink-reader.ts";
import { addressOctets, familyBits, familyNumber, NLM_F_DUMP } from "./netlink-writer.ts";

const RTM_GETROUTE = 26;
const RTM_GETNEIGH = 30;
/** struct rtmsg, struct ndmsg */
const HEADER_BYTES = 12;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const NDA_DST = 1;
const NUD_INCOMPLETE = 0x01;
const NUD_FAILED = 0x20;

/** Where the kernel would send a packet. */
export interface RouteAnswer {
  readonly ifindex: number | null;
  /** Octets in hexadecimal digits; null when the destination is on the link. */
  readonly gateway: string | null;
}

/** A neighbour that does not answer. */
export interface DeadNeighbour {
  readonly ifindex: number;
  /** Octets in hexadecimal digits. */
  readonly address: string;
}

/**
 *     rtmsg (12): family, dst_len, 10 octets of 0 | RTA_DST (4 + 4 or 16)
 * @see linux/rtnetlink.h
 */
export function routeQuery(family: AddressFamily, address: IpAddress): NetlinkMessage {
  const destination = addressOctets(family, address);
  const payload = new Uint8Array(HEADER_BYTES + 4 + destination.length);
  payload[0] = familyNumber(family);
  payload[1] = familyBits(family);
  new Uint16Array(payload.buffer, HEADER_BYTES, 2).set([4 + destination.length, RTA_DST]);
  payload.set(destination, HEADER_BYTES + 4);
  return { type: RTM_GETROUTE, flags: 0, payload };
}

export function decodeRoute({ payload }: NetlinkMessage): RouteAnswer {
  const attributes = readAttributes(payload.subarray(HEADER_BYTES));
  const gateway = attributes.get(RTA_GATEWAY);
  return {
    ifindex: readU32(attributes.get(RTA_OIF)),
    gateway: gateway === undefined ? null : Buffer.from(gateway).toString("hex"),
  };
}

/** ndmsg (12): all neighbours of both families. */
export function neighbourDump(): NetlinkMessage {
  return { type: RTM_GETNEIGH, flags: NLM_F_DUMP, payload: new Uint8Array(HEADER_BYTES) };
}

/** @returns null unless it is one whose address can't be resolved: ndmsg is family, 3 octets, ifindex, state (16 bits) */
export function decodeDeadNeighbour({ payload }: NetlinkMessage): DeadNeighbour | null {
  const ifindex = readU32(payload, 4);
  const state = (readU32(payload, 8) ?? 0) & 0xffff;
  const address = readAttributes(payload.subarray(HEADER_BYTES)).get(NDA_DST);
  if (ifindex === null || address === undefined || (state & (NUD_INCOMPLETE | NUD_FAILED)) === 0) return null;
  return { ifindex, address: Buffer.from(address).toString("hex") };
}
