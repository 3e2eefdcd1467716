/**
 * The vrrp loop: programs, orders, events.
 *
 * Part of the contract of the native addon, see ../contract.ts.
 */

import type { AddressFamily, SyscallFailure } from "./errors.ts";
import type { LoopHealth, TimeHistogram } from "./loops.ts";
import type { InterfaceAddress, Link, NetlinkMessage } from "./rtnetlink.ts";

/** Of the vrrp loop, which also tells how late the timers of adverts were. */
export interface VrrpLoopHealth extends LoopHealth {
  /** Adverts of virtual routers that no instance has, or too short to name one. */
  readonly unknownVrids: number;
  readonly advertLateness: TimeHistogram;
}

/**
 * To the loop phases are only names of plan tables, apart from two things: what it says "once" it
 * says again after a change, and `skipsAddressCheck` does not hold in `active`. `held` is a backup
 * whose preempt delay has not passed, `adopting` one that still has the addresses of an earlier run.
 */
export type VrrpPhaseName = "idle" | "adopting" | "backup" | "held" | "active";

/**
 * What can happen to an instance between two orders from the control loop. Adverts are sorted by
 * comparing priority, then sender address, with `VrrpProgram.ownPriority` and the own address.
 */
export type VrrpTrigger =
  | "active-down"
  | "adver"
  | "priority-zero"
  | "higher-priority"
  | "equal-priority-higher-address"
  | "equal-priority-lower-address"
  | "equal-priority-own-address"
  | "lower-priority"
  | "link-lost"
  | "lease-lapsed"
  /** A BFD session that the instance follows (`setFollowers`) is lost. */
  | "session-lost"
  /** While active: the last advert is longer ago than `VrrpProgram.stalledAfterUs`. Comes before what others have sent meanwhile. */
  | "stalled"
  /** What another member of the sync group pulls this one along by (`VrrpPlan.pulls`). */
  | VrrpGroupTrigger;

export type VrrpGroupTrigger = "group-active" | "group-backup" | "group-fault" | "group-announce";

/**
 * Active_Down_Interval = multiplier * I + floor(skewNumerator * S / 256). I is `intervalUs`
 * ("rule"), that of the advert that triggered the plan ("advert", VRRPv3), or that of the last
 * `arm-active-down` of the instance, whichever way it came by it ("last"; `intervalUs` when there
 * was none). S is `skewBaseUs`, or I when that is null.
 * @see RFC 9568 §6.1, RFC 3768 §6.1 (S is one second there)
 */
export interface ActiveDownRule {
  readonly intervalUs: number;
  readonly intervalFrom: "rule" | "advert" | "last";
  readonly multiplier: number;
  readonly skewNumerator: number;
  readonly skewBaseUs: number | null;
}

export interface AnnounceRule {
  /** Rounds over all addresses at once. */
  readonly repeat: number;
  /** A second burst of the same size after this; 0 means none. */
  readonly delayUs: number;
  /** After the bursts, one `refreshRepeat` burst every `refreshUs`; 0 means never. */
  readonly refreshUs: number;
  readonly refreshRepeat: number;
}

/** One prepared effect. Addresses, packets and frames come from the instance's `VrrpTransport`. */
export type VrrpAction =
  | { readonly kind: "send-advert"; readonly priority: number }
  /** All addresses of the transport in one netlink batch; those that exist already are no error. */
  | { readonly kind: "add-addresses" }
  | { readonly kind: "remove-addresses" }
  /** Replaces an announcement that is still under way. */
  | { readonly kind: "announce"; readonly rule: AnnounceRule }
  | { readonly kind: "cancel-announce" }
  /** One GARP or NA for `VrrpTransport.sourceAddress` on the interface of the adverts. */
  | { readonly kind: "announce-source" }
  | { readonly kind: "arm-adver"; readonly intervalUs: number }
  | { readonly kind: "disarm-adver" }
  | { readonly kind: "arm-active-down"; readonly rule: ActiveDownRule }
  /**
   * Moves an armed timer by trunc(skewNumerator * S / 256), earlier when negative; S is `skewBaseUs`, or
   * the interval of the last `arm-active-down` when null. A timer that is not armed stays so.
   */
  | { readonly kind: "shift-active-down"; readonly skewNumerator: number; readonly skewBaseUs: number | null }
  | { readonly kind: "disarm-active-down" };

export interface VrrpPlan {
  readonly trigger: VrrpTrigger;
  readonly actions: readonly VrrpAction[];
  /** The phase after the actions. */
  readonly next: VrrpPhaseName;
  /**
   * False for routine plans (send an advert, restart the timer) that JavaScript need not hear of
   * and that do not raise the epoch.
   */
  readonly isReported: boolean;
  /**
   * Not null: the plan runs only when every other member of the sync group is active or wishes to be.
   * Else these actions run instead, nothing is reported, and this member wishes it from then on,
   * until an `arm-active-down` runs for another reason or the phase is neither `backup` nor `held`.
   */
  readonly whileOthersWait: readonly VrrpAction[] | null;
  /** Happens to the other members of the sync group right after the plan, in the group's order. A trigger of a group pulls nobody. */
  readonly pulls: VrrpGroupTrigger | null;
}

/** A trigger without a plan is reported as `"happened"` and changes nothing by itself. */
export interface VrrpProgram {
  /** Compared with received adverts: 0..255. */
  readonly ownPriority: number;
  readonly phase: VrrpPhaseName;
  /** From when on another router has surely taken over while this one, active, said nothing; null: it does not matter. */
  readonly stalledAfterUs: number | null;
  readonly plans: Readonly<Record<VrrpPhaseName, readonly VrrpPlan[]>>;
  /** Triggers that are dropped without a word, by phase. */
  readonly ignored: Readonly<Record<VrrpPhaseName, readonly VrrpTrigger[]>>;
}

/** One step's outcome, carried out as a whole: first `actions`, then `program` is installed. */
export interface VrrpOrder {
  /** Returned in `"accepted"` or `"refused"`. */
  readonly order: number;
  /**
   * How many reported native transitions of this instance JavaScript had seen when it decided. If
   * the loop has made more in the meantime the order is refused: the reports are on their way.
   */
  readonly epoch: number;
  readonly actions: readonly VrrpAction[];
  readonly program: VrrpProgram;
}

export interface VrrpUnicastPeer {
  readonly address: string;
  /** Inclusive; 0 and 255 when not checked. */
  readonly minTtl: number;
  readonly maxTtl: number;
}

export interface VrrpVirtualAddress extends InterfaceAddress {
  readonly isAdvertised: boolean;
  /** Hardware address that GARP/NA announce, `aa:bb:cc:dd:ee:ff`. */
  readonly mac: string;
  /** Adds it with options that have no field here; null: made from the fields. */
  readonly addMessage: NetlinkMessage | null;
  /** There whether the instance is active or not: announced, but neither added nor removed. */
  readonly isPermanent: boolean;
  /** Announced once every `VrrpTransport.extraAnnounceUs` while active. */
  readonly isExtra: boolean;
}

/** A route, a rule or another object that is there only while the instance is active. */
export interface PreparedObject {
  readonly add: NetlinkMessage;
  readonly remove: NetlinkMessage;
}

/** Sockets, filter and prepared packets of one virtual router. */
export interface VrrpTransport {
  readonly family: AddressFamily;
  readonly version: 2 | 3;
  readonly vrid: number;
  /** What the sockets are bound to: an interface, or a VRF. 0: to none, with unicast peers only. */
  readonly ifindex: number;
  /** Its name, or empty. */
  readonly interfaceName: string;
  readonly sourceAddress: string;
  /** Its hardware address, `aa:bb:cc:dd:ee:ff`. */
  readonly mac: string;
  /** Used when there are no peers. */
  readonly multicastGroup: string;
  readonly unicastPeers: readonly VrrpUnicastPeer[];
  readonly checksUnicastSource: boolean;
  /** TTL or hop limit sent; null: over IPv6 the kernel's. Multicast is always sent and expected with 255. */
  readonly unicastTtl: number | null;
  /** Value of the interval field: v2 seconds, v3 centiseconds. v2 drops adverts that differ. */
  readonly advertisedInterval: number;
  /** Null for none. */
  readonly authentication: AdvertAuthentication | null;
  readonly checksumAsV2: boolean;
  /**
   * VRRPv3 over IPv4 by unicast: keepalived before 1.2.20 takes the multicast group for the destination in the checksum.
   * `always` sends and takes nothing else; `detect` takes both, and sends the old one from the first old advert on.
   */
  readonly oldUnicastChecksum: "never" | "detect" | "always";
  /** `skip_check_adv_addr` */
  readonly skipsAddressCheck: boolean;
  /** In advert order; excluded ones last. Added in this order. */
  readonly addresses: readonly VrrpVirtualAddress[];
  /** In the same netlink batch: added after the addresses, removed before them in reverse order. */
  readonly objects: readonly PreparedObject[];
  /** 0: never; at most a day. The first time so long after the instance became active. */
  readonly extraAnnounceUs: number;
  /** DiffServ/traffic class is always 0xc0. SO_PRIORITY or 0. */
  readonly socketPriority: number;
  /** What the instance adds to the receive buffer of its socket; 0: nothing is asked for. */
  readonly receiveBufferBytes: number;
}

/** How adverts prove where they come from. Passwords have at most 8 octets and need VRRPv2, AH also IPv4. */
export type AdvertAuthentication =
  | { readonly kind: "pass" | "ah"; readonly password: string }
  /** A trailer of HMAC-SHA256, as keepalived 2.4.3 has it. */
  | {
      readonly kind: "hmac";
      readonly keys: readonly { readonly id: number; readonly octets: Uint8Array }[];
      /** Id of the key to sign with. */
      readonly activeKey: number;
      /** How far clocks may differ, 1..300. */
      readonly windowSec: number;
      /** False: clocks do not matter, only the order does. */
      readonly hasWindow: boolean;
      /** `permissive` takes adverts without a trailer, `receive-only` also sends none. */
      readonly mode: "enforce" | "permissive" | "receive-only";
    };

/** What an advert said. */
export interface AdvertFacts {
  readonly source: string;
  readonly priority: number;
  /** As received, in microseconds. */
  readonly intervalUs: number;
}

/** Why a packet was dropped (or, for the last five kinds, noted). See RFC 9568 §7.1. */
export type AdvertDropReason =
  | "too-short"
  | "wrong-length"
  | "ttl"
  | "version"
  | "vrid"
  | "type"
  | "authentication-type"
  | "authentication-mismatch"
  | "password"
  /** Authentication Header: SPI, sum, sequence number. */
  | "spi"
  | "icv"
  | "ah-replay"
  /** Trailer of `auth_hmac`. */
  | "trailer-missing"
  | "trailer-malformed"
  | "unknown-key"
  | "hmac"
  | "stale"
  | "replay"
  | "interval"
  | "checksum"
  | "unicast-expected"
  | "multicast-expected"
  | "unknown-source"
  | "unicast-ttl"
  | "address-count"
  | "address-list"
  | "interval-noted"
  | "clock-skew-noted"
  /** From here on the checksum of older keepalived is used (`oldUnicastChecksum`). */
  | "old-checksum-noted";

export type VrrpEvent =
  /** A reported plan has run; the instance's epoch is now `epoch`. */
  | {
      readonly kind: "ran";
      readonly instance: number;
      readonly epoch: number;
      readonly trigger: VrrpTrigger;
      readonly atUs: number;
      readonly advert: AdvertFacts | null;
    }
  /** A trigger without a plan. */
  | {
      readonly kind: "happened";
      readonly instance: number;
      readonly trigger: VrrpTrigger;
      readonly atUs: number;
      readonly advert: AdvertFacts | null;
    }
  /** An unreported plan ran for an advert whose facts differ from the last one told since the phase changed. */
  | {
      readonly kind: "heard";
      readonly instance: number;
      readonly trigger: VrrpTrigger;
      readonly atUs: number;
      readonly advert: AdvertFacts;
    }
  /** Once per reason until the instance's phase changes. `instance` is null for an unknown VRID. */
  | {
      readonly kind: "dropped";
      readonly instance: number | null;
      readonly reason: AdvertDropReason;
      readonly source: string;
      readonly ifindex: number;
      /** Meaning depends on the reason: length, TTL, VRID, type ... */
      readonly received: number;
      readonly expected: number;
      readonly atUs: number;
    }
  | { readonly kind: "accepted"; readonly instance: number; readonly order: number; readonly atUs: number }
  /** `epoch` and `phase` are the instance's own, so that JavaScript can catch up after lost events. */
  | {
      readonly kind: "refused";
      readonly instance: number;
      readonly order: number;
      readonly epoch: number;
      readonly phase: VrrpPhaseName;
      readonly atUs: number;
    }
  /** A system call or netlink command of an action failed. */
  | {
      readonly kind: "failed";
      readonly instance: number;
      readonly action: VrrpAction["kind"] | "open" | "receive";
      readonly failure: SyscallFailure;
      /** The address concerned, or null. */
      readonly address: string | null;
      readonly atUs: number;
    }
  /** A burst of announcements after the first one has begun: the second one, or a refresh; 0 rounds: the extra addresses. */
  | { readonly kind: "announced"; readonly instance: number; readonly rounds: number; readonly atUs: number }
  /** The trigger `stalled` is about to happen: the advert was due so long ago. */
  | { readonly kind: "stalled"; readonly instance: number; readonly lateUs: number; readonly atUs: number }
  | { readonly kind: "link"; readonly link: Link; readonly isDeleted: boolean; readonly atUs: number }
  | { readonly kind: "address"; readonly address: InterfaceAddress; readonly isDeleted: boolean; readonly atUs: number }
  /** Of protocol 18 only: a route (`destination` is all zeros for the default route) or a rule. */
  | {
      readonly kind: "object-removed";
      readonly object: "route" | "rule";
      readonly family: AddressFamily;
      readonly table: number;
      /** Metric or preference. */
      readonly priority: number;
      readonly destination: string;
      readonly prefixLength: number;
      readonly atUs: number;
    }
  /** The netlink socket overran or the event ring was full: dump and compare. */
  | { readonly kind: "overrun"; readonly atUs: number };

export interface VrrpCounters {
  readonly advertsSent: number;
  readonly advertsReceived: number;
  readonly priorityZeroSent: number;
  readonly priorityZeroReceived: number;
  readonly announcementsSent: number;
  readonly dropped: Readonly<Record<AdvertDropReason, number>>;
}

export interface VrrpLoopOptions {
  /** Dead-man switch: without `renewLease` for this long, `"lease-lapsed"` is triggered. 0 turns it off. */
  readonly leaseUs: number;
}

/** GARP and NA of all instances on these interfaces go out one at a time, each kind at its own pace. */
export interface AnnouncePacing {
  /** ifindex of each; an interface is in one group at most. */
  readonly interfaces: readonly number[];
  /** 0: not paced */
  readonly garpIntervalUs: number;
  readonly gnaIntervalUs: number;
}

/** The vrrp loop: one thread for all instances. Calls return at once; order is kept. */
export interface VrrpLoop {
  /**
   * Opens or replaces the sockets and prepared bytes of an instance. A replaced instance keeps its
   * phase, timers and counters. Failures come as `"failed"` with action `"open"`.
   * @param instance chosen by the caller, 1..2^31-1
   */
  openInstance(instance: number, transport: VrrpTransport): void;
  /** Drops timers, plans and sockets of an instance; sends nothing and removes nothing. */
  closeInstance(instance: number): void;
  submit(instance: number, order: VrrpOrder): void;
  /**
   * Makes a sync group of these instances, in this order, and takes them out of any they were in. A
   * group of one is none. A member that is not open wishes nothing; closing one takes it out.
   */
  setGroup(members: readonly number[]): void;
  /**
   * Whom the loss of a BFD session triggers from now on, in this order; instances and session need not be open. An instance
   * that gets an order while the session is not up is triggered right after it.
   */
  setFollowers(session: number, instances: readonly number[]): void;
  /** Keeps announcements apart from now on; replaces what held before. Interfaces that are not listed are not paced. */
  setPacing(groups: readonly AnnouncePacing[]): void;
  /** The control loop is alive. */
  renewLease(): void;
  /** Null for an unknown instance. */
  counters(instance: number): VrrpCounters | null;
  health(): VrrpLoopHealth;
  /** Runs what was submitted before, stops and joins the thread. Idempotent. */
  close(): void;
}
