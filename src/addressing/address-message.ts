import type { VirtualAddress } from "../model/vrrp.ts";
import type { NetlinkMessage } from "../native/contract.ts";
import { familyBits, familyNumber, NetlinkWriter, NLM_F_CREATE, NLM_F_EXCL } from "./netlink-writer.ts";

const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const ATTRIBUTE = { address: 1, local: 2, label: 3, broadcast: 4, cacheInfo: 6, flags: 8, protocol: 11 } as const;
const FLAG = { nodad: 0x02, home: 0x10, manageTemporary: 0x100, noPrefixRoute: 0x200, joinMulticast: 0x400 } as const;
const FOREVER = 0xffffffff;
/** IFAPROT_*: kernels before 5.18 ignore it. */
const OWN_PROTOCOL = 18;

/** RTM_NEWADDR with all options of an address. @see linux/if_addr.h */
export function addressAddMessage(address: VirtualAddress, ifindex: number): NetlinkMessage {
  const flags = addressFlags(address);
  const writer = begin(address, ifindex, flags);
  if (address.broadcast !== null && address.family === "inet") {
    writer.attributeAddress(ATTRIBUTE.broadcast, address.family, address.broadcast);
  }
  const preferred = preferredLifetimeSec(address);
  if (preferred !== null) {
    writer.attribute(ATTRIBUTE.cacheInfo, (info) => info.u32(preferred).u32(FOREVER).u32(0).u32(0));
  }
  writer.attributeU32(ATTRIBUTE.flags, flags);
  writer.attributeU8(ATTRIBUTE.protocol, OWN_PROTOCOL);
  return { type: RTM_NEWADDR, flags: NLM_F_CREATE | NLM_F_EXCL, payload: writer.octets };
}

export function addressDeleteMessage(address: VirtualAddress, ifindex: number): NetlinkMessage {
  return { type: RTM_DELADDR, flags: 0, payload: begin(address, ifindex, 0).octets };
}

function begin(address: VirtualAddress, ifindex: number, flags: number): NetlinkWriter {
  const { family, label } = address;
  const writer = new NetlinkWriter()
    .u8(familyNumber(family), address.prefixLength, flags & 0xff, address.scope)
    .u32(ifindex)
    .attributeAddress(ATTRIBUTE.local, family, address.address)
    .attributeAddress(ATTRIBUTE.address, family, address.peer ?? address.address);
  if (label !== null && family === "inet") writer.attributeText(ATTRIBUTE.label, label);
  return writer;
}

function addressFlags({ family, flags }: VirtualAddress): number {
  const detects = flags?.detectsDuplicates === true;
  let bits = family === "inet6" && !detects ? FLAG.nodad : 0;
  if (flags?.isHome === true) bits |= FLAG.home;
  if (flags?.managesTemporary === true) bits |= FLAG.manageTemporary;
  if (flags?.hasNoPrefixRoute === true) bits |= FLAG.noPrefixRoute;
  if (flags?.joinsMulticast === true) bits |= FLAG.joinMulticast;
  return bits;
}

/** keepalived: IPv6 only; a host address is deprecated, so that it is no source address, unless it says otherwise. */
function preferredLifetimeSec({ family, prefixLength, preferredLifetime }: VirtualAddress): number | null {
  if (family === "inet") return null;
  if (preferredLifetime === "forever") return FOREVER;
  if (typeof preferredLifetime === "number") return preferredLifetime;
  return prefixLength === familyBits(family) ? 0 : null;
}
