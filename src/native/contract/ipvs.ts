/**
 * IPVS: services, destinations, the sync daemon, over generic netlink.
 *
 * Part of the contract of the native addon, see ../contract.ts.
 */

import type { AddressFamily, SyscallFailure } from "./errors.ts";
import type { NetlinkBuffer } from "./loops.ts";

export type TransportProtocol = "tcp" | "udp" | "sctp";
export type FwdMethod = "masq" | "localnode" | "tunnel" | "droute" | "bypass";
export type IpvsServiceFlag = "one-packet" | "sched-1" | "sched-2" | "sched-3";

/** Identifies a service: by fwmark when `fwmark` is not 0, else by protocol, address and port. */
export interface IpvsServiceKey {
  readonly family: AddressFamily;
  readonly fwmark: number;
  readonly protocol: TransportProtocol | null;
  readonly address: string | null;
  readonly port: number;
}

export interface IpvsService extends IpvsServiceKey {
  readonly scheduler: string;
  readonly persistenceTimeoutSec: number;
  /** IPv4: mask as a number in host order; IPv6: prefix length. */
  readonly persistenceGranularity: number;
  readonly persistenceEngine: string | null;
  readonly flags: readonly IpvsServiceFlag[];
}

export interface IpvsDestination {
  readonly family: AddressFamily;
  readonly address: string;
  readonly port: number;
  readonly fwdMethod: FwdMethod;
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  readonly tunnelType: "ipip" | "gue" | "gre";
  readonly tunnelPort: number;
  /** IP_VS_TUNNEL_ENCAP_FLAG_* */
  readonly tunnelFlags: number;
}

export interface IpvsDestinationEntry extends IpvsDestination {
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  readonly persistentConnections: number;
}

export interface IpvsServiceEntry {
  readonly service: IpvsService;
  readonly destinations: readonly IpvsDestinationEntry[];
}

/** What the kernel has scheduled and seen since it was added; zeros before Linux 4.1. */
export interface IpvsTraffic {
  readonly connections: number;
  readonly inPackets: number;
  /** With NAT and local servers only: else answers do not come this way. */
  readonly outPackets: number;
  readonly inBytes: number;
  readonly outBytes: number;
  /** The kernel's estimates of the last seconds. */
  readonly connectionsPerSec: number;
  readonly inPacketsPerSec: number;
  readonly outPacketsPerSec: number;
  readonly inBytesPerSec: number;
  readonly outBytesPerSec: number;
}

export interface IpvsDestinationUsage {
  readonly family: AddressFamily;
  readonly address: string;
  readonly port: number;
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  readonly persistentConnections: number;
  readonly traffic: IpvsTraffic;
}

export interface IpvsServiceUsage extends IpvsServiceKey {
  readonly traffic: IpvsTraffic;
  readonly destinations: readonly IpvsDestinationUsage[];
}

export interface IpvsTimeouts {
  readonly tcpSec: number;
  readonly tcpFinSec: number;
  readonly udpSec: number;
}

export type IpvsSyncRole = "master" | "backup";

/** One of the kernel's two threads that copy connections from director to director. Null leaves it to the kernel. */
export interface IpvsSyncDaemon {
  readonly role: IpvsSyncRole;
  readonly interfaceName: string;
  /** 0..255; directors of one id belong together. */
  readonly syncId: number;
  /** UDP payload, 1..65507. The kernel cuts it to what the interface can carry. */
  readonly maxLengthBytes: number | null;
  readonly port: number | null;
  readonly ttl: number | null;
  /** Multicast address of either family. */
  readonly group: string | null;
}

export type IpvsCommand =
  | { readonly kind: "service-add"; readonly service: IpvsService }
  | { readonly kind: "service-edit"; readonly service: IpvsService }
  | { readonly kind: "service-delete"; readonly service: IpvsServiceKey }
  | { readonly kind: "destination-add"; readonly service: IpvsServiceKey; readonly destination: IpvsDestination }
  | { readonly kind: "destination-edit"; readonly service: IpvsServiceKey; readonly destination: IpvsDestination }
  | { readonly kind: "destination-delete"; readonly service: IpvsServiceKey; readonly destination: IpvsDestination }
  | { readonly kind: "flush" }
  | { readonly kind: "set-timeouts"; readonly timeouts: IpvsTimeouts }
  | { readonly kind: "sync-daemon-start"; readonly daemon: IpvsSyncDaemon }
  | { readonly kind: "sync-daemon-stop"; readonly role: IpvsSyncRole };

/**
 * The kernel's IPVS table in the network namespace in which it was opened.
 * @see linux/ip_vs.h, IPVS_CMD_*
 */
export interface IpvsTable {
  /** Whole table; runs off the main thread. Rejects with a `NativeError`. */
  dump(): Promise<readonly IpvsServiceEntry[]>;
  /**
   * As `dump`; null when the table is still what `dump` or this found last, counts of connections aside. That is told
   * without a look at each entry from JavaScript.
   */
  dumpIfChanged(): Promise<readonly IpvsServiceEntry[] | null>;
  /** As `dump`: what passes through the table instead of how it is set. */
  usage(): Promise<readonly IpvsServiceUsage[]>;
  /**
   * Applies commands in order over one netlink socket, off the main thread. A failed command does
   * not stop those after it. Calls queue behind each other.
   * @param commands any number
   * @returns one entry per command: null, or the failure at that index
   */
  apply(commands: readonly IpvsCommand[]): Promise<readonly (SyscallFailure | null)[]>;
  timeouts(): Promise<IpvsTimeouts>;
  /** Those that run. */
  syncDaemons(): Promise<readonly IpvsSyncDaemon[]>;
  /** From now on, in the order of calls; null: the usual one. Absent where there is no socket. */
  setReceiveBuffer?(buffer: NetlinkBuffer | null): Promise<void>;
  /** Idempotent; what was asked for before is still done, later calls throw `ERR_CLOSED`. */
  close(): void;
}
