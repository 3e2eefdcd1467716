import type { GroupMember, TlsMaterial, VirtualServerGroup } from "../model/checks.ts";
import type { AddressFamily } from "../model/units.ts";
import {
  formatIpv6,
  ipv4ToNumber,
  numberToIpv4,
  type ParsedAddress,
  parseAddress,
  parsePrefix,
  readIpv6,
} from "./address.ts";
import type { BuildContext } from "./context.ts";
import { Settings } from "./settings.ts";
import { type Entry, endOf, placeOf } from "./tree.ts";
import { readInteger } from "./values.ts";
import type { Statement } from "./words.ts";

/** @returns null for a group that has no usable member */
export function buildServerGroup(entry: Entry, context: BuildContext): VirtualServerGroup | null {
  const name = entry.statement.words[1] ?? "";
  const members = entry.lines.map((line) => readMember(line, context)).filter((member) => member !== null);
  const fault = faultOf(members);
  if (fault === null) return { name, members, place: placeOf(entry.statement) };
  context.reporter.add("lvs-dropped", `virtual_server_group ${name} ${fault}`, endOf(entry));
  return null;
}

function faultOf(members: readonly GroupMember[]): string | null {
  if (members.length === 0) return "has no members";
  if (familiesOf({ members }).size < 2 || members.every(({ family }) => family !== null)) return null;
  return "has IPv4 and IPv6, so each of its firewall marks has to name its family";
}

/** Those that its members name; only tunnels lead from both to one server. */
export function familiesOf({ members }: Pick<VirtualServerGroup, "members">): ReadonlySet<AddressFamily> {
  return new Set(members.map(({ family }) => family).filter((family) => family !== null));
}

/**
 * @param family what the virtual server's words tell, null for nothing: all servers are behind tunnels
 * @returns why it can't have the group, null when it can
 */
export function familyMisfit(group: VirtualServerGroup, family: AddressFamily | null): string | null {
  const families = familiesOf(group);
  if (family === null || families.size === 0) return null;
  if (families.size > 1) {
    return `group ${group.name} has IPv4 and IPv6, for which all servers have to be of TUN, and no word tells a family`;
  }
  return families.has(family) ? null : `group ${group.name} has other addresses than this one's servers or words tell`;
}

/** Such a group has no protocol. */
export function isMarkedOnly(group: VirtualServerGroup): boolean {
  return group.members.every(({ kind }) => kind === "fwmark");
}

function readMember(line: Statement, context: BuildContext): GroupMember | null {
  const [first = "", second] = line.words;
  if (first === "fwmark") return readFwmark(line, context);
  const port = second === undefined ? 0 : (readInteger(second).value ?? -1);
  if (port < 0 || port > 65535) {
    context.reporter.add("bad-value", `"${second ?? ""}" is not a port`, placeOf(line, 1));
    return null;
  }
  const member = readAddresses(first, port);
  if (typeof member !== "string") return member;
  context.reporter.add("bad-address", member, placeOf(line));
  return null;
}

function readFwmark(line: Statement, context: BuildContext): GroupMember | null {
  const [, mark = "", family] = line.words;
  const { value, problem } = readInteger(mark);
  if (value !== null && problem === "none" && value >= 0 && value <= 0xffffffff) {
    return { kind: "fwmark", fwmark: value, family: family === "inet" || family === "inet6" ? family : null };
  }
  context.reporter.add("bad-value", `"${mark}" is not a firewall mark`, placeOf(line, 1));
  return null;
}

/** `IP`, `IP-LAST`, `IP-IP` or `IP/MASK`; a text says what is wrong. */
function readAddresses(word: string, port: number): GroupMember | string {
  const [head = "", tail] = word.split("-");
  if (word.includes("/")) return readNetwork(word, port);
  const from = parseAddress(head);
  if (from === null) return `"${head}" is not an IP address`;
  if (tail === undefined) return { kind: "address", ...from, port };
  const to = readRangeEnd(from, tail);
  if (to === null || compareAddresses(from.address, to, from.family) > 0) {
    return `"${word}" is not a range; IPv4 ends with a decimal last octet, IPv6 with hexadecimal last 16 bits`;
  }
  return { kind: "range", family: from.family, from: from.address, to, port };
}

function readRangeEnd(from: ParsedAddress, tail: string): string | null {
  const whole = parseAddress(tail);
  if (whole !== null) return whole.family === from.family ? whole.address : null;
  if (from.family === "inet") {
    if (!/^[0-9]{1,3}$/.test(tail) || Number(tail) > 255) return null;
    return from.address.replace(/[0-9]+$/, String(Number(tail)));
  }
  if (!/^[0-9a-fA-F]{1,4}$/.test(tail)) return null;
  return formatIpv6([...readIpv6(from.address).slice(0, 7), Number.parseInt(tail, 16)]);
}

function compareAddresses(a: string, b: string, family: AddressFamily): number {
  if (family === "inet") return ipv4ToNumber(a) - ipv4ToNumber(b);
  const groupsB = readIpv6(b);
  for (const [index, group] of readIpv6(a).entries()) {
    const difference = group - (groupsB[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** All addresses of a network; its host bits must be zero. */
function readNetwork(word: string, port: number): GroupMember | string {
  const prefix = parsePrefix(word);
  if (prefix === null || prefix.prefixLength === null) return `"${word}" is not an address with a mask`;
  const { family, address, prefixLength } = prefix;
  if (family === "inet") {
    const size = 2 ** (32 - prefixLength);
    const first = ipv4ToNumber(address);
    if (first % size !== 0) return `the host bits of "${word}" are not zero`;
    return { kind: "range", family, from: address, to: numberToIpv4(first + size - 1), port };
  }
  const groups = readIpv6(address);
  const last = groups.map((group, index) => group | hostMask(prefixLength - index * 16));
  const hasHostBits = groups.some((group, index) => (group & hostMask(prefixLength - index * 16)) !== 0);
  if (hasHostBits) return `the host bits of "${word}" are not zero`;
  return { kind: "range", family, from: address, to: formatIpv6(last), port };
}

/** Host bits of one 16-bit group, so many bits of which belong to the network. */
function hostMask(networkBits: number): number {
  return networkBits >= 16 ? 0 : networkBits <= 0 ? 0xffff : 0xffff >> networkBits;
}

/** The last `SSL` block counts. */
export function buildTls(root: Settings, context: BuildContext): TlsMaterial | null {
  const blocks = root.all("SSL");
  const block = blocks.at(-1);
  if (block === undefined) return null;
  for (const { statement } of blocks.slice(1)) {
    context.reporter.add("duplicate", "an SSL block is there already; the last one counts", placeOf(statement));
  }
  for (const each of blocks) reportRepetitions(each, context);
  for (const entry of block.entries) reportUnusableFile(entry, context);
  const settings = new Settings(block.entries, context.reporter);
  return {
    password: settings.text("password"),
    caFile: settings.text("ca"),
    certificateFile: settings.text("certificate"),
    keyFile: settings.text("key"),
  };
}

const TLS_FILES: Readonly<Record<string, string>> = {
  certificate: "every SSL_GET fails",
  key: "every SSL_GET fails",
  ca: "SSL_GET does without it",
};

/** Without a word here the checks would only fail, as if it were the servers. */
function reportUnusableFile({ keyword, statement }: Entry, { host, reporter }: BuildContext): void {
  const consequence = TLS_FILES[keyword.name];
  const path = statement.words[1];
  if (consequence === undefined || path === undefined) return;
  const { kind } = host.readFile(path);
  if (kind === "text" || kind === "executable") return;
  const what = kind === "missing" ? "is not there" : "is no readable file";
  reporter.add("unusable-tls-file", `${keyword.name} ${path} ${what}: ${consequence}`, placeOf(statement));
}

function reportRepetitions(block: Entry, context: BuildContext): void {
  const seen = new Set<string>();
  for (const { keyword, statement } of block.entries) {
    if (seen.has(keyword.name))
      context.reporter.add("duplicate", `${keyword.name} is given already`, placeOf(statement));
    seen.add(keyword.name);
  }
}
