import type { NetlinkMessage, PreparedObject } from "../native/contract.ts";
import { NetlinkWriter } from "./netlink-writer.ts";

const RTM_NEWLINK = 16;
const AF_UNSPEC = 0;
const IFF_UP = 1;

/** struct ifinfomsg with a change of flags. @see linux/rtnetlink.h */
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
