import type { ConfiguredRule, RuleAction } from "../model/addressing.ts";
import { knownGroup } from "./build-addresses.ts";
import { OWN_PROTOCOL, type RoutingRules } from "./build-routes.ts";
import type { BuildContext } from "./context.ts";
import { readCNumber } from "./name-tables.ts";
import { OptionReader, readRealms } from "./option-reader.ts";
import { placeOf } from "./tree.ts";
import type { Statement } from "./words.ts";

const FIRST_DEFAULT_PRIORITY = 16384;

type Draft = { -readonly [K in keyof Omit<ConfiguredRule, "action">]: ConfiguredRule[K] } & {
  action: RuleAction | null;
  hasPriority: boolean;
};

/** Reads `virtual_rules` and `static_rules`; hands out priorities to rules that have none, downwards. */
export class RuleBuilder {
  private readonly context: BuildContext;
  private readonly nextPriority = { inet: FIRST_DEFAULT_PRIORITY, inet6: FIRST_DEFAULT_PRIORITY };

  constructor(context: BuildContext) {
    this.context = context;
  }

  build(lines: readonly Statement[], rules: RoutingRules): readonly ConfiguredRule[] {
    return lines
      .map((line) => {
        const reader = new OptionReader(line, this.context);
        return reader.attempt(() => this.readRule(reader, rules));
      })
      .filter((rule) => rule !== null);
  }

  private readRule(reader: OptionReader, rules: RoutingRules): ConfiguredRule {
    const draft = newDraft(reader.line);
    while (!reader.isAtEnd) readOption(draft, reader.next("rule"), reader, rules);
    const { action, hasPriority, ...rule } = draft;
    if (action === null && !draft.usesL3mdev) reader.fail("the rule has no action; give it a table");
    checkInterfaces(draft, rules, reader);
    rule.trackGroup = knownGroup(rule.trackGroup, rules, rule.place, this.context);
    if (rule.protocol !== OWN_PROTOCOL && rule.isTracked) {
      reader.warn(`only rules of protocol ${OWN_PROTOCOL} can be tracked, so that protocol is used; add no_track`);
      rule.protocol = OWN_PROTOCOL;
    }
    const family = reader.family ?? "inet";
    if (!hasPriority) {
      rule.priority = this.nextPriority[family]--;
      reader.warn(`the rule has no preference, ${rule.priority} is used`);
    }
    return { ...rule, family, action: action ?? { kind: "table", table: 0 } };
  }
}

function newDraft(line: Statement): Draft {
  return {
    family: "inet",
    source: null,
    destination: null,
    isInverted: false,
    priority: 0,
    hasPriority: false,
    tos: 0,
    fwmark: null,
    realms: null,
    suppressPrefixLength: null,
    suppressInterfaceGroup: null,
    inputInterface: null,
    outputInterface: null,
    tunnelId: null,
    uidRange: null,
    usesL3mdev: false,
    protocol: OWN_PROTOCOL,
    ipProtocol: null,
    sourcePorts: null,
    destinationPorts: null,
    action: null,
    isTracked: true,
    trackGroup: null,
    place: placeOf(line),
  };
}

function checkInterfaces(draft: Draft, rules: RoutingRules, reader: OptionReader): void {
  const { interfaces } = reader.context.host;
  for (const name of [draft.inputInterface, draft.outputInterface]) {
    if (name === null || interfaces === null || interfaces.has(name) || rules.allowsMissingInterfaces) continue;
    const code = rules.isStatic ? "missing-interface-static" : "missing-interface";
    reader.context.reporter.add(code, `there is no interface ${name}`, placeOf(reader.line));
  }
}

type Setter = (draft: Draft, reader: OptionReader, option: string) => void;

function selector(reader: OptionReader, option: string): ConfiguredRule["source"] {
  const word = reader.peek();
  if (word !== "default" && word !== "any" && word !== "all") return reader.prefix(option);
  reader.index++;
  return null;
}

function setTable(draft: Draft, reader: OptionReader, option: string): void {
  const word = reader.next(option);
  const table = reader.context.names.find("rt_tables", word, 0xffffffff);
  if (table === null || table === 0) reader.fail(`${option}: "${word}" is not a routing table`);
  setAction(draft, reader, { kind: "table", table: table ?? 0 });
}

function setAction(draft: Draft, reader: OptionReader, action: RuleAction): void {
  if (draft.action !== null) reader.fail("a rule has one action");
  draft.action = action;
}

function setPriority(draft: Draft, reader: OptionReader, option: string): void {
  draft.priority = cNumber(reader, option);
  draft.hasPriority = true;
}

function cNumber(reader: OptionReader, option: string): number {
  const word = reader.next(option);
  const value = readCNumber(word);
  return value !== null && value <= 0xffffffff ? value : reader.fail(`${option}: "${word}" is not a number`);
}

function setTos(draft: Draft, reader: OptionReader, option: string): void {
  const word = reader.next(option);
  draft.tos = reader.context.names.find("rt_dsfield", word, 255) ?? reader.fail(`${option}: "${word}" is not a TOS`);
}

function setFwmark(draft: Draft, reader: OptionReader, option: string): void {
  const [mark = "", mask] = reader.next(option).split("/");
  const markNumber = readCNumber(mark);
  const maskNumber = mask === undefined ? null : readCNumber(mask);
  if (markNumber === null || (mask !== undefined && maskNumber === null)) reader.fail(`${option} is MARK or MARK/MASK`);
  draft.fwmark = { mark: markNumber ?? 0, mask: maskNumber };
}

function setRealms(draft: Draft, reader: OptionReader, option: string): void {
  const word = reader.next(option);
  draft.realms = readRealms(word, reader.context) ?? reader.fail(`${option}: "${word}" is not a realm`);
}

function range(reader: OptionReader, option: string, maximum: number): readonly [number, number] {
  const word = reader.next(option);
  const match = /^([0-9]{1,10})-([0-9]{1,10})$/.exec(word);
  const [from, to] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || from > to || to > maximum) return reader.fail(`${option}: "${word}" is not a range FROM-TO`);
  return [from, to];
}

function setGroup(draft: Draft, reader: OptionReader, option: string): void {
  const word = reader.next(option);
  draft.suppressInterfaceGroup =
    reader.context.names.find("group", word, 0xffffffff) ?? reader.fail(`${option}: "${word}" is not a group`);
}

const IP_PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ["icmp", 1],
  ["igmp", 2],
  ["tcp", 6],
  ["udp", 17],
  ["gre", 47],
  ["esp", 50],
  ["ah", 51],
  ["ipv6-icmp", 58],
  ["ospf", 89],
  ["vrrp", 112],
  ["sctp", 132],
]);

function setIpProtocol(draft: Draft, reader: OptionReader, option: string): void {
  const known = IP_PROTOCOLS.get(reader.peek() ?? "");
  if (known === undefined) draft.ipProtocol = reader.integer(option, 0, 255);
  else {
    draft.ipProtocol = known;
    reader.index++;
  }
}

function setSuppressLength(draft: Draft, reader: OptionReader, option: string): void {
  draft.suppressPrefixLength = reader.integer(option, 0, 0x7fffffff);
}

function setInput(draft: Draft, reader: OptionReader, option: string): void {
  draft.inputInterface = reader.next(option);
}

const SETTERS: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  [
    "from",
    (draft, reader, option) => {
      draft.source = selector(reader, option);
    },
  ],
  [
    "to",
    (draft, reader, option) => {
      draft.destination = selector(reader, option);
    },
  ],
  ["table", setTable],
  ["lookup", setTable],
  [
    "not",
    (draft) => {
      draft.isInverted = true;
    },
  ],
  ["preference", setPriority],
  ["order", setPriority],
  ["priority", setPriority],
  ["tos", setTos],
  ["dsfield", setTos],
  ["fwmark", setFwmark],
  ["realms", setRealms],
  ["suppress_prefixlength", setSuppressLength],
  ["sup_pl", setSuppressLength],
  ["suppress_ifgroup", setGroup],
  ["sup_group", setGroup],
  ["dev", setInput],
  ["iif", setInput],
  [
    "oif",
    (draft, reader, option) => {
      draft.outputInterface = reader.next(option);
    },
  ],
  ["tunnel-id", setTunnelId],
  [
    "uidrange",
    (draft, reader, option) => {
      draft.uidRange = range(reader, option, 0xffffffff);
    },
  ],
  [
    "l3mdev",
    (draft) => {
      draft.usesL3mdev = true;
    },
  ],
  ["protocol", setProtocol],
  ["ipproto", setIpProtocol],
  [
    "sport",
    (draft, reader, option) => {
      draft.sourcePorts = range(reader, option, 65535);
    },
  ],
  [
    "dport",
    (draft, reader, option) => {
      draft.destinationPorts = range(reader, option, 65535);
    },
  ],
  [
    "no_track",
    (draft) => {
      draft.isTracked = false;
    },
  ],
  [
    "track_group",
    (draft, reader, option) => {
      draft.trackGroup = reader.next(option);
    },
  ],
  ["inet", (_draft, reader) => reader.setFamily("inet")],
  ["inet6", (_draft, reader) => reader.setFamily("inet6")],
  ["type", () => undefined],
  ["goto", (draft, reader, option) => setAction(draft, reader, { kind: "goto", priority: cNumber(reader, option) })],
]);

function setProtocol(draft: Draft, reader: OptionReader, option: string): void {
  const word = reader.next(option);
  draft.protocol =
    reader.context.names.find("rt_protos", word, 255) ?? reader.fail(`${option}: "${word}" is not a protocol`);
}

function setTunnelId(draft: Draft, reader: OptionReader, option: string): void {
  const word = reader.next(option);
  if (!/^[0-9]{1,20}$/.test(word)) reader.fail(`${option}: "${word}" is not a number`);
  draft.tunnelId = word;
}

function readOption(draft: Draft, word: string, reader: OptionReader, { isStatic }: RoutingRules): void {
  const setter = SETTERS.get(word);
  if (setter !== undefined && (isStatic || word !== "track_group")) setter(draft, reader, word);
  else if (word === "nop" || word === "blackhole" || word === "unreachable" || word === "prohibit") {
    setAction(draft, reader, { kind: word });
  } else reader.fail(`"${word}" is not an option of a rule`);
}
