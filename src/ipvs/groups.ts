import type { GroupMember, VirtualServerGroup } from "../model/checks.ts";
import type { AddressFamily, IpAddress } from "../model/units.ts";
import type { IpvsServiceKey, TransportProtocol } from "../native/contract.ts";

/** `virtual_server_group` blocks by name. */
export type GroupMembers = ReadonlyMap<string, readonly GroupMember[]>;

export const NO_GROUPS: GroupMembers = new Map();

/** Wider ranges are a mistake; keepalived allows 255 addresses. */
const LARGEST_RANGE = 65_536;

/** keepalived: the first one of a name counts. */
export function indexGroups(groups: readonly VirtualServerGroup[]): GroupMembers {
  return new Map(groups.toReversed().map(({ name, members }) => [name, members]));
}

/**
 * The services of one member: one, or one for each address of a range.
 * @param protocol of the virtual server that uses the group; null for one of firewall marks only
 * @param family of the virtual server, for firewall marks that name none
 */
export function memberKeys(
  member: GroupMember,
  protocol: TransportProtocol | null,
  family: AddressFamily,
): readonly IpvsServiceKey[] {
  switch (member.kind) {
    case "address":
      return [{ family: member.family, fwmark: 0, protocol, address: member.address, port: member.port }];
    case "range":
      return rangeAddresses(member.family, member.from, member.to).map((address) => ({
        family: member.family,
        fwmark: 0,
        protocol,
        address,
        port: member.port,
      }));
    case "fwmark":
      return [{ family: member.family ?? family, fwmark: member.fwmark, protocol: null, address: null, port: 0 }];
  }
}

/** All addresses from the first to the last, canonical; empty when the last comes before the first. */
export function rangeAddresses(family: AddressFamily, from: IpAddress, to: IpAddress): IpAddress[] {
  const [parse, format] = family === "inet" ? [parseIpv4, formatIpv4] : [parseIpv6, formatIpv6];
  const first = parse(from);
  const count = Math.min(Number(parse(to) - first) + 1, LARGEST_RANGE);
  return Array.from({ length: Math.max(0, count) }, (_, index) => format(first + BigInt(index)));
}

function parseIpv4(text: IpAddress): bigint {
  return text.split(".").reduce((value, octet) => value * 256n + BigInt(octet), 0n);
}

function formatIpv4(value: bigint): IpAddress {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
}

function parseIpv6(text: IpAddress): bigint {
  const [head = "", tail] = text.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].reduce((value, word) => value * 65_536n + BigInt(`0x${word}`), 0n);
}

/** The longest run of two or more zero words, the first of equal ones, becomes `::`. @see RFC 5952 §4.2 */
function formatIpv6(value: bigint): IpAddress {
  const words = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  const text = words.join(":");
  const runs = [...text.matchAll(/\b0(?::0)+\b/g)];
  const [longest] = runs.toSorted((a, b) => b[0].length - a[0].length || a.index - b.index);
  if (longest === undefined) return text;
  const head = text.slice(0, longest.index).replace(/:$/, "");
  const tail = text.slice(longest.index + longest[0].length).replace(/^:/, "");
  return `${head}::${tail}`;
}
