import { internetChecksum } from "./judge.ts";
import { VIP } from "./pair.ts";

/** What an attacker writes into a VRRPv2 advert; every field may be wrong. */
export interface ForgedAdvert {
  readonly source: string;
  readonly destination: string;
  readonly destinationMac: string;
  readonly ttl: number;
  readonly versionAndType: number;
  readonly vrid: number;
  readonly priority: number;
  readonly addressCount: number;
  readonly authenticationType: number;
  readonly interval: number;
  readonly addresses: readonly string[];
  readonly password: string;
  /** Added to the right checksum. */
  readonly checksumError: number;
  /** Octets taken off the end (negative: added), after the checksum was made. */
  readonly cut: number;
}

/** What the master would have to believe: a better router speaks. */
export const BELIEVABLE: ForgedAdvert = {
  source: "192.168.1.66",
  destination: "224.0.0.18",
  destinationMac: "01:00:5e:00:00:12",
  ttl: 255,
  versionAndType: 0x21,
  vrid: 51,
  priority: 254,
  addressCount: 1,
  authenticationType: 1,
  interval: 1,
  addresses: [VIP],
  password: "s3cret",
  checksumError: 0,
  cut: 0,
};

function ipv4Bytes(address: string): Buffer {
  return Buffer.from(address.split(".").map(Number));
}

function vrrpBody(forged: ForgedAdvert): Buffer {
  const head = [forged.versionAndType, forged.vrid, forged.priority, forged.addressCount];
  const password = Buffer.alloc(8);
  password.write(forged.password, "latin1");
  const body = Buffer.concat([
    Buffer.from([...head, forged.authenticationType, forged.interval, 0, 0]),
    ...forged.addresses.map(ipv4Bytes),
    password,
  ]);
  body.writeUInt16BE((internetChecksum(body) + forged.checksumError) & 0xffff, 6);
  return forged.cut >= 0
    ? body.subarray(0, body.length - forged.cut)
    : Buffer.concat([body, Buffer.alloc(-forged.cut)]);
}

/** @returns an Ethernet frame with good IP header, whatever is in it */
export function forgeFrame(forged: ForgedAdvert): Buffer {
  const body = vrrpBody(forged);
  const header = Buffer.from([0x45, 0xc0, 0, 0, 0, 1, 0, 0, forged.ttl, 112, 0, 0]);
  const ip = Buffer.concat([header, ipv4Bytes(forged.source), ipv4Bytes(forged.destination)]);
  ip.writeUInt16BE(ip.length + body.length, 2);
  ip.writeUInt16BE(internetChecksum(ip), 10);
  const destinationMac = Buffer.from(forged.destinationMac.replaceAll(":", ""), "hex");
  return Buffer.concat([destinationMac, Buffer.from([2, 0, 0, 0, 0, 0x66, 0x08, 0x00]), ip, body]);
}
