/**
 * Links and addresses, over rtnetlink.
 *
 * Part of the contract of the native addon, see ../contract.ts.
 */

import type { AddressFamily, SyscallFailure } from "./errors.ts";

export interface Link {
  readonly ifindex: number;
  readonly name: string;
  /** rtnetlink kind, for example `veth`; null for hardware. */
  readonly kind: string | null;
  /** `aa:bb:cc:dd:ee:ff`, null when the link has none. */
  readonly mac: string | null;
  readonly mtu: number;
  /** IFF_UP */
  readonly isUp: boolean;
  /** IFF_RUNNING: has carrier. */
  readonly isRunning: boolean;
  /** IFF_NOARP is not set. */
  readonly hasArp: boolean;
  readonly isLoopback: boolean;
  /** The bridge, bond or VRF that it belongs to, 0 for none. */
  readonly masterIfindex: number;
}

export interface InterfaceAddress {
  readonly ifindex: number;
  readonly family: AddressFamily;
  readonly address: string;
  readonly prefixLength: number;
  /** 0 global, 200 site, 253 link, 254 host */
  readonly scope: number;
  /** IPv4 only. The kernel gives an address without one the name of its interface. */
  readonly label: string | null;
  readonly broadcast: string | null;
  /** IFA_ADDRESS where it differs from the local address. */
  readonly peer: string | null;
}

export type AddressCommand =
  | { readonly kind: "address-add"; readonly address: InterfaceAddress }
  | { readonly kind: "address-delete"; readonly address: InterfaceAddress };

/** Encoded by `src/addressing`; the native side adds header, length, sequence, NLM_F_REQUEST and NLM_F_ACK. */
export interface NetlinkMessage {
  /** RTM_* */
  readonly type: number;
  /** Further NLM_F_*. */
  readonly flags: number;
  /** Family header and attributes; at most 16384 octets. */
  readonly payload: Uint8Array;
}

/** Whose carrier to ask for, and how; null: the first method that the driver knows. */
export interface BeatRequest {
  readonly name: string;
  readonly method: "mii" | "ethtool" | "ioctl" | null;
}

export interface Rtnetlink {
  links(): Promise<readonly Link[]>;
  addresses(): Promise<readonly InterfaceAddress[]>;
  /** Asks drivers for carriers; null when there is no such link, or the driver does not know the method. */
  beats(requests: readonly BeatRequest[]): Promise<readonly (boolean | null)[]>;
  /** Like `IpvsTable.apply`: in order, one result per command. */
  apply(commands: readonly AddressCommand[]): Promise<readonly (SyscallFailure | null)[]>;
  /** Like `apply`, for messages that were encoded before. */
  send(messages: readonly NetlinkMessage[]): Promise<readonly (SyscallFailure | null)[]>;
  /** What the kernel answers to one request, a dump or not. */
  query(message: NetlinkMessage): Promise<readonly NetlinkMessage[]>;
  /** Like `IpvsTable.close`. */
  close(): void;
}
