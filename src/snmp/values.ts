import { parseAddress } from "./address-octets.ts";
import type { Oid } from "./oid.ts";

/** A value of a MIB object, by its type in SMIv2. */
export type SnmpValue =
  | { readonly kind: "integer"; readonly value: number }
  | { readonly kind: "gauge" | "counter32" | "ticks"; readonly value: number }
  | { readonly kind: "counter64"; readonly value: bigint }
  | { readonly kind: "octets"; readonly value: Uint8Array }
  /** IpAddress: 4 octets. */
  | { readonly kind: "address"; readonly value: Uint8Array }
  | { readonly kind: "oid"; readonly value: Oid };

/** In place of a value. @see RFC 2741 §5.4 */
export interface Absence {
  readonly kind: "no-such-object" | "no-such-instance" | "end-of-view" | "null";
}

export interface VarBind {
  readonly oid: Oid;
  readonly value: SnmpValue | Absence;
}

const MOST_GAUGE = 0xffffffff;

export function integer(value: number): SnmpValue {
  return { kind: "integer", value };
}

/** Stays at its largest value instead of wrapping. */
export function gauge(value: number): SnmpValue {
  return { kind: "gauge", value: Math.min(Math.max(Math.trunc(value), 0), MOST_GAUGE) };
}

/** Wraps, as counters do. */
export function counter32(value: number): SnmpValue {
  return { kind: "counter32", value: value % (MOST_GAUGE + 1) };
}

export function counter64(value: number | bigint): SnmpValue {
  return { kind: "counter64", value: BigInt(value) };
}

/** @param value hundredths of a second; wraps after 497 days */
export function ticks(value: number): SnmpValue {
  return { kind: "ticks", value: Math.trunc(value) % (MOST_GAUGE + 1) };
}

/** The kind of text that a DisplayString is; longer ones are cut at 255 octets. */
export function text(value: string): SnmpValue {
  return { kind: "octets", value: Buffer.from(value).subarray(0, 255) };
}

export function octets(value: Uint8Array): SnmpValue {
  return { kind: "octets", value };
}

/** InetAddress: 4 or 16 octets; null for what is no address. */
export function inetAddress(address: string): SnmpValue | null {
  const value = parseAddress(address);
  return value === null ? null : octets(value);
}

/** IpAddress; null for anything but IPv4. */
export function ipAddress(address: string): SnmpValue | null {
  const value = parseAddress(address);
  return value?.length === 4 ? { kind: "address", value } : null;
}

/** TruthValue, and keepalived's enabled(1), disabled(2). */
export function truth(value: boolean): SnmpValue {
  return integer(value ? 1 : 2);
}
