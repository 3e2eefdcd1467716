import type { GroupMember } from "../model/checks.ts";
import type { TransportProtocol, VirtualServer } from "../model/lvs.ts";
import type { AddressFamily } from "../model/units.ts";
import type { GroupMembers } from "./groups.ts";

/** A group of addresses that the firewall gives one mark for a protocol, so that one service does for all. */
export interface MarkedGroup {
  readonly group: string;
  readonly protocol: TransportProtocol;
  readonly mark: number;
  readonly members: readonly Exclude<GroupMember, { kind: "fwmark" }>[];
}

export interface MarkTable {
  readonly table: string;
  readonly priority: number;
}

/** Group and protocol; a line break is in no name. */
function nameOf(group: string, protocol: TransportProtocol | null): string {
  return `${group}\n${protocol}`;
}

/** Members of the group as a virtual server of that protocol sees them; an unknown group has none. */
export function membersOf(
  groups: GroupMembers,
  group: string,
  protocol: TransportProtocol | null,
): readonly GroupMember[] {
  return groups.get(nameOf(group, protocol)) ?? groups.get(group) ?? [];
}

/**
 * `nftables_ipvs`: the groups in use that have addresses only, each with a mark per protocol.
 * @param before marks that were given out: they stay
 * @param firstMark the others get the first free ones from there on, in the order of the virtual servers
 */
export function planMarks(
  virtualServers: readonly VirtualServer[],
  groups: GroupMembers,
  firstMark: number,
  before: readonly MarkedGroup[] = [],
): readonly MarkedGroup[] {
  const known = new Map(before.map(({ group, protocol, mark }) => [nameOf(group, protocol), mark]));
  const taken = new Set([...known.values(), ...configuredMarks(virtualServers, groups)]);
  const planned = new Map<string, MarkedGroup>();
  let next = firstMark;
  for (const { key } of virtualServers) {
    if (key.kind !== "group" || key.protocol === null) continue;
    const { group, protocol } = key;
    const members = (groups.get(group) ?? []).filter((member) => member.kind !== "fwmark");
    const name = nameOf(group, protocol);
    if (members.length === 0 || members.length !== groups.get(group)?.length || planned.has(name)) continue;
    while (taken.has(next)) next += 1;
    const mark = known.get(name) ?? next;
    taken.add(mark);
    planned.set(name, { group, protocol, mark, members });
  }
  return [...planned.values()];
}

/** The groups, with those that are marked as the marks that they have become: one for each family. */
export function withMarks(groups: GroupMembers, marked: readonly MarkedGroup[]): GroupMembers {
  const all = new Map(groups);
  for (const { group, protocol, mark, members } of marked) {
    const families = [...new Set(members.map(({ family }) => family))];
    all.set(
      nameOf(group, protocol),
      families.map((family) => ({ kind: "fwmark", fwmark: mark, family })),
    );
  }
  return all;
}

/**
 * A script for `nft -f -` that puts our tables in the place of those that are there.
 *
 *     table ip NAME { map tcp_map { 192.0.2.1 . 80 : 1000 }  chain in { meta mark set ip daddr . tcp dport map @tcp_map } }
 */
export function markScript({ table, priority }: MarkTable, marked: readonly MarkedGroup[]): string {
  return `${markRemoval(table)}${familyTable("inet", table, priority, marked)}${familyTable("inet6", table, priority, marked)}`;
}

/** Removes the tables, whether they are there or not. */
export function markRemoval(table: string): string {
  return ["ip", "ip6"].map((family) => `table ${family} ${table}\ndelete table ${family} ${table}\n`).join("");
}

function familyTable(family: AddressFamily, table: string, priority: number, marked: readonly MarkedGroup[]): string {
  const elements = new Map<TransportProtocol, string[]>();
  for (const { protocol, mark, members } of marked) {
    for (const member of members) {
      if (member.family !== family) continue;
      const list = elements.get(protocol) ?? [];
      elements.set(protocol, list);
      const address = member.kind === "range" ? `${member.from}-${member.to}` : member.address;
      list.push(`${address} . ${member.port} : ${mark}`);
    }
  }
  if (elements.size === 0) return "";
  const [nftFamily, type] = family === "inet" ? ["ip", "ipv4_addr"] : ["ip6", "ipv6_addr"];
  const maps = [...elements].map(
    ([protocol, list]) =>
      `map ${protocol}_map {\ntype ${type} . inet_service : mark\nflags interval\nelements = { ${list.join(", ")} }\n}\n`,
  );
  const rules = [...elements.keys()].map(
    (protocol) => `meta mark set ${nftFamily} daddr . ${protocol} dport map @${protocol}_map return\n`,
  );
  const chain = `chain in {\ntype filter hook input priority ${priority}; policy accept;\n${rules.join("")}}\n`;
  return `table ${nftFamily} ${table} {\n${maps.join("")}${chain}}\n`;
}

function configuredMarks(virtualServers: readonly VirtualServer[], groups: GroupMembers): readonly number[] {
  const own = virtualServers.flatMap(({ key }) => (key.kind === "fwmark" ? [key.fwmark] : []));
  const members = [...groups.values()].flat().flatMap((member) => (member.kind === "fwmark" ? [member.fwmark] : []));
  return [...own, ...members];
}
