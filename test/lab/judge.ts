import type { CapturedFrame } from "./capture.ts";
import { type Advert, type ArpPacket, advertOf, decodeFrame, type Ipv4Packet, VRRP_PROTOCOL } from "./frames.ts";

const VRRP_GROUP = "224.0.0.18";
const VRRP_GROUP_MAC = "01:00:5e:00:00:12";
const BROADCAST_MAC = "ff:ff:ff:ff:ff:ff";
const NO_MAC = "00:00:00:00:00:00";
const TOS_INTERNETWORK_CONTROL = 0xc0;
const KNOWN_AUTHENTICATION_TYPES = [0, 1, 2];

/** What the scenario lets on the wire. */
export interface Expectation {
  readonly version: 2 | 3;
  readonly vrids: readonly number[];
  /** Virtual addresses: GARP may announce these only. */
  readonly virtualAddresses: readonly string[];
  /** Empty: multicast. */
  readonly unicastPeers: readonly string[];
  /** Seconds in version 2, centiseconds in version 3. */
  readonly interval: number;
  /** At most 8 octets; null: no authentication. */
  readonly password: string | null;
  /** `auth_type AH`: the password is the key, and is not in the packet. */
  readonly isAh?: boolean;
}

/**
 * Everything that is wrong with a frame, including what tshark does not flag: reserved bits, unknown types, counts
 * that do not fit the length, foreign destinations.
 * @returns complaints; empty when there are none
 */
export function judgeFrame(captured: CapturedFrame, expected: Expectation): readonly string[] {
  const frame = decodeFrame(captured.bytes);
  switch (frame.kind) {
    case "arp":
      return judgeArp(frame, expected);
    case "ipv4":
      return frame.protocol === VRRP_PROTOCOL ? judgeVrrp(captured, frame, expected) : [`protocol ${frame.protocol}`];
    case "other":
      return [frame.why];
  }
}

/** @returns complaints with the number of the frame, counted from 1 as tshark does */
export function judgeFrames(frames: readonly CapturedFrame[], expected: Expectation): readonly string[] {
  return frames.flatMap((frame, index) =>
    judgeFrame(frame, expected).map((complaint) => `frame ${index + 1}: ${complaint}`),
  );
}

/** Collects the texts of those conditions that do not hold. */
function unmet(conditions: readonly (readonly [boolean, string])[]): readonly string[] {
  return conditions.filter(([holds]) => !holds).map(([, text]) => text);
}

/** RFC 1071 over whole 16-bit words; an odd octet counts as the high one. 0 for data with a good checksum. */
export function internetChecksum(data: Buffer): number {
  let sum = 0;
  for (let at = 0; at < data.length; at += 2) sum += ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function judgeVrrp(captured: CapturedFrame, packet: Ipv4Packet, expected: Expectation): readonly string[] {
  const advert = advertOf(captured);
  if (advert === null) return ["VRRP packet shorter than its header"];
  const byVersion = advert.version === 2 ? judgeVersion2(advert, expected) : judgeVersion3(advert, packet);
  return [...judgeIpHeader(packet, expected), ...judgeAdvert(advert, expected), ...byVersion];
}

function judgeIpHeader(packet: Ipv4Packet, expected: Expectation): readonly string[] {
  const isUnicast = expected.unicastPeers.length > 0;
  const isDestinationRight = isUnicast
    ? expected.unicastPeers.includes(packet.destination)
    : packet.destination === VRRP_GROUP && packet.destinationMac === VRRP_GROUP_MAC;
  return unmet([
    [packet.header.length === 20, "IP options"],
    [internetChecksum(packet.header) === 0, "bad IP header checksum"],
    [packet.typeOfService === TOS_INTERNETWORK_CONTROL, `type of service ${packet.typeOfService}`],
    [packet.ttl === 255, `TTL ${packet.ttl}`],
    [(packet.flagsAndFragment & 0xbfff) === 0, "a fragment"],
    [
      packet.payload.length === packet.totalLength - packet.header.length - (packet.authenticationHeader?.length ?? 0),
      "truncated",
    ],
    [packet.padding.every((byte) => byte === 0), "padding is not zero"],
    [isDestinationRight, `destination ${packet.destination} (${packet.destinationMac})`],
    [packet.source !== "0.0.0.0", "no source address"],
  ]);
}

function judgeAdvert(advert: Advert, expected: Expectation): readonly string[] {
  const isOwnVersion = advert.version === expected.version;
  return unmet([
    [isOwnVersion, `version ${advert.version}`],
    [advert.type === 1, `type ${advert.type}`],
    [advert.vrid !== 0 && expected.vrids.includes(advert.vrid), `VRID ${advert.vrid}`],
    [advert.addressCount > 0, "no addresses"],
    [!isOwnVersion || advert.interval === expected.interval, `interval ${advert.interval}`],
    ...advert.addresses.map((address): readonly [boolean, string] => [
      expected.virtualAddresses.includes(address),
      `address ${address}`,
    ]),
    [new Set(advert.addresses).size === advert.addresses.length, "an address twice"],
  ]);
}

function judgeVersion2(advert: Advert, expected: Expectation): readonly string[] {
  const password = Buffer.alloc(8);
  if (expected.isAh !== true) password.write(expected.password ?? "", "latin1");
  const type = expected.password === null ? 0 : expected.isAh === true ? 2 : 1;
  return unmet([
    [advert.body.length === 8 + 4 * advert.addressCount + 8, `length ${advert.body.length}`],
    [internetChecksum(advert.body) === 0, "bad VRRP checksum"],
    [KNOWN_AUTHENTICATION_TYPES.includes(advert.authenticationType), `authentication ${advert.authenticationType}`],
    [advert.authenticationType === type, "another authentication than configured"],
    [advert.authenticationData.equals(password), "wrong authentication data"],
  ]);
}

function judgeVersion3(advert: Advert, packet: Ipv4Packet): readonly string[] {
  const pseudoHeader = Buffer.concat([packet.header.subarray(12, 20), Buffer.from([0, VRRP_PROTOCOL, 0, 0])]);
  pseudoHeader.writeUInt16BE(advert.body.length, 10);
  return unmet([
    [advert.body.length === 8 + 4 * advert.addressCount, `length ${advert.body.length}`],
    [internetChecksum(Buffer.concat([pseudoHeader, advert.body])) === 0, "bad VRRP checksum"],
    [(advert.body.readUInt8(4) & 0xf0) === 0, "reserved bits are set"],
    [advert.interval > 0, "interval zero"],
  ]);
}

function judgeArp(packet: ArpPacket, expected: Expectation): readonly string[] {
  // A reply to one machine is the kernel's answer while a takeover is not yet complete.
  const isAnswer = packet.operation === 2 && packet.destinationMac !== BROADCAST_MAC;
  const isGratuitous = packet.senderProtocol === packet.targetProtocol && !isAnswer;
  const always = unmet([
    [packet.hardwareType === 1 && packet.hardwareLength === 6, "not Ethernet hardware"],
    [packet.protocolType === 0x0800 && packet.protocolLength === 4, "not IPv4"],
    [packet.operation === 1 || packet.operation === 2, `operation ${packet.operation}`],
    [packet.senderHardware === packet.sourceMac, "sender hardware differs from the source"],
    [packet.padding.every((byte) => byte === 0), "padding is not zero"],
  ]);
  return [...always, ...(isGratuitous ? judgeGratuitous(packet, expected) : [])];
}

function judgeGratuitous(packet: ArpPacket, expected: Expectation): readonly string[] {
  return unmet([
    [packet.operation === 1, "gratuitous ARP is not a request"],
    [packet.destinationMac === BROADCAST_MAC, "gratuitous ARP is not broadcast"],
    [[BROADCAST_MAC, NO_MAC].includes(packet.targetHardware), `target hardware ${packet.targetHardware}`],
    [expected.virtualAddresses.includes(packet.senderProtocol), `announces ${packet.senderProtocol}`],
  ]);
}
