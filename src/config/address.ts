import { isIPv6 } from "node:net";
import type { AddressFamily, IpAddress } from "../model/units.ts";

/** A numeric address in canonical spelling. */
export interface ParsedAddress {
  readonly family: AddressFamily;
  readonly address: IpAddress;
}

export interface ParsedPrefix extends ParsedAddress {
  /** Null when the text has no `/`. */
  readonly prefixLength: number | null;
}

const LONGEST_ADDRESS = 45;

/** Reads a numeric address; host names and scope ids (`%eth0`) are refused. */
export function parseAddress(text: string): ParsedAddress | null {
  if (text.length > LONGEST_ADDRESS) return null;
  if (isIpv4(text)) return { family: "inet", address: text };
  if (!text.includes(":") || text.includes("%") || !isIPv6(text)) return null;
  return { family: "inet6", address: formatIpv6(readIpv6(text)) };
}

/** As `parseAddress`; what follows like a prefix length or the end of a range is overlooked, as by keepalived. */
export function parseHostAddress(text: string): ParsedAddress | null {
  return parseAddress(text.replace(/[/-].*$/s, ""));
}

/** Reads a numeric address, a link-local one with or without its interface (`fe80::1%eth0`). @returns its canonical spelling */
export function parseScopedAddress(text: string): string | null {
  const [word = "", scope] = text.split("%", 2);
  const address = parseAddress(word)?.address ?? null;
  if (scope === undefined || address === null) return address;
  const isScope = /^[^\s/%]{1,15}$/.test(scope) && text === `${word}%${scope}`;
  return isScope && /^fe[89ab]/.test(address) ? `${address}%${scope}` : null;
}

const DOT = 46;
const ZERO = 48;

/** Four decimal numbers up to 255 without leading zeros. By hand: it runs for every server of a large file. */
function isIpv4(text: string): boolean {
  let parts = 1;
  let digits = 0;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (character === DOT) {
      if (digits === 0) return false;
      parts++;
      digits = 0;
      value = 0;
      continue;
    }
    const digit = character - ZERO;
    if (digit < 0 || digit > 9 || (digits > 0 && value === 0)) return false;
    digits++;
    value = value * 10 + digit;
    if (value > 255) return false;
  }
  return parts === 4 && digits > 0;
}

/** Reads `ADDRESS` or `ADDRESS/PREFIX`, the prefix 0..32 or 0..128. */
export function parsePrefix(text: string): ParsedPrefix | null {
  const slash = text.indexOf("/");
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === null) return null;
  if (slash < 0) return { ...address, prefixLength: null };
  const digits = text.slice(slash + 1);
  const prefixLength = Number(digits);
  if (!/^[0-9]{1,3}$/.test(digits) || prefixLength > addressBits(address.family)) return null;
  return { ...address, prefixLength };
}

/** 32 or 128. */
export function addressBits(family: AddressFamily): 32 | 128 {
  return family === "inet" ? 32 : 128;
}

/** An IPv4 address as an unsigned number in host order. */
export function ipv4ToNumber(address: IpAddress): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function numberToIpv4(value: number): IpAddress {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
}

/** Eight 16-bit groups of a valid IPv6 address. */
export function readIpv6(text: string): readonly number[] {
  const mapped = /^(.*:)([0-9]+\.[0-9.]+)$/.exec(text);
  const plain = mapped === null ? text : (mapped[1] ?? "") + ipv4Groups(mapped[2] ?? "");
  const [head = "", tail] = plain.split("::");
  const before = head === "" ? [] : head.split(":");
  if (tail === undefined) return before.map(readGroup);
  const after = tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].map(readGroup);
}

function readGroup(digits: string): number {
  return Number.parseInt(digits, 16);
}

function ipv4Groups(address: string): string {
  const value = ipv4ToNumber(address);
  return `${Math.floor(value / 65536).toString(16)}:${(value % 65536).toString(16)}`;
}

/** @see RFC 5952 §4 and §5 (mixed notation for IPv4-mapped addresses) */
export function formatIpv6(groups: readonly number[]): IpAddress {
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) return `::ffff:${numberToIpv4((groups[6] ?? 0) * 65536 + (groups[7] ?? 0))}`;
  const { start, length } = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(":");
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}

function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let i = 0; i <= groups.length; i++) {
    if (i < groups.length && groups[i] === 0) continue;
    if (i - start > best.length) best = { start, length: i - start };
    start = i + 1;
  }
  return best;
}

export function isMulticast(parsed: ParsedAddress): boolean {
  if (parsed.family === "inet6") return parsed.address.startsWith("ff");
  const first = Number(parsed.address.slice(0, parsed.address.indexOf(".")));
  return first >= 224 && first < 240;
}

/** fe80::/10 */
export function isLinkLocal(parsed: ParsedAddress): boolean {
  return parsed.family === "inet6" && /^fe[89ab]/.test(parsed.address);
}
