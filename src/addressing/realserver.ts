import type { IpAddress } from "../model/units.ts";
import type { AddressCommand, InterfaceAddress, Link } from "../native/contract.ts";

/** Path below /proc/sys, for example `net/ipv4/conf/lo/arp_ignore`. */
export type SysctlPath = string;

/** What a direct-routing real server needs so that it never answers ARP for a VIP. IPv6 needs nothing. */
export const REALSERVER_SYSCTLS: readonly SysctlPath[] = [
  "net/ipv4/conf/all/arp_ignore",
  "net/ipv4/conf/lo/arp_ignore",
  "net/ipv4/conf/all/arp_announce",
  "net/ipv4/conf/lo/arp_announce",
];

/** Kept in a file between `up` and `down`. */
export interface RealserverState {
  /** VIPs that `up` put in place. */
  readonly addresses: readonly IpAddress[];
  /** Values found before the first change. */
  readonly sysctls: Readonly<Record<SysctlPath, number>>;
}

/** What was found on the machine. */
export interface RealserverFacts {
  readonly links: readonly Link[];
  readonly addresses: readonly InterfaceAddress[];
  /** One entry for each of `REALSERVER_SYSCTLS`. */
  readonly sysctls: ReadonlyMap<SysctlPath, number>;
  /** Null when no state is saved. */
  readonly saved: RealserverState | null;
}

/** In this order; `save-state` with null removes the file. */
export type RealserverCommand =
  | { readonly kind: "save-state"; readonly state: RealserverState | null }
  | { readonly kind: "set-sysctl"; readonly path: SysctlPath; readonly value: number }
  | { readonly kind: "address"; readonly command: AddressCommand };
