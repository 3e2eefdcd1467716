import type { NetlinkMessage, PreparedObject } from "../native/contract.ts";
import { readAttributes, readText, readU32 } from "./netlink-reader.ts";
import { NetlinkWriter, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL } from "./netlink-writer.ts";

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const AF_UNSPEC = 0;
const IFF_UP = 1;
const IFF_RUNNING = 0x40;
const HEADER_LENGTH = 16;
/** @see linux/if_link.h, IFLA_* */
const ATTRIBUTE = { address: 1, name: 3, link: 5, linkInfo: 18, group: 27, extensionMask: 29 } as const;
const INFO = { kind: 1, data: 2 } as const;
const IFLA_MACVLAN_MODE = 1;
const MACVLAN_MODE_PRIVATE = 1;
const RTEXT_FILTER_SKIP_STATS = 8;

/** A link as far as VMACs need it. */
export interface LinkFacts {
  readonly ifindex: number;
  readonly name: string;
  readonly isRunning: boolean;
  readonly mac: string;
  readonly kind: string;
  /** The interface below, 0 for none. */
  readonly baseIfindex: number;
  readonly isPrivate: boolean;
  readonly group: number;
}

/** struct ifinfomsg. @see linux/rtnetlink.h */
function linkHeader(ifindex: number, flags: number, change: number): NetlinkWriter {
  return new NetlinkWriter().u8(AF_UNSPEC, 0).u16(0).u32(ifindex).u32(flags).u32(change);
}

/** Up or down. */
export function linkStateMessage(ifindex: number, isUp: boolean): NetlinkMessage {
  return { type: RTM_NEWLINK, flags: 0, payload: linkHeader(ifindex, isUp ? IFF_UP : 0, IFF_UP).octets };
}

/** Up while it is there, down else. */
export function linkStateObject(ifindex: number): PreparedObject {
  return { add: linkStateMessage(ifindex, true), remove: linkStateMessage(ifindex, false) };
}

export interface MacvlanSpec {
  readonly name: string;
  readonly baseIfindex: number;
  readonly mac: string;
  readonly group: number;
}

/** A macvlan of mode private, down. */
export function macvlanMessage({ name, baseIfindex, mac, group }: MacvlanSpec): NetlinkMessage {
  const octets = mac.split(":").map((octet) => Number.parseInt(octet, 16));
  const writer = linkHeader(0, 0, 0)
    .attributeText(ATTRIBUTE.name, name)
    .attributeU32(ATTRIBUTE.link, baseIfindex)
    .attribute(ATTRIBUTE.address, (address) => address.u8(...octets))
    .attributeU32(ATTRIBUTE.group, group)
    .nest(ATTRIBUTE.linkInfo, (info) =>
      info
        .attributeText(INFO.kind, "macvlan")
        .nest(INFO.data, (data) => data.attributeU32(IFLA_MACVLAN_MODE, MACVLAN_MODE_PRIVATE)),
    );
  return { type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, payload: writer.octets };
}

export function linkGroupMessage(ifindex: number, group: number): NetlinkMessage {
  return {
    type: RTM_NEWLINK,
    flags: 0,
    payload: linkHeader(ifindex, 0, 0).attributeU32(ATTRIBUTE.group, group).octets,
  };
}

/** All links of a group at once: the kernel waits for its readers once, not once per link. */
export function groupDeleteMessage(group: number): NetlinkMessage {
  return { type: RTM_DELLINK, flags: 0, payload: linkHeader(0, 0, 0).attributeU32(ATTRIBUTE.group, group).octets };
}

export function linkDumpMessage(): NetlinkMessage {
  const writer = linkHeader(0, 0, 0).attributeU32(ATTRIBUTE.extensionMask, RTEXT_FILTER_SKIP_STATS);
  return { type: RTM_GETLINK, flags: NLM_F_DUMP, payload: writer.octets };
}

/** Null for what is not a link. */
export function decodeLinkFacts({ type, payload }: NetlinkMessage): LinkFacts | null {
  const ifindex = readU32(payload, 4);
  if (type !== RTM_NEWLINK || ifindex === null || payload.length < HEADER_LENGTH) return null;
  const attributes = readAttributes(payload.subarray(HEADER_LENGTH));
  const info = readAttributes(attributes.get(ATTRIBUTE.linkInfo) ?? new Uint8Array());
  const data = readAttributes(info.get(INFO.data) ?? new Uint8Array());
  const octets = [...(attributes.get(ATTRIBUTE.address) ?? [])];
  return {
    ifindex,
    name: readText(attributes.get(ATTRIBUTE.name)),
    isRunning: ((readU32(payload, 8) ?? 0) & IFF_RUNNING) !== 0,
    mac: octets.map((octet) => octet.toString(16).padStart(2, "0")).join(":"),
    kind: readText(info.get(INFO.kind)),
    baseIfindex: readU32(attributes.get(ATTRIBUTE.link)) ?? 0,
    isPrivate: readU32(data.get(IFLA_MACVLAN_MODE)) === MACVLAN_MODE_PRIVATE,
    group: readU32(attributes.get(ATTRIBUTE.group)) ?? 0,
  };
}
