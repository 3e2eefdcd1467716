import type { ConfiguredRule, RuleAction } from "../model/addressing.ts";
import type { PreparedObject } from "../native/contract.ts";
import { familyNumber, NetlinkWriter, NLM_F_CREATE, NLM_F_EXCL } from "./netlink-writer.ts";

const RTM_NEWRULE = 32;
const RTM_DELRULE = 33;
/** @see linux/fib_rules.h, FRA_* */
const ATTRIBUTE = {
  destination: 1,
  source: 2,
  inputInterface: 3,
  goto: 4,
  priority: 6,
  fwmark: 10,
  flow: 11,
  tunnelId: 12,
  suppressGroup: 13,
  suppressPrefix: 14,
  table: 15,
  fwmask: 16,
  outputInterface: 17,
  l3mdev: 19,
  uidRange: 20,
  protocol: 21,
  ipProtocol: 22,
  sourcePorts: 23,
  destinationPorts: 24,
} as const;
const ACTION: Readonly<Record<RuleAction["kind"], number>> = {
  table: 1,
  goto: 2,
  nop: 3,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
};
const FIB_RULE_INVERT = 2;
const LARGEST_OLD_TABLE = 255;

export function ruleMessages(rule: ConfiguredRule): PreparedObject {
  const payload = encode(rule);
  return {
    add: { type: RTM_NEWRULE, flags: NLM_F_CREATE | NLM_F_EXCL, payload },
    remove: { type: RTM_DELRULE, flags: 0, payload },
  };
}

function encode(rule: ConfiguredRule): Uint8Array {
  const { family, source, destination, action } = rule;
  const table = action.kind === "table" && !rule.usesL3mdev ? action.table : 0;
  const writer = new NetlinkWriter()
    .u8(familyNumber(family), destination?.prefixLength ?? 0, source?.prefixLength ?? 0, rule.tos)
    .u8(table <= LARGEST_OLD_TABLE ? table : 0, 0, 0, ACTION[action.kind])
    .u32(rule.isInverted ? FIB_RULE_INVERT : 0);
  if (destination !== null) writer.attributeAddress(ATTRIBUTE.destination, family, destination.address);
  if (source !== null) writer.attributeAddress(ATTRIBUTE.source, family, source.address);
  writer.attributeU32(ATTRIBUTE.priority, rule.priority).attributeU8(ATTRIBUTE.protocol, rule.protocol);
  if (table > 0) writer.attributeU32(ATTRIBUTE.table, table);
  if (action.kind === "goto") writer.attributeU32(ATTRIBUTE.goto, action.priority);
  if (rule.usesL3mdev) writer.attributeU8(ATTRIBUTE.l3mdev, 1);
  writeSelectors(writer, rule);
  return writer.octets;
}

function writeSelectors(writer: NetlinkWriter, rule: ConfiguredRule): void {
  const numbers: readonly (readonly [number, number | null])[] = [
    [ATTRIBUTE.fwmark, rule.fwmark?.mark ?? null],
    [ATTRIBUTE.fwmask, rule.fwmark?.mask ?? null],
    [ATTRIBUTE.flow, rule.realms],
    [ATTRIBUTE.suppressPrefix, rule.suppressPrefixLength],
    [ATTRIBUTE.suppressGroup, rule.suppressInterfaceGroup],
  ];
  for (const [type, value] of numbers) if (value !== null) writer.attributeU32(type, value);
  if (rule.inputInterface !== null) writer.attributeText(ATTRIBUTE.inputInterface, rule.inputInterface);
  if (rule.outputInterface !== null) writer.attributeText(ATTRIBUTE.outputInterface, rule.outputInterface);
  const { tunnelId, uidRange, sourcePorts, destinationPorts } = rule;
  if (tunnelId !== null) writer.attribute(ATTRIBUTE.tunnelId, (id) => id.u64Network(BigInt(tunnelId)));
  if (uidRange !== null) writer.attribute(ATTRIBUTE.uidRange, (range) => range.u32(uidRange[0]).u32(uidRange[1]));
  if (rule.ipProtocol !== null) writer.attributeU8(ATTRIBUTE.ipProtocol, rule.ipProtocol);
  if (sourcePorts !== null) {
    writer.attribute(ATTRIBUTE.sourcePorts, (range) => range.u16(sourcePorts[0]).u16(sourcePorts[1]));
  }
  if (destinationPorts !== null) {
    writer.attribute(ATTRIBUTE.destinationPorts, (range) => range.u16(destinationPorts[0]).u16(destinationPorts[1]));
  }
}
