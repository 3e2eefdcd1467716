/** Integer microseconds. Durations, or an instant on CLOCK_MONOTONIC where the name says `atUs`. */
export type Microseconds = number;

/** Centiseconds, the wire unit of VRRPv3's Max Advertise Interval. */
export type Centiseconds = number;

/** "inet" is IPv4, "inet6" is IPv6; the names are those of `ip` and `nft`. */
export type AddressFamily = "inet" | "inet6";

/**
 * An IP address in its one canonical spelling (RFC 5952 for IPv6, dotted quad for IPv4), so that
 * two addresses are equal if and only if their strings are.
 */
export type IpAddress = string;

/** Where a value came from. Lines and columns count from 1. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}
