import type { NetlinkMessage, PreparedObject } from "../native/contract.ts";
import { readAttributes, readText, readU16, readU32 } from "./netlink-reader.ts";
import { NetlinkWriter, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL } from "./netlink-writer.ts";

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const AF_UNSPEC = 0;
const IFF_UP = 1;
const IFF_RUNNING = 0x40;
const HEADER_LENGTH = 16;
/** @see linux/if_link.h, IFLA_* */
const ATTRIBUTE = { address: 1, name: 3, link: 5, master: 10, linkInfo: 18, group: 27, extensionMask: 29 } as const;
const INFO = { kind: 1, data: 2 } as const;
const IFLA_MACVLAN_MODE = 1;
const IFLA_VRF_TABLE = 1;
const MACVLAN_MODE_PRIVATE = 1;
/** @see linux/if_link.h, IFLA_IPVLAN_*: two octets each */
const IPVLAN = { mode: 1, flags: 2 } as const;
const IPVLAN_MODE_L2 = 0;
const IPVLAN_FLAGS = { bridge: 0, private: 1, vepa: 2 } as const;
const RTEXT_FILTER_SKIP_STATS = 8;

export type IpvlanMode = keyof typeof IPVLAN_FLAGS;

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
  /** Null unless it is an ipvlan of mode L2. */
  readonly ipvlanMode: IpvlanMode | null;
  readonly group: number;
  /** Null unless it is a VRF. */
  readonly vrfTable: number | null;
  /** The VRF or another device that it belongs to, 0 for none. */
  readonly masterIfindex: number;
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

/** A link to be made on top of another one. */
export interface StackedLinkSpec {
  readonly name: string;
  readonly baseIfindex: number;
  readonly group: number;
  /** The VRF that the interface below belongs to, 0 for none. */
  readonly masterIfindex: number;
}

/** A macvlan of mode private, down. */
export function macvlanMessage(spec: StackedLinkSpec, mac: string): NetlinkMessage {
  const writer = stackedLink(spec).attribute(ATTRIBUTE.address, (address) => address.u8(...macOctets(mac)));
  return creation(writer, "macvlan", (data) => data.attributeU32(IFLA_MACVLAN_MODE, MACVLAN_MODE_PRIVATE));
}

/** An ipvlan of mode L2, down. */
export function ipvlanMessage(spec: StackedLinkSpec, mode: IpvlanMode): NetlinkMessage {
  return creation(stackedLink(spec), "ipvlan", (data) =>
    data
      .attribute(IPVLAN.mode, (value) => value.u16(IPVLAN_MODE_L2))
      .attribute(IPVLAN.flags, (value) => value.u16(IPVLAN_FLAGS[mode])),
  );
}

function stackedLink({ name, baseIfindex, group, masterIfindex }: StackedLinkSpec): NetlinkWriter {
  const writer = linkHeader(0, 0, 0)
    .attributeText(ATTRIBUTE.name, name)
    .attributeU32(ATTRIBUTE.link, baseIfindex)
    .attributeU32(ATTRIBUTE.group, group);
  return masterIfindex === 0 ? writer : writer.attributeU32(ATTRIBUTE.master, masterIfindex);
}

function creation(writer: NetlinkWriter, kind: string, write: (data: NetlinkWriter) => void): NetlinkMessage {
  writer.nest(ATTRIBUTE.linkInfo, (info) => info.attributeText(INFO.kind, kind).nest(INFO.data, write));
  return { type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, payload: writer.octets };
}

/** Another hardware address; a macvlan may be up meanwhile. @param mac `aa:bb:cc:dd:ee:ff` */
export function linkMacMessage(ifindex: number, mac: string): NetlinkMessage {
  const writer = linkHeader(ifindex, 0, 0).attribute(ATTRIBUTE.address, (address) => address.u8(...macOctets(mac)));
  return { type: RTM_NEWLINK, flags: 0, payload: writer.octets };
}

function macOctets(mac: string): readonly number[] {
  return mac.split(":").map((octet) => Number.parseInt(octet, 16));
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
    masterIfindex: readU32(attributes.get(ATTRIBUTE.master)) ?? 0,
    ipvlanMode: readText(info.get(INFO.kind)) === "ipvlan" ? decodeIpvlanMode(data) : null,
    isPrivate: readU32(data.get(IFLA_MACVLAN_MODE)) === MACVLAN_MODE_PRIVATE,
    group: readU32(attributes.get(ATTRIBUTE.group)) ?? 0,
    vrfTable: readText(info.get(INFO.kind)) === "vrf" ? readU32(data.get(IFLA_VRF_TABLE)) : null,
  };
}

/** Kernels before 4.15 have no flags. */
function decodeIpvlanMode(data: ReadonlyMap<number, Uint8Array>): IpvlanMode | null {
  if (readU16(data.get(IPVLAN.mode)) !== IPVLAN_MODE_L2) return null;
  const flags = readU16(data.get(IPVLAN.flags)) ?? 0;
  const modes = ["bridge", "private", "vepa"] as const;
  return modes.find((mode) => IPVLAN_FLAGS[mode] === flags) ?? null;
}
