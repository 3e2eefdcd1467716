import type { Daemon } from "./daemon.ts";
import type { Pair, Side } from "./pair.ts";

/** An instance without interface, and what both machines need for it. */
export interface BareFamily {
  readonly name: string;
  readonly version: 2 | 3;
  readonly advertInt: string;
  readonly vip: string;
  /** Sources of both sides, on no link that they share. */
  readonly sources: readonly [string, string];
  /** Of eth0, beside the lab's own. */
  readonly links: readonly [string, string];
  readonly bits: 32 | 128;
}

const IPV4 = {
  vip: "10.8.0.100",
  sources: ["10.9.0.5", "10.9.0.6"],
  links: ["192.168.1.5", "192.168.1.6"],
  bits: 32,
} as const;

export const BARE_FAMILIES: readonly BareFamily[] = [
  { ...IPV4, name: "VRRPv2", version: 2, advertInt: "1" },
  { ...IPV4, name: "VRRPv3", version: 3, advertInt: "0.25" },
  {
    name: "VRRPv3 over IPv6",
    version: 3,
    advertInt: "0.25",
    vip: "2001:db8:8::100",
    sources: ["2001:db8:9::5", "2001:db8:9::6"],
    links: ["2001:db8::5", "2001:db8::6"],
    bits: 128,
  },
];

/** Where the virtual address goes: a link that no advert comes through. */
export const SERVICE_LINK = "link add svc type veth peer name svcfar\nlink set svcfar up\nlink set svc up";

function indexOf(pair: Pair, side: Side): 0 | 1 {
  return side === pair.first ? 0 : 1;
}

/**
 * Puts the source of a side on `sourceLink` and a route to the other side's source on eth0.
 * @param vrf words for `ip route`, for example `vrf blue`
 */
export async function setUpSide(
  pair: Pair,
  side: Side,
  family: BareFamily,
  { sourceLink = "lo", vrf = "" }: { readonly sourceLink?: string; readonly vrf?: string } = {},
): Promise<void> {
  const own = indexOf(pair, side);
  const other = own === 0 ? 1 : 0;
  const { sources, links, bits } = family;
  const address = bits === 32 ? [] : [`addr replace ${links[own]}/64 dev eth0 nodad`];
  const commands = [
    ...address,
    `addr replace ${sources[own]}/${bits} dev ${sourceLink}${bits === 32 ? "" : " nodad"}`,
    `route replace ${sources[other]}/${bits} via ${links[other]} dev eth0 src ${sources[own]} ${vrf}`,
  ];
  await side.machine.ip(commands.join("\n"));
}

/** Both sides, ready for an instance each. */
export async function setUpBare(pair: Pair, family: BareFamily): Promise<void> {
  for (const side of [pair.first, pair.second]) {
    await side.machine.ip(SERVICE_LINK);
    await setUpSide(pair, side, family);
  }
}

export interface BareText {
  readonly priority: number;
  /** With `interface eth0` all the same. */
  readonly isBound?: boolean;
  /** Lines of the instance, for example `vrf blue`. */
  readonly lines?: readonly string[];
  /** In place of the virtual address on the service link. */
  readonly addresses?: readonly string[];
}

/** keepalived has an interface: 2.2.7 refuses an instance without, which older and newer ones take. */
export function bareConfig(pair: Pair, side: Side, family: BareFamily, text: BareText): string {
  const own = indexOf(pair, side);
  const { version, advertInt, sources, vip } = family;
  const isBound = side.daemonName === "keepalived" || text.isBound === true;
  return `global_defs {
 router_id LAB
 vrrp_version ${version}
}
vrrp_instance VI_1 {
 state BACKUP
 virtual_router_id 51
 priority ${text.priority}
 advert_int ${advertInt}
 unicast_src_ip ${sources[own]}
 unicast_peer {
  ${sources[own === 0 ? 1 : 0]}
 }
 ${[...(isBound ? ["interface eth0"] : []), ...(text.lines ?? [])].join("\n ")}
 virtual_ipaddress {
  ${(text.addresses ?? [`${vip} dev svc`]).join("\n  ")}
 }
}
`;
}

export function startBare(pair: Pair, side: Side, family: BareFamily, text: BareText): Daemon {
  return pair.startRaw(side, bareConfig(pair, side, family, text));
}
