import type { VirtualAddress } from "../model/vrrp.ts";
import { addressBits, ipv4ToNumber, numberToIpv4, type ParsedPrefix, parseAddress, parsePrefix } from "./address.ts";
import type { BuildContext } from "./context.ts";
import { placeOf } from "./tree.ts";
import { readInteger } from "./values.ts";
import type { Statement } from "./words.ts";

const SCOPES: ReadonlyMap<string, number> = new Map([
  ["global", 0],
  ["site", 200],
  ["link", 253],
  ["host", 254],
  ["nowhere", 255],
]);
const LONGEST_NAME = 15;

type Draft = { -readonly [K in keyof VirtualAddress]: VirtualAddress[K] };

/** Reads the lines of `virtual_ipaddress` and its relatives; a bad line is reported and left out. */
export function buildAddresses(lines: readonly Statement[], context: BuildContext): readonly VirtualAddress[] {
  return lines.map((line) => buildAddress(line, context)).filter((address) => address !== null);
}

function buildAddress(line: Statement, context: BuildContext): VirtualAddress | null {
  const first = line.words[0] ?? "";
  const parsed = parsePrefix(first);
  if (parsed === null) {
    context.reporter.add("bad-address", `"${first}" is not an IP address with an optional prefix`, placeOf(line));
    return null;
  }
  const draft = newDraft(parsed, line);
  let index = 1;
  while (index < line.words.length) {
    const next = readOption(draft, line, index, context);
    if (next === null) return null;
    index = next;
  }
  return draft;
}

function newDraft(parsed: ParsedPrefix, line: Statement): Draft {
  return {
    family: parsed.family,
    address: parsed.address,
    prefixLength: parsed.prefixLength ?? addressBits(parsed.family),
    interfaceName: null,
    scope: 0,
    label: null,
    broadcast: null,
    peer: null,
    place: placeOf(line),
  };
}

/** @returns the index of the next option, null when the address is unusable */
function readOption(draft: Draft, line: Statement, index: number, context: BuildContext): number | null {
  const name = line.words[index] ?? "";
  if (VALUELESS.has(name)) return index + 1;
  const value = line.words[index + 1];
  if (!VALUED.has(name)) {
    context.reporter.add("bad-option", `"${name}" is not an address option`, placeOf(line, index));
    return index + 1;
  }
  if (value === undefined) {
    context.reporter.add("bad-option", `"${name}" needs a value`, placeOf(line, index));
    return index + 1;
  }
  const problem = applyOption(draft, name, value);
  if (problem !== null) context.reporter.add("bad-option", `${name}: ${problem}`, placeOf(line, index + 1));
  return index + 2;
}

const VALUELESS = new Set(["home", "-nodad", "mngtmpaddr", "noprefixroute", "autojoin", "no_track", "use_vmac"]);
const VALUED = new Set(["dev", "scope", "brd", "broadcast", "label", "peer", "preferred_lft", "track_group"]);

/** @returns what is wrong with the value */
function applyOption(draft: Draft, name: string, value: string): string | null {
  switch (name) {
    case "dev":
      if (value.length > LONGEST_NAME) return "an interface name has at most 15 characters";
      draft.interfaceName = value;
      return null;
    case "scope":
      return applyScope(draft, value);
    case "label":
      if (value.length > LONGEST_NAME) return "a label has at most 15 characters";
      draft.label = value;
      return null;
    case "brd":
    case "broadcast":
      return applyBroadcast(draft, value);
    case "peer":
      return applyPeer(draft, value);
    default:
      return null;
  }
}

function applyScope(draft: Draft, value: string): string | null {
  const scope = SCOPES.get(value) ?? readInteger(value).value;
  if (scope === null || scope < 0 || scope > 255) return `"${value}" is not a scope`;
  draft.scope = scope;
  return null;
}

function applyBroadcast(draft: Draft, value: string): string | null {
  if (draft.family !== "inet") return "only IPv4 has broadcast addresses";
  if (value !== "+" && value !== "-") {
    const parsed = parseAddress(value);
    if (parsed?.family !== "inet") return `"${value}" is not an IPv4 address`;
    draft.broadcast = parsed.address;
    return null;
  }
  if (draft.prefixLength > 30) return "the network has no broadcast address";
  const hostBits = 2 ** (32 - draft.prefixLength) - 1;
  const network = ipv4ToNumber(draft.address) - (ipv4ToNumber(draft.address) % (hostBits + 1));
  draft.broadcast = numberToIpv4(network + (value === "+" ? hostBits : 0));
  return null;
}

function applyPeer(draft: Draft, value: string): string | null {
  const parsed = parsePrefix(value);
  if (parsed === null || parsed.family !== draft.family) return `"${value}" is not an address of the same family`;
  draft.peer = parsed.address;
  draft.prefixLength = parsed.prefixLength ?? addressBits(parsed.family);
  return null;
}
