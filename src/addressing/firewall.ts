import type { FirewallSettings } from "../model/global-complete.ts";
import type { AddressFamily } from "../model/units.ts";
import type { VirtualAddress } from "../model/vrrp.ts";
import type { ConfiguredVrrpInstance } from "../model/vrrp-complete.ts";
import type { Vmac } from "./vmac.ts";

const OWNER_PRIORITY = 255;

/** What the tables are made from: instances as placed on their VMACs. */
export interface FirewallInput {
  readonly settings: FirewallSettings;
  readonly instances: readonly ConfiguredVrrpInstance[];
  readonly vmacs: readonly Vmac[];
  /** `disable_local_igmp` */
  readonly skipsIgmp: boolean;
  /** Link-local addresses that VMACs have besides the interfaces below them. */
  readonly sharedLinkLocals: readonly string[];
}

interface GuardedAddress {
  readonly address: string;
  readonly interfaceName: string;
}

/**
 * A script for `nft -f -` that puts our tables in the place of those that are there, in one transaction; empty when no
 * table is named. The addresses of `no_accept` instances are dropped whether they are active or not:
 * an address that the machine does not have receives nothing, and so the rule is always there first.
 */
export function firewallScript(input: FirewallInput): string {
  const { table } = input.settings;
  if (table === null) return "";
  return `${firewallRemoval(table)}${ipTable(table, input)}${ip6Table(table, input)}`;
}

/** Removes the tables, whether they are there or not. */
export function firewallRemoval(table: string): string {
  return (["ip", "ip6"] as const)
    .map((family) => `table ${family} ${table}\ndelete table ${family} ${table}\n`)
    .join("");
}

function ipTable(table: string, input: FirewallInput): string {
  const guarded = guardedAddresses(input.instances, "inet");
  const moved = input.skipsIgmp ? [] : input.vmacs.filter(({ family, ipvlan }) => family === "inet" && ipvlan === null);
  if (guarded.length + moved.length === 0) return "";
  const sets = [...vmacMap(moved), ...addressSet("ipv4_addr", guarded)];
  const igmp = `ip protocol igmp meta oifkind "macvlan" dup to ip daddr device oif map @vmac_map drop`;
  const drops = guarded.length > 0;
  const output = [...(moved.length > 0 ? [igmp] : []), ...(drops ? ["ip saddr @vips drop"] : [])];
  const chains = [chain("out", "output", output, input.settings)];
  if (drops) chains.push(chain("in", "input", ["ip daddr @vips drop"], input.settings));
  return block(`table ip ${table}`, [...sets, ...chains]);
}

function ip6Table(table: string, input: FirewallInput): string {
  const guarded = guardedAddresses(input.instances, "inet6");
  const moved = input.vmacs.filter(({ hasIpv6, ipvlan }) => hasIpv6 && ipvlan === null);
  if (guarded.length + moved.length === 0) return "";
  const { settings } = input;
  const local = guarded.filter(({ address }) => isLinkLocal(address));
  const others = guarded.filter(({ address }) => !isLinkLocal(address));
  const shared = moved.length > 0 ? input.sharedLinkLocals : [];
  const sets = [...vmacMap(moved), ...vmacSet(moved), ...sharedSet(shared), ...addressSet("ipv6_addr", others)];
  if (moved.length > 0) sets.push(MLD_REPORTS);
  if (guarded.length > 0) sets.push(...NEIGHBOR_DISCOVERY, ...linkLocalSet(local));
  const onVmac = 'meta oifkind "macvlan"';
  const output =
    moved.length > 0
      ? [
          `icmpv6 type @mld-report ${onVmac} dup to ip6 daddr device oif map @vmac_map drop`,
          `icmpv6 type nd-router-solicit ${onVmac} oif @vmac_set drop`,
          // Else a backup would teach switches that the virtual MAC is at its port.
          ...(shared.length > 0
            ? ["icmpv6 type nd-neighbor-advert oif @vmac_set ip6 saddr @parent_link_local drop"]
            : []),
        ]
      : [];
  if (guarded.length === 0) return block(`table ip6 ${table}`, [...sets, chain("out", "output", output, settings)]);
  const side = (direction: "saddr" | "daddr", name: string): readonly string[] => [
    "icmpv6 type @neighbor-discovery accept",
    ...(local.length > 0 ? [`ip6 ${direction} fe80::/10 goto ${name}`] : []),
    ...(others.length > 0 ? [`ip6 ${direction} @vips drop`] : []),
  ];
  const locals =
    local.length === 0
      ? []
      : [
          block("chain in_link_local", ["ip6 daddr . iif @vips_link_local drop"]),
          block("chain out_link_local", ["ip6 saddr . oif @vips_link_local drop"]),
        ];
  return block(`table ip6 ${table}`, [
    ...sets,
    chain("out", "output", [...output, ...side("saddr", "out_link_local")], settings),
    chain("in", "input", side("daddr", "in_link_local"), settings),
    ...locals,
  ]);
}

const MLD_REPORTS = block("set mld-report", [
  "type icmpv6_type",
  "flags constant",
  "elements = { mld-listener-report, mld2-listener-report }",
]);

const NEIGHBOR_DISCOVERY = [
  block("set neighbor-discovery", [
    "type icmpv6_type",
    "flags constant",
    "elements = { nd-neighbor-solicit, nd-neighbor-advert }",
  ]),
];

function guardedAddresses(
  instances: readonly ConfiguredVrrpInstance[],
  family: AddressFamily,
): readonly GuardedAddress[] {
  const guarded = instances.filter(({ acceptMode, priority }) => !acceptMode && priority !== OWNER_PRIORITY);
  return guarded.flatMap((instance) => {
    const all: readonly VirtualAddress[] = [...instance.virtualAddresses, ...instance.excludedAddresses];
    return all
      .filter((address) => address.family === family)
      .map(({ address, interfaceName }) => ({ address, interfaceName: interfaceName ?? instance.interfaceName }));
  });
}

function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/.test(address);
}

function vmacMap(vmacs: readonly Vmac[]): readonly string[] {
  if (vmacs.length === 0) return [];
  const elements = vmacs.map(({ name, base }) => `"${name}" : "${base}"`);
  return [block("map vmac_map", ["type iface_index : iface_index", `elements = { ${elements.join(", ")} }`])];
}

function vmacSet(vmacs: readonly Vmac[]): readonly string[] {
  if (vmacs.length === 0) return [];
  const elements = vmacs.map(({ name }) => `"${name}"`);
  return [block("set vmac_set", ["type iface_index", `elements = { ${elements.join(", ")} }`])];
}

function sharedSet(addresses: readonly string[]): readonly string[] {
  if (addresses.length === 0) return [];
  const elements = [...new Set(addresses)].join(", ");
  return [block("set parent_link_local", ["type ipv6_addr", `elements = { ${elements} }`])];
}

function addressSet(type: string, addresses: readonly GuardedAddress[]): readonly string[] {
  if (addresses.length === 0) return [];
  const unique = [...new Set(addresses.map(({ address }) => address))];
  return [block("set vips", [`type ${type}`, `elements = { ${unique.join(", ")} }`])];
}

function linkLocalSet(addresses: readonly GuardedAddress[]): readonly string[] {
  if (addresses.length === 0) return [];
  const elements = addresses.map(({ address, interfaceName }) => `${address} . "${interfaceName}"`);
  return [block("set vips_link_local", ["type ipv6_addr . iface_index", `elements = { ${elements.join(", ")} }`])];
}

function chain(name: string, hook: string, rules: readonly string[], settings: FirewallSettings): string {
  const head = `type filter hook ${hook} priority ${settings.priority}; policy accept;`;
  const counted = settings.hasCounters ? rules.map((rule) => rule.replace(/ (drop|accept)$/, " counter $1")) : rules;
  return block(`chain ${name}`, [head, ...counted]);
}

function block(head: string, lines: readonly string[]): string {
  return `${head} {\n${lines.map((line) => line.trimEnd()).join("\n")}\n}\n`;
}
