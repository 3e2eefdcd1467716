import type { AddressFlags, ConfiguredRoute, ConfiguredRule } from "./addressing.ts";
import type { AddressFamily, IpAddress, Microseconds, SourcePlace } from "./units.ts";

/** One `virtual_ipaddress` or `virtual_ipaddress_excluded` entry. */
export interface VirtualAddress {
  readonly family: AddressFamily;
  readonly address: IpAddress;
  /** 0..32 or 0..128; keepalived's default is a host address. */
  readonly prefixLength: number;
  /** Null: the interface of the instance. */
  readonly interfaceName: string | null;
  /** rtnetlink scope number: 0 global, 200 site, 253 link, 254 host. */
  readonly scope: number;
  /** At most 15 characters, for example `eth0:1`. */
  readonly label: string | null;
  readonly broadcast: IpAddress | null;
  readonly peer: IpAddress | null;
  /** Absent: none is set. */
  readonly flags?: AddressFlags;
  readonly preferredLifetime?: number | "forever" | null;
  /** False: its interface and its removal do not matter. */
  readonly isTracked?: boolean;
  readonly place: SourcePlace;
}

export type VrrpAuthentication =
  | { readonly kind: "none" }
  /** @see RFC 2338 §5.3.6; `password` holds at most 8 octets. */
  | { readonly kind: "pass"; readonly password: string }
  | { readonly kind: "ah"; readonly password: string }
  /** The HMAC-SHA256 trailer of `auth_hmac`; keys and mode are in `ConfiguredVrrpInstance.hmac`. */
  | { readonly kind: "hmac" };

export interface UnicastPeer {
  readonly address: IpAddress;
  /** Accepted range of the TTL, 0..255; null when not checked. */
  readonly minTtl: number | null;
  readonly maxTtl: number | null;
}

/** Gratuitous ARP and unsolicited NA after a takeover. */
export interface AnnouncePolicy {
  /** Rounds sent at once on becoming active (`garp_master_repeat`). */
  readonly repeat: number;
  /** The second burst follows after this; 0 means none (`garp_master_delay`). */
  readonly delayUs: Microseconds;
  /** 0 means never (`garp_master_refresh`). */
  readonly refreshUs: Microseconds;
  readonly refreshRepeat: number;
  readonly lowerPriorityRepeat: number;
  readonly lowerPriorityDelayUs: Microseconds;
  /** Pause between two GARP (`garp_interval`) or NA (`gna_interval`) packets; 0 means none. */
  readonly garpIntervalUs: Microseconds;
  readonly gnaIntervalUs: Microseconds;
}

/** One `vrrp_instance` with every default filled in. */
export interface VrrpInstance {
  readonly name: string;
  readonly family: AddressFamily;
  readonly version: 2 | 3;
  /** Empty: none, its peers are reached as the kernel's routes say. Only with unicast peers and a source address. */
  readonly interfaceName: string;
  /** Device of the VRF that it speaks in when it has no interface; null or absent: the main routing table. */
  readonly vrf?: string | null;
  /** 1..255 */
  readonly vrid: number;
  /** 1..255; 255 is the address owner. */
  readonly priority: number;
  /** What `state` says; only an owner starts as active. */
  readonly wantsActive: boolean;
  readonly advertisementIntervalUs: Microseconds;
  readonly preemptMode: boolean;
  /** False: a firewall drops what is sent to and from its addresses (`no_accept`). Absent: true. */
  readonly acceptMode?: boolean;
  readonly preemptDelayUs: Microseconds;
  /** Adverts missed before the active router counts as down (`down_timer_adverts`). */
  readonly downTimerAdverts: number;
  readonly authentication: VrrpAuthentication;
  /** Null: the first address of the interface. */
  readonly sourceAddress: IpAddress | null;
  /** `track_src_ip`: fault while the configured source address is missing. */
  readonly tracksSourceAddress?: boolean;
  readonly multicastGroup: IpAddress;
  /** Not empty: unicast, the group is then unused. */
  readonly unicastPeers: readonly UnicastPeer[];
  /** `unicast_fault_no_peer` */
  readonly faultsWithoutPeer?: boolean;
  /** Unicast words are there, but no peer: adverts go to the group. */
  readonly fallsBackToMulticast?: boolean;
  /** TTL or hop limit that is sent, 0..255; null: over IPv6 the kernel's. */
  readonly unicastTtl: number | null;
  readonly checkUnicastSource: boolean;
  readonly skipCheckAdvertisedAddresses: boolean;
  readonly checksumAsV2: boolean;
  /** What VRRPv3 by unicast takes for the destination when it sums up: `always` the group, as keepalived before 1.2.20. Absent: `never`. */
  readonly oldUnicastChecksum?: "detect" | "never" | "always";
  /** `lower_prio_no_advert`: stay silent when a lower advert is heard while active. */
  readonly isSilentOnLowerPriority: boolean;
  /** `higher_prio_send_advert`: one more advert before yielding. */
  readonly sendsAdvertBeforeYielding: boolean;
  /** Advertised addresses, in configuration order. */
  readonly virtualAddresses: readonly VirtualAddress[];
  /** Configured but never advertised (`virtual_ipaddress_excluded`). */
  readonly excludedAddresses: readonly VirtualAddress[];
  readonly announce: AnnouncePolicy;
  /** Interfaces of `track_interface`; weight 0 means fault when down. */
  readonly trackedInterfaces: readonly {
    readonly name: string;
    readonly weight: number;
    readonly isReversed: boolean;
  }[];
  /** `dont_track_primary`: the state of the own interface is ignored. */
  readonly ignoresOwnInterface: boolean;
  /** There only while active. */
  readonly virtualRoutes?: readonly ConfiguredRoute[];
  readonly virtualRules?: readonly ConfiguredRule[];
  /** Where adverts come and go when that is not the own interface: its VMAC. */
  readonly advertInterfaceName?: string;
  /** Whose address adverts come from when that is not the own interface: its ipvlan. */
  readonly sourceInterfaceName?: string;
  /** Interfaces that are made for it, and so may come later than it does. */
  readonly ownInterfaces?: readonly string[];
  /** Interfaces that are up only while active; addresses on them are there all the time. */
  readonly heldInterfaces?: readonly string[];
  readonly place: SourcePlace;
}
