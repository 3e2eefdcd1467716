import type { AddressFamily, IpAddress, SourcePlace } from "./units.ts";
import type { VirtualAddress } from "./vrrp.ts";

export interface AddressFlags {
  readonly isHome: boolean;
  /** `-nodad`: duplicate address detection runs. */
  readonly detectsDuplicates: boolean;
  readonly managesTemporary: boolean;
  readonly hasNoPrefixRoute: boolean;
  readonly joinsMulticast: boolean;
}

/** An address with all its options. */
export interface ConfiguredAddress extends VirtualAddress {
  readonly flags: AddressFlags;
  /** Seconds; "forever"; null when not given (IPv6 host addresses are then deprecated). */
  readonly preferredLifetime: number | "forever" | null;
  /** False (`no_track`): its interface and its removal do not matter. */
  readonly isTracked: boolean;
  readonly usesVmac: boolean;
  /** Of a static address. */
  readonly trackGroup: string | null;
}

export interface Prefix {
  readonly family: AddressFamily;
  readonly address: IpAddress;
  readonly prefixLength: number;
}

/** Encapsulation of a route, its words as written. */
export interface RouteEncapsulation {
  readonly kind: "ip" | "ip6" | "mpls" | "ila";
  readonly words: readonly string[];
}

export interface NextHop {
  readonly gateway: { readonly family: AddressFamily; readonly address: IpAddress } | null;
  readonly interfaceName: string | null;
  /** 1..256 */
  readonly weight: number;
  readonly isOnLink: boolean;
  readonly realms: number | null;
  readonly encapsulation: RouteEncapsulation | null;
}

/** A route metric such as `mtu`, in the unit of rtnetlink. */
export interface RouteMetric {
  readonly name: string;
  readonly value: number | string;
  readonly isLocked: boolean;
}

export type RouteType =
  | "unicast"
  | "local"
  | "broadcast"
  | "anycast"
  | "multicast"
  | "blackhole"
  | "unreachable"
  | "prohibit"
  | "throw"
  | "nat"
  | "xresolve";

/** One line of `virtual_routes` or `static_routes`. */
export interface ConfiguredRoute {
  readonly family: AddressFamily;
  readonly type: RouteType;
  /** Null: the default route. */
  readonly destination: Prefix | null;
  readonly sourcePrefix: Prefix | null;
  readonly preferredSource: IpAddress | null;
  readonly gateway: { readonly family: AddressFamily; readonly address: IpAddress } | null;
  readonly interfaceName: string | null;
  readonly table: number;
  /** rtnetlink protocol; 18 is keepalived's own. */
  readonly protocol: number;
  readonly scope: number | null;
  readonly tos: number;
  readonly metric: number | null;
  readonly isOnLink: boolean;
  readonly realms: number | null;
  readonly metrics: readonly RouteMetric[];
  readonly expiresSec: number | null;
  readonly preference: number | null;
  readonly propagatesTtl: boolean | null;
  readonly encapsulation: RouteEncapsulation | null;
  readonly insertion: "add" | "prepend" | "append";
  readonly nextHops: readonly NextHop[];
  readonly isTracked: boolean;
  readonly trackGroup: string | null;
  readonly vrf: string | null;
  readonly place: SourcePlace;
}

export type RuleAction =
  | { readonly kind: "table"; readonly table: number }
  | { readonly kind: "goto"; readonly priority: number }
  | { readonly kind: "nop" | "blackhole" | "unreachable" | "prohibit" };

/** One line of `virtual_rules` or `static_rules`. */
export interface ConfiguredRule {
  readonly family: AddressFamily;
  /** Null selects everything. */
  readonly source: Prefix | null;
  readonly destination: Prefix | null;
  readonly isInverted: boolean;
  readonly priority: number;
  readonly tos: number;
  readonly fwmark: { readonly mark: number; readonly mask: number | null } | null;
  readonly realms: number | null;
  readonly suppressPrefixLength: number | null;
  readonly suppressInterfaceGroup: number | null;
  readonly inputInterface: string | null;
  readonly outputInterface: string | null;
  /** Decimal digits: 64 bits. */
  readonly tunnelId: string | null;
  readonly uidRange: readonly [number, number] | null;
  readonly usesL3mdev: boolean;
  readonly protocol: number;
  readonly ipProtocol: number | null;
  readonly sourcePorts: readonly [number, number] | null;
  readonly destinationPorts: readonly [number, number] | null;
  readonly action: RuleAction;
  readonly isTracked: boolean;
  readonly trackGroup: string | null;
  readonly place: SourcePlace;
}
