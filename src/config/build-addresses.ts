import type { AddressFlags, ConfiguredAddress } from "../model/addressing.ts";
import type { SourcePlace } from "../model/units.ts";
import { addressBits, ipv4ToNumber, numberToIpv4, type ParsedPrefix, parseAddress, parsePrefix } from "./address.ts";
import type { BuildContext } from "./context.ts";
import { placeOf } from "./tree.ts";
import { readInteger } from "./values.ts";
import type { Statement } from "./words.ts";

const LONGEST_NAME = 15;

/** Where addresses stand, and what that means for them. */
export interface AddressRules {
  readonly isStatic: boolean;
  readonly allowsMissingInterfaces: boolean;
  /** Names that static ones may follow. */
  readonly trackGroups?: ReadonlySet<string>;
}

type Draft = { -readonly [K in keyof Omit<ConfiguredAddress, "flags">]: ConfiguredAddress[K] } & {
  flags: { -readonly [K in keyof AddressFlags]: AddressFlags[K] };
};

/** Reads the lines of `virtual_ipaddress` and its relatives; a bad line is reported and left out. */
export function buildAddresses(
  lines: readonly Statement[],
  rules: AddressRules,
  context: BuildContext,
): readonly ConfiguredAddress[] {
  return lines.map((line) => buildAddress(line, rules, context)).filter((address) => address !== null);
}

function buildAddress(line: Statement, rules: AddressRules, context: BuildContext): ConfiguredAddress | null {
  const first = line.words[0] ?? "";
  const parsed = parsePrefix(first) ?? repairPrefix(first, line, context);
  if (parsed === null) {
    context.reporter.add("bad-address", `"${first}" is not an IP address with an optional prefix`, placeOf(line));
    return null;
  }
  const draft = newDraft(parsed, line);
  for (let index = 1; index < line.words.length; ) {
    const word = line.words[index] ?? "";
    const reading = readOption(draft, line, index, { rules, context });
    if (reading.problem !== null) {
      context.reporter.add("bad-option", `${word}: ${reading.problem}`, placeOf(line, index));
      if (reading.isFatal) return null;
    }
    index += reading.used;
  }
  if (draft.peer !== null && parsed.prefixLength !== null) {
    context.reporter.add("bad-option", "the prefix belongs to the peer: ADDRESS peer PEER/PREFIX", placeOf(line));
  }
  checkInterface(draft, line, rules, context);
  draft.trackGroup = knownGroup(draft.trackGroup, rules, draft.place, context);
  return draft;
}

/** keepalived: a prefix length out of range is that of a host, and what follows a number is overlooked. */
function repairPrefix(text: string, line: Statement, context: BuildContext): ParsedPrefix | null {
  const [head = "", tail] = text.split("/", 2);
  const address = parseAddress(head);
  if (address === null || tail === undefined) return null;
  const most = addressBits(address.family);
  const { value } = readInteger(tail);
  const prefixLength = value !== null && value >= 0 && value <= most ? value : most;
  const message = `"${text}": a prefix length is a number from 0 to ${most}; ${prefixLength} is used`;
  context.reporter.add("number-out-of-range", message, placeOf(line));
  return { ...address, prefixLength };
}

/** @returns a track group's name; null and a diagnostic when it is not known, as one that stands behind is not yet */
export function knownGroup(
  name: string | null,
  { trackGroups }: Pick<AddressRules, "trackGroups">,
  place: SourcePlace,
  { reporter }: BuildContext,
): string | null {
  if (name === null || trackGroups?.has(name) !== false) return name;
  reporter.add("undefined-reference", `there is no track_group ${name} before this`, place);
  return null;
}

function checkInterface(draft: Draft, line: Statement, rules: AddressRules, context: BuildContext): void {
  const { interfaces } = context.host;
  const name = draft.interfaceName;
  if (name === null || interfaces === null || interfaces.has(name) || rules.allowsMissingInterfaces) return;
  const code = rules.isStatic ? "missing-interface-static" : "missing-interface";
  context.reporter.add(code, `there is no interface ${name}`, placeOf(line, line.words.indexOf("dev") + 1));
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
    flags: {
      isHome: false,
      detectsDuplicates: false,
      managesTemporary: false,
      hasNoPrefixRoute: false,
      joinsMulticast: false,
    },
    preferredLifetime: null,
    isTracked: true,
    usesVmac: false,
    trackGroup: null,
    place: placeOf(line),
  };
}

interface OptionReading {
  /** Words used up, at least one. */
  readonly used: number;
  readonly problem: string | null;
  /** The address is left out. */
  readonly isFatal: boolean;
}

function octetsOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** keepalived: whether an option that can't be takes its address along; most are left out alone. */
function takesAlong(name: string, draft: Draft, value: string): boolean {
  if (name === "dev") return true;
  if (name === "label") return draft.family === "inet" && octetsOf(value) > LONGEST_NAME;
  return (name === "brd" || name === "broadcast") && value !== "+" && value !== "-" && draft.peer === null;
}

const NO_OPTION: OptionReading = { used: 1, problem: "not an address option here", isFatal: false };
const FLAG: OptionReading = { used: 1, problem: null, isFatal: false };

interface OptionSurroundings {
  readonly rules: AddressRules;
  readonly context: BuildContext;
}

function readOption(
  draft: Draft,
  line: Statement,
  index: number,
  { rules, context }: OptionSurroundings,
): OptionReading {
  const name = line.words[index] ?? "";
  if (name === (rules.isStatic ? "use_vmac" : "track_group")) return NO_OPTION;
  if (setFlag(draft, name)) return FLAG;
  const setter = SETTERS.get(name);
  if (setter === undefined) return NO_OPTION;
  const value = line.words[index + 1];
  if (value === undefined) return { used: 1, problem: "needs a value", isFatal: true };
  const problem = setter(draft, value, context);
  return { used: 2, problem, isFatal: problem !== null && takesAlong(name, draft, value) };
}

function setFlag(draft: Draft, name: string): boolean {
  switch (name) {
    case "home":
      draft.flags.isHome = true;
      return true;
    case "-nodad":
      draft.flags.detectsDuplicates = true;
      return true;
    case "mngtmpaddr":
      draft.flags.managesTemporary = true;
      return true;
    case "noprefixroute":
      draft.flags.hasNoPrefixRoute = true;
      return true;
    case "autojoin":
      draft.flags.joinsMulticast = true;
      return true;
    case "no_track":
      draft.isTracked = false;
      return true;
    case "use_vmac":
      draft.usesVmac = true;
      return true;
    default:
      return false;
  }
}

/** Each returns what is wrong with the value. */
type Setter = (draft: Draft, value: string, context: BuildContext) => string | null;

const SETTERS: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  ["dev", setInterface],
  ["scope", setScope],
  ["brd", setBroadcast],
  ["broadcast", setBroadcast],
  ["label", setLabel],
  ["peer", setPeer],
  ["preferred_lft", setLifetime],
  ["track_group", setTrackGroup],
]);

function setInterface(draft: Draft, value: string): string | null {
  if (value.length > LONGEST_NAME) return "an interface name has at most 15 characters";
  if (draft.interfaceName !== null) return "the interface is given already";
  draft.interfaceName = value;
  return null;
}

function setScope(draft: Draft, value: string, context: BuildContext): string | null {
  if (draft.family === "inet6") return "IPv6 addresses have no scope option";
  const scope = context.names.find("rt_scopes", value, 255);
  if (scope === null) return `"${value}" is not a scope`;
  draft.scope = scope;
  return null;
}

function setLabel(draft: Draft, value: string): string | null {
  if (draft.family === "inet6") return "IPv6 addresses have no labels";
  if (octetsOf(value) > LONGEST_NAME) return "a label has at most 15 characters";
  draft.label = value;
  return null;
}

function setTrackGroup(draft: Draft, value: string): null {
  draft.trackGroup = value;
  return null;
}

function setLifetime(draft: Draft, value: string): string | null {
  if (value === "forever") {
    draft.preferredLifetime = value;
    return null;
  }
  const { value: seconds, problem } = readInteger(value);
  if (seconds === null || problem !== "none" || seconds < 0 || seconds > 0xffffffff)
    return `"${value}" is not a lifetime`;
  draft.preferredLifetime = seconds;
  return null;
}

function setBroadcast(draft: Draft, value: string): string | null {
  if (draft.family !== "inet") return "only IPv4 has broadcast addresses";
  if (draft.peer !== null) return "an address with a peer has no broadcast address";
  if (value !== "+" && value !== "-") {
    const parsed = parseAddress(value);
    if (parsed?.family !== "inet") return `"${value}" is not an IPv4 address`;
    draft.broadcast = parsed.address;
    return null;
  }
  if (draft.prefixLength > 30) return "the network has no broadcast address";
  const size = 2 ** (32 - draft.prefixLength);
  const address = ipv4ToNumber(draft.address);
  draft.broadcast = numberToIpv4(address - (address % size) + (value === "+" ? size - 1 : 0));
  return null;
}

function setPeer(draft: Draft, value: string): string | null {
  const parsed = parsePrefix(value);
  if (parsed === null || parsed.family !== draft.family) return `"${value}" is not an address of the same family`;
  if (draft.peer !== null) return "the peer is given already";
  draft.peer = parsed.address;
  draft.prefixLength = parsed.prefixLength ?? addressBits(parsed.family);
  draft.broadcast = null;
  return null;
}
