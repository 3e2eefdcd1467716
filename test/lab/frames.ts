import type { CapturedFrame } from "./capture.ts";

/**
 * A lenient decoder for the tests' own use, written apart from the product's: it takes what is there, and
 * `judge.ts` says what is wrong with it.
 */
export interface Ipv4Packet {
  readonly kind: "ipv4";
  readonly sourceMac: string;
  readonly destinationMac: string;
  readonly header: Buffer;
  readonly typeOfService: number;
  readonly totalLength: number;
  readonly flagsAndFragment: number;
  readonly ttl: number;
  /** What follows an Authentication Header, if there is one. */
  readonly protocol: number;
  readonly authenticationHeader: Buffer | null;
  readonly source: string;
  readonly destination: string;
  /** As far as the total length reaches. */
  readonly payload: Buffer;
  /** Ethernet padding behind the packet. */
  readonly padding: Buffer;
}

export interface ArpPacket {
  readonly kind: "arp";
  readonly sourceMac: string;
  readonly destinationMac: string;
  readonly hardwareType: number;
  readonly protocolType: number;
  readonly hardwareLength: number;
  readonly protocolLength: number;
  readonly operation: number;
  readonly senderHardware: string;
  readonly senderProtocol: string;
  readonly targetHardware: string;
  readonly targetProtocol: string;
  readonly padding: Buffer;
}

export interface OtherFrame {
  readonly kind: "other";
  readonly why: string;
}

export type Frame = Ipv4Packet | ArpPacket | OtherFrame;

export const VRRP_PROTOCOL = 112;
const AH_PROTOCOL = 51;
const AH_BYTES = 24;
const ETHERNET_BYTES = 14;
const ARP_BYTES = 28;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_ARP = 0x0806;

export function formatMac(bytes: Buffer): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

export function formatIpv4(bytes: Buffer): string {
  return [...bytes].join(".");
}

export function decodeFrame(bytes: Buffer): Frame {
  if (bytes.length < ETHERNET_BYTES) return { kind: "other", why: "shorter than an Ethernet header" };
  const macs = {
    destinationMac: formatMac(bytes.subarray(0, 6)),
    sourceMac: formatMac(bytes.subarray(6, 12)),
  };
  const body = bytes.subarray(ETHERNET_BYTES);
  switch (bytes.readUInt16BE(12)) {
    case ETHERTYPE_IPV4:
      return decodeIpv4(macs, body);
    case ETHERTYPE_ARP:
      return decodeArp(macs, body);
    default:
      return { kind: "other", why: `EtherType ${bytes.readUInt16BE(12).toString(16)}` };
  }
}

type Macs = Pick<Ipv4Packet, "sourceMac" | "destinationMac">;

function decodeIpv4(macs: Macs, body: Buffer): Frame {
  const headerBytes = ((body[0] ?? 0) & 0x0f) * 4;
  if ((body[0] ?? 0) >> 4 !== 4 || headerBytes < 20 || body.length < headerBytes) {
    return { kind: "other", why: "broken IPv4 header" };
  }
  const totalLength = body.readUInt16BE(2);
  const protocol = body.readUInt8(9);
  const payload = body.subarray(headerBytes, totalLength);
  const isAh = protocol === AH_PROTOCOL && payload.length >= AH_BYTES;
  return {
    kind: "ipv4",
    ...macs,
    header: body.subarray(0, headerBytes),
    typeOfService: body.readUInt8(1),
    totalLength,
    flagsAndFragment: body.readUInt16BE(6),
    ttl: body.readUInt8(8),
    protocol: isAh ? payload.readUInt8(0) : protocol,
    authenticationHeader: isAh ? payload.subarray(0, AH_BYTES) : null,
    source: formatIpv4(body.subarray(12, 16)),
    destination: formatIpv4(body.subarray(16, 20)),
    payload: isAh ? payload.subarray(AH_BYTES) : payload,
    padding: body.subarray(totalLength),
  };
}

function decodeArp(macs: Macs, body: Buffer): Frame {
  if (body.length < ARP_BYTES) return { kind: "other", why: "short ARP packet" };
  return {
    kind: "arp",
    ...macs,
    hardwareType: body.readUInt16BE(0),
    protocolType: body.readUInt16BE(2),
    hardwareLength: body.readUInt8(4),
    protocolLength: body.readUInt8(5),
    operation: body.readUInt16BE(6),
    senderHardware: formatMac(body.subarray(8, 14)),
    senderProtocol: formatIpv4(body.subarray(14, 18)),
    targetHardware: formatMac(body.subarray(18, 24)),
    targetProtocol: formatIpv4(body.subarray(24, 28)),
    padding: body.subarray(ARP_BYTES),
  };
}

/** What a VRRP advert said and when. Fields may be nonsense: see `judge.ts`. */
export interface Advert {
  readonly atMs: number;
  readonly source: string;
  readonly destination: string;
  readonly ttl: number;
  readonly version: number;
  readonly type: number;
  readonly vrid: number;
  readonly priority: number;
  readonly addressCount: number;
  /** v2: seconds, v3: centiseconds */
  readonly interval: number;
  /** v2 only, else 0 */
  readonly authenticationType: number;
  readonly addresses: readonly string[];
  /** v2: the 8 octets at the end as far as they are there */
  readonly authenticationData: Buffer;
  readonly body: Buffer;
}

/** @returns null when the frame holds no VRRP over IPv4 of at least a header's length */
export function advertOf(captured: CapturedFrame): Advert | null {
  const packet = decodeFrame(captured.bytes);
  if (packet.kind !== "ipv4" || packet.protocol !== VRRP_PROTOCOL || packet.payload.length < 8) return null;
  const body = packet.payload;
  const version = body.readUInt8(0) >> 4;
  const addressCount = body.readUInt8(3);
  const addressesEnd = 8 + 4 * addressCount;
  const addresses: string[] = [];
  for (let at = 8; at + 4 <= Math.min(addressesEnd, body.length); at += 4) {
    addresses.push(formatIpv4(body.subarray(at, at + 4)));
  }
  return {
    atMs: captured.atMs,
    source: packet.source,
    destination: packet.destination,
    ttl: packet.ttl,
    version,
    type: body.readUInt8(0) & 0x0f,
    vrid: body.readUInt8(1),
    priority: body.readUInt8(2),
    addressCount,
    interval: version === 2 ? body.readUInt8(5) : body.readUInt16BE(4) & 0x0fff,
    authenticationType: version === 2 ? body.readUInt8(4) : 0,
    addresses,
    authenticationData: version === 2 ? body.subarray(addressesEnd) : Buffer.alloc(0),
    body,
  };
}
