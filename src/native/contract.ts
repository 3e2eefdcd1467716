/**
 * The whole boundary between TypeScript and the addon. Every field is present; absent is `null`.
 * Bad arguments throw a `TypeError` that names the field. Failed system calls are
 * `SyscallFailure` values, or thrown as `NativeError` where a call as a whole fails.
 */

/** Raised whenever a shape below changes; `load.ts` refuses an addon built for another number. */
export const CONTRACT_VERSION = 13;

export type AddressFamily = "inet" | "inet6";

/** A failed system call or netlink command. */
export interface SyscallFailure {
  /** For example `sendmsg`, or the netlink command `IPVS_CMD_NEW_DEST`. */
  readonly syscall: string;
  readonly errno: number;
  /** Symbolic name, for example `EEXIST`. */
  readonly code: string;
  /** The kernel's own words (extended ACK) or strerror. */
  readonly message: string;
}

/** Thrown by calls that fail as a whole. `code` may also be `ERR_CLOSED` (used after close). */
export interface NativeError extends Error {
  readonly code: string;
  readonly errno: number | null;
  readonly syscall: string | null;
}

// ---------------------------------------------------------------- IPVS

export type TransportProtocol = "tcp" | "udp" | "sctp";
export type FwdMethod = "masq" | "localnode" | "tunnel" | "droute" | "bypass";
export type IpvsServiceFlag = "one-packet" | "sched-1" | "sched-2" | "sched-3";

/** Identifies a service: by fwmark when `fwmark` is not 0, else by protocol, address and port. */
export interface IpvsServiceKey {
  readonly family: AddressFamily;
  readonly fwmark: number;
  readonly protocol: TransportProtocol | null;
  readonly address: string | null;
  readonly port: number;
}

export interface IpvsService extends IpvsServiceKey {
  readonly scheduler: string;
  readonly persistenceTimeoutSec: number;
  /** IPv4: mask as a number in host order; IPv6: prefix length. */
  readonly persistenceGranularity: number;
  readonly persistenceEngine: string | null;
  readonly flags: readonly IpvsServiceFlag[];
}

export interface IpvsDestination {
  readonly family: AddressFamily;
  readonly address: string;
  readonly port: number;
  readonly fwdMethod: FwdMethod;
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  readonly tunnelType: "ipip" | "gue" | "gre";
  readonly tunnelPort: number;
  /** IP_VS_TUNNEL_ENCAP_FLAG_* */
  readonly tunnelFlags: number;
}

export interface IpvsDestinationEntry extends IpvsDestination {
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  readonly persistentConnections: number;
}

export interface IpvsServiceEntry {
  readonly service: IpvsService;
  readonly destinations: readonly IpvsDestinationEntry[];
}

/** What the kernel has scheduled and seen since it was added; zeros before Linux 4.1. */
export interface IpvsTraffic {
  readonly connections: number;
  readonly inPackets: number;
  /** With NAT and local servers only: else answers do not come this way. */
  readonly outPackets: number;
  readonly inBytes: number;
  readonly outBytes: number;
}

export interface IpvsDestinationUsage {
  readonly family: AddressFamily;
  readonly address: string;
  readonly port: number;
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  readonly persistentConnections: number;
  readonly traffic: IpvsTraffic;
}

export interface IpvsServiceUsage extends IpvsServiceKey {
  readonly traffic: IpvsTraffic;
  readonly destinations: readonly IpvsDestinationUsage[];
}

export interface IpvsTimeouts {
  readonly tcpSec: number;
  readonly tcpFinSec: number;
  readonly udpSec: number;
}

export type IpvsSyncRole = "master" | "backup";

/** One of the kernel's two threads that copy connections from director to director. Null leaves it to the kernel. */
export interface IpvsSyncDaemon {
  readonly role: IpvsSyncRole;
  readonly interfaceName: string;
  /** 0..255; directors of one id belong together. */
  readonly syncId: number;
  /** UDP payload, 1..65507. The kernel cuts it to what the interface can carry. */
  readonly maxLengthBytes: number | null;
  readonly port: number | null;
  readonly ttl: number | null;
  /** Multicast address of either family. */
  readonly group: string | null;
}

export type IpvsCommand =
  | { readonly kind: "service-add"; readonly service: IpvsService }
  | { readonly kind: "service-edit"; readonly service: IpvsService }
  | { readonly kind: "service-delete"; readonly service: IpvsServiceKey }
  | { readonly kind: "destination-add"; readonly service: IpvsServiceKey; readonly destination: IpvsDestination }
  | { readonly kind: "destination-edit"; readonly service: IpvsServiceKey; readonly destination: IpvsDestination }
  | { readonly kind: "destination-delete"; readonly service: IpvsServiceKey; readonly destination: IpvsDestination }
  | { readonly kind: "flush" }
  | { readonly kind: "set-timeouts"; readonly timeouts: IpvsTimeouts }
  | { readonly kind: "sync-daemon-start"; readonly daemon: IpvsSyncDaemon }
  | { readonly kind: "sync-daemon-stop"; readonly role: IpvsSyncRole };

/**
 * The kernel's IPVS table in the network namespace in which it was opened.
 * @see linux/ip_vs.h, IPVS_CMD_*
 */
export interface IpvsTable {
  /** Whole table; runs off the main thread. Rejects with a `NativeError`. */
  dump(): Promise<readonly IpvsServiceEntry[]>;
  /** As `dump`: what passes through the table instead of how it is set. */
  usage(): Promise<readonly IpvsServiceUsage[]>;
  /**
   * Applies commands in order over one netlink socket, off the main thread. A failed command does
   * not stop those after it. Calls queue behind each other.
   * @param commands any number
   * @returns one entry per command: null, or the failure at that index
   */
  apply(commands: readonly IpvsCommand[]): Promise<readonly (SyscallFailure | null)[]>;
  timeouts(): Promise<IpvsTimeouts>;
  /** Those that run. */
  syncDaemons(): Promise<readonly IpvsSyncDaemon[]>;
  /** Idempotent; what was asked for before is still done, later calls throw `ERR_CLOSED`. */
  close(): void;
}

// ---------------------------------------------------------------- rtnetlink

export interface Link {
  readonly ifindex: number;
  readonly name: string;
  /** rtnetlink kind, for example `veth`; null for hardware. */
  readonly kind: string | null;
  /** `aa:bb:cc:dd:ee:ff`, null when the link has none. */
  readonly mac: string | null;
  readonly mtu: number;
  /** IFF_UP */
  readonly isUp: boolean;
  /** IFF_RUNNING: has carrier. */
  readonly isRunning: boolean;
  /** IFF_NOARP is not set. */
  readonly hasArp: boolean;
  readonly isLoopback: boolean;
}

export interface InterfaceAddress {
  readonly ifindex: number;
  readonly family: AddressFamily;
  readonly address: string;
  readonly prefixLength: number;
  /** 0 global, 200 site, 253 link, 254 host */
  readonly scope: number;
  /** IPv4 only. The kernel gives an address without one the name of its interface. */
  readonly label: string | null;
  readonly broadcast: string | null;
  /** IFA_ADDRESS where it differs from the local address. */
  readonly peer: string | null;
}

export type AddressCommand =
  | { readonly kind: "address-add"; readonly address: InterfaceAddress }
  | { readonly kind: "address-delete"; readonly address: InterfaceAddress };

/** Encoded by `src/addressing`; the native side adds header, length, sequence, NLM_F_REQUEST and NLM_F_ACK. */
export interface NetlinkMessage {
  /** RTM_* */
  readonly type: number;
  /** Further NLM_F_*. */
  readonly flags: number;
  /** Family header and attributes; at most 16384 octets. */
  readonly payload: Uint8Array;
}

export interface Rtnetlink {
  links(): Promise<readonly Link[]>;
  addresses(): Promise<readonly InterfaceAddress[]>;
  /** Like `IpvsTable.apply`: in order, one result per command. */
  apply(commands: readonly AddressCommand[]): Promise<readonly (SyscallFailure | null)[]>;
  /** Like `apply`, for messages that were encoded before. */
  send(messages: readonly NetlinkMessage[]): Promise<readonly (SyscallFailure | null)[]>;
  /** What the kernel answers to one request, a dump or not. */
  query(message: NetlinkMessage): Promise<readonly NetlinkMessage[]>;
  /** Like `IpvsTable.close`. */
  close(): void;
}

// ---------------------------------------------------------------- nftables

/** Something of an nftables table was removed: the table, a chain, a rule, a set, or elements of it. */
export interface FirewallRemoval {
  readonly family: "ip" | "ip6" | "inet" | "other";
  readonly table: string;
  /** Netlink port of who did it: as a rule its process id. */
  readonly senderPort: number;
}

/** Keeps the process alive until it is closed. */
export interface FirewallWatch {
  close(): void;
}

// ---------------------------------------------------------------- loops

/** What a native loop tells of itself; reading it never waits for the loop. */
export interface LoopHealth {
  /** Rises with every turn of the loop and at least once a second. */
  readonly heartbeats: number;
  /** Commands taken from the queue so far. */
  readonly commands: number;
  /** Events that found the ring full and were dropped. */
  readonly eventsLost: number;
  /** Timer lateness since start, in microseconds. */
  readonly lateness: LatenessSummary;
}

export interface LatenessSummary {
  readonly count: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

/** Durations since start, counted where they are measured, in buckets that never change. */
export interface TimeHistogram {
  /** Inclusive upper ends, rising. */
  readonly boundsUs: readonly number[];
  /** Of each bucket alone; the last one, without an end, is one more. */
  readonly counts: readonly number[];
  readonly sumUs: number;
}

/** How a loop's thread is scheduled. */
export interface ThreadSettings {
  /** As `ps -L` and `top -H` show it; 15 octets are kept. */
  readonly name: string;
  /** -20..19 */
  readonly niceness: number;
  /** SCHED_FIFO priority 1..99; 0 for ordinary scheduling. */
  readonly realtimePriority: number;
  /** Numbers of the CPUs it may run on; empty for those of the process. */
  readonly cpus: readonly number[];
  /** Keeps the thread's stack, the addon and the code in use in memory; not undone before the process ends. */
  readonly isMemoryLocked: boolean;
}

/** What both loops offer for their own thread. */
export interface LoopThreadControl {
  /**
   * Tries each setting, also when another one fails.
   * @returns what failed: `setpriority`, `sched_setscheduler`, `sched_setaffinity`, `mlock2`
   */
  arrange(settings: ThreadSettings): readonly SyscallFailure[];
  /** Largest lateness of a timer since the last call, in microseconds. */
  takeLateness(): number;
}

// ---------------------------------------------------------------- vrrp loop

/** Of the vrrp loop, which also tells how late the timers of adverts were. */
export interface VrrpLoopHealth extends LoopHealth {
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
  readonly ifindex: number;
  readonly interfaceName: string;
  readonly sourceAddress: string;
  /** Used when there are no peers. */
  readonly multicastGroup: string;
  readonly unicastPeers: readonly VrrpUnicastPeer[];
  readonly checksUnicastSource: boolean;
  /** TTL or hop limit sent. Multicast is always sent and expected with 255. */
  readonly unicastTtl: number;
  /** Value of the interval field: v2 seconds, v3 centiseconds. v2 drops adverts that differ. */
  readonly advertisedInterval: number;
  /** Null for none. */
  readonly authentication: AdvertAuthentication | null;
  readonly checksumAsV2: boolean;
  /** `skip_check_adv_addr` */
  readonly skipsAddressCheck: boolean;
  /** In advert order; excluded ones last. Added in this order. */
  readonly addresses: readonly VrrpVirtualAddress[];
  /** In the same netlink batch: added after the addresses, removed before them in reverse order. */
  readonly objects: readonly PreparedObject[];
  /** DiffServ/traffic class is always 0xc0. SO_PRIORITY or 0. */
  readonly socketPriority: number;
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

/** Why a packet was dropped (or, for the last four kinds, noted). See RFC 9568 §7.1. */
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
  | "clock-skew-noted";

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
  /** A burst of announcements after the first one has begun: the second one, or a refresh. */
  | { readonly kind: "announced"; readonly instance: number; readonly rounds: number; readonly atUs: number }
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

// ---------------------------------------------------------------- bfd, on the vrrp loop

/** In the order of the wire's numbers 0..3. @see RFC 5880 §4.1 */
export type BfdSessionState = "admin-down" | "down" | "init" | "up";

/** States that a session is in by itself. */
export type BfdLocalState = Exclude<BfdSessionState, "admin-down">;

/** What can happen to a session: a valid packet that says one of the peer's states, or none in time. */
export type BfdTrigger = `remote-${BfdSessionState}` | "detection-expired";

/** Carried out in this order. */
export interface BfdReaction {
  readonly next: BfdLocalState;
  /** Null: stays. */
  readonly localDiag: number | null;
  /** Your Discriminator is 0 again. */
  readonly forgetsPeer: boolean;
  /** Sets the Poll bit until the peer answers with Final. */
  readonly polls: boolean;
  /** Without waiting for the transmit timer. */
  readonly sends: boolean;
  /** Whether the session counts as up or lost from now on; `down` triggers `session-lost` in its followers. */
  readonly tells: "up" | "down" | null;
}

/** One step of the machine for every state and trigger. */
export interface BfdProgram {
  /** bfd.DesiredMinTxInterval */
  readonly desiredMinTxUs: Readonly<Record<BfdLocalState, number>>;
  readonly reactions: Readonly<Record<BfdLocalState, Readonly<Record<BfdTrigger, BfdReaction>>>>;
}

export interface BfdSession {
  readonly family: AddressFamily;
  readonly neighborAddress: string;
  /** Null: the kernel chooses. */
  readonly sourceAddress: string | null;
  /** Of a link-local neighbour; null for the routing table's choice. */
  readonly interfaceName: string | null;
  /** 3784, or 4784 for multihop. */
  readonly port: number;
  /** TTL or hop limit sent. */
  readonly ttl: number;
  /** Packets with a lower one are dropped. */
  readonly minTtl: number;
  readonly detectMult: number;
  readonly requiredMinRxUs: number;
  /** Says nothing before the peer does. */
  readonly isPassive: boolean;
  readonly program: BfdProgram;
}

/** Why a packet was dropped. @see RFC 5880 §6.8.6, RFC 5881 §5 */
export type BfdDropReason =
  | "too-short"
  | "version"
  | "length"
  | "detect-mult"
  | "multipoint"
  | "my-discr"
  | "authentication"
  | "your-discr"
  | "unknown-session"
  | "ttl";

export interface BfdStatus {
  readonly state: BfdSessionState;
  /** As last told (`BfdReaction.tells`). */
  readonly isUp: boolean;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly dropped: Readonly<Record<BfdDropReason, number>>;
}

export type BfdEvent =
  | {
      readonly kind: "session";
      readonly session: number;
      readonly from: BfdSessionState;
      readonly to: BfdSessionState;
      readonly localDiag: number;
      readonly remoteState: BfdSessionState;
      readonly remoteDiag: number;
      readonly tells: "up" | "down" | null;
      /** Detection Time; 0 before the first packet. */
      readonly detectionUs: number;
      /** How much later than due the end of the Detection Time was noticed; null when it was something else. */
      readonly overdueUs: number | null;
      readonly atUs: number;
    }
  /** Other intervals; said at most once a second. */
  | {
      readonly kind: "session-times";
      readonly session: number;
      readonly detectionUs: number;
      readonly transmitUs: number;
      readonly atUs: number;
    }
  /** Once per reason until the session's state changes. `session` is null for a packet that belongs to none. */
  | {
      readonly kind: "session-dropped";
      readonly session: number | null;
      readonly reason: BfdDropReason;
      readonly source: string;
      readonly received: number;
      readonly expected: number;
      readonly atUs: number;
    }
  | {
      readonly kind: "session-failed";
      readonly session: number;
      readonly action: "open" | "send" | "receive";
      readonly failure: SyscallFailure;
      readonly atUs: number;
    };

export type LoopEvent = VrrpEvent | BfdEvent;

/** The BFD sessions of the vrrp loop. Calls return at once; order is kept. */
export interface BfdLoop {
  /**
   * Opens a session, or replaces what one does: then state and peer stay. Sockets that do not open are reported and tried again.
   * @param session chosen by the caller, 1..2^31-1
   */
  openSession(session: number, settings: BfdSession): void;
  /** Says AdminDown once. Closing the loop does so for all. */
  closeSession(session: number): void;
  /** Null for an unknown session. */
  sessionStatus(session: number): BfdStatus | null;
}

// ---------------------------------------------------------------- probe loop

/** `syn`: half-open, a SYN by a raw socket (CAP_NET_RAW); SYN-ACK or RST is the answer. */
/** `https` is not the native loop's: `runtime/tls-probes.ts` carries it out on a worker. */
export type ProbeKind = "tcp" | "icmp" | "udp" | "http" | "smtp" | "syn" | "https";

/** What a UDP probe sends, and what it takes for an answer. */
export interface ProbeUdp {
  /** Hexadecimal digits, two per octet. */
  readonly payload: string;
  /** Silence fails; else only an ICMP error does. */
  readonly requiresReply: boolean;
  /** As `payload`, `x` for a digit that does not matter. Empty takes any reply, of whatever length. */
  readonly reply: string;
  readonly minReplyBytes: number;
  readonly maxReplyBytes: number;
}

/** A PCRE2 pattern; the first 65,536 octets of the body are searched, with a limit on the work. */
export interface ProbeRegex {
  readonly pattern: string;
  /** In the configuration's spelling, for example `caseless`; unknown ones count as none. */
  readonly options: readonly string[];
  /** The body must not match. */
  readonly isNegated: boolean;
  /** Octets of the body that are left out at its beginning. */
  readonly minOffset: number;
  /** The last offset at which a match may start; null: any. */
  readonly maxOffset: number | null;
}

/** One request of an HTTP probe, and which response it takes. */
export interface ProbeHttp {
  /** As it goes out, blank line included. */
  readonly request: string;
  /** Accepted status codes, both ends included, 100..999. */
  readonly statusCodes: readonly { readonly from: number; readonly to: number }[];
  /** MD5 of the body, 32 hexadecimal digits in lower case; null takes any body. */
  readonly digest: string | null;
  /** Null takes any body. A pattern that does not compile takes none. */
  readonly regex: ProbeRegex | null;
}

/** Files of the `SSL` block: what the director shows servers that ask for a certificate. */
export interface ProbeCredentials {
  /** PEM: the certificate, then those that vouch for it. */
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly password: string | null;
}

/** How an HTTPS probe speaks TLS; no certificate is verified. */
export interface ProbeTls {
  /** Server Name Indication, null for none. */
  readonly serverName: string | null;
  /** A response that ends without close_notify is cut off. */
  readonly isStrict: boolean;
  readonly credentials: ProbeCredentials | null;
}

/** An SMTP probe: greeting, HELO, QUIT. */
export interface ProbeSmtp {
  /** Without line ends. */
  readonly heloName: string;
}

export interface ProbeTarget {
  readonly kind: ProbeKind;
  readonly family: AddressFamily;
  readonly address: string;
  /** 0 for icmp */
  readonly port: number;
  /** Null: the kernel chooses. */
  readonly bindAddress: string | null;
  /** 0 for syn, whose ports the prober reserves. */
  readonly bindPort: number;
  readonly bindInterface: string | null;
  /** SO_MARK, 0 for none. */
  readonly fwmark: number;
  readonly timeoutUs: number;
  /** For kind `udp`, and only there. */
  readonly udp?: ProbeUdp;
  /** For kinds `http` and `https`, and only there. `timeoutUs` counts twice: to connect, and from then on to the end. */
  readonly http?: ProbeHttp;
  /** For kind `https`, and only there; the handshake is a part of connecting. */
  readonly tls?: ProbeTls;
  /** For kind `smtp`, and only there. `timeoutUs` counts to connect, and anew for each of the three replies. */
  readonly smtp?: ProbeSmtp;
}

/**
 * After a result the next probe starts `intervalUs` later when the result is the expected one,
 * `unexpectedIntervalUs` later when not. Only unexpected results are reported, so a steady state
 * costs JavaScript nothing.
 */
export interface ProbeSchedule {
  readonly expected: ProbeResult | "none";
  readonly intervalUs: number;
  readonly unexpectedIntervalUs: number;
}

export type ProbeResult = "success" | "failure";

export type ProbeReason = "ok" | "refused" | "timeout" | "unreachable" | "reset" | "mismatch" | "other";

/**
 * How far a probe came, or what of the answer was not as it should be. All but HTTP and SMTP are always at `connect`.
 * HTTP: `answer` (none, or cut off), `status` (code, or no HTTP at all), `digest`, `regex`; HTTPS also `handshake`.
 */
export type ProbeStage =
  | "connect"
  | "handshake"
  | "answer"
  | "status"
  | "digest"
  | "regex"
  | "greeting"
  | "helo"
  | "quit";

export type ProbeEvent = {
  readonly target: number;
  readonly result: ProbeResult;
  readonly reason: ProbeReason;
  readonly stage: ProbeStage;
  /** 0 when there is none. */
  readonly errno: number;
  readonly latencyUs: number;
  readonly atUs: number;
};

export interface ProbeOutcomes {
  readonly succeeded: number;
  readonly failed: number;
  /** Failed locally (no buffers, no port, no route out): retried, says nothing of the server. */
  readonly local: number;
  /** Judged late because the loop itself was late: retried. */
  readonly late: number;
}

export interface ProbeKindCounters extends ProbeOutcomes {
  /** Of those that succeeded or failed. */
  readonly latency: TimeHistogram;
}

export interface ProbeCounters extends ProbeOutcomes {
  readonly started: number;
  readonly inFlight: number;
  readonly kinds: Readonly<Record<ProbeKind, ProbeKindCounters>>;
}

export interface ProbeLoopOptions {
  /** Probes in flight at a time; the rest waits. */
  readonly maxInFlight: number;
}

/** The probe loop: one thread for all targets. */
export interface ProbeLoop {
  /**
   * Replaces a target of the same number.
   * @param target chosen by the caller, 0..2^31-1
   * @param firstDelayUs the first probe starts after this
   */
  addTarget(target: number, spec: ProbeTarget, schedule: ProbeSchedule, firstDelayUs: number): void;
  /** Takes effect with the next result; to start afresh, add the target again. */
  setSchedule(target: number, schedule: ProbeSchedule): void;
  removeTarget(target: number): void;
  counters(): ProbeCounters;
  health(): LoopHealth;
  close(): void;
}

/** Reads and judges responses, one after the other, as the HTTP probes of the loop do. Keeps what these keep. */
export interface HttpResponse {
  /** A new response begins. */
  begin(): void;
  /** @returns whether the rest of it does not matter */
  feed(octets: Uint8Array): boolean;
  /** The response is over, or cut off. @returns what is wrong with it, null when nothing is */
  fault(): ProbeStage | null;
}

// ---------------------------------------------------------------- host

/** A connected AF_UNIX datagram socket (syslog, journald, systemd's notify socket). */
export interface DatagramSender {
  /** False when the message could not be handed over at once. Never blocks. */
  send(message: Uint8Array): boolean;
  close(): void;
}

export interface NativeAddon {
  readonly contractVersion: number;
  /** CLOCK_MONOTONIC in microseconds. */
  monotonicUs(): number;
  /**
   * Loads the kernel module when it is missing, and waits for that (at most 10 s).
   * @throws NativeError `ENOENT` when the kernel has no IPVS all the same, `EPERM`
   */
  openIpvs(): IpvsTable;
  openRtnetlink(): Rtnetlink;
  /**
   * Tells of what is removed from nftables tables in the present network namespace, by anybody.
   * @param onRemoval `isOverrun`: some events were lost
   * @throws NativeError
   */
  watchFirewall(onRemoval: (removals: readonly FirewallRemoval[], isOverrun: boolean) => void): FirewallWatch;
  createVrrpLoop(
    options: VrrpLoopOptions,
    onEvents: (events: readonly LoopEvent[]) => void,
  ): VrrpLoop & BfdLoop & LoopThreadControl;
  createProbeLoop(
    options: ProbeLoopOptions,
    onEvents: (events: readonly ProbeEvent[]) => void,
  ): ProbeLoop & LoopThreadControl;
  createHttpResponse(http: ProbeHttp): HttpResponse;
  /**
   * A TCP socket on its way to the target, with the target's source, interface and mark; closing it resets.
   * @returns its file descriptor, or a negative errno
   */
  connectStream(target: ProbeTarget): number;
  /** @returns why the pattern does not compile, and at which offset; empty when it does */
  regexProblem(regex: ProbeRegex): string;
  /** @param path of the socket; a leading `@` means the abstract namespace */
  openDatagram(path: string): DatagramSender;
  /** F_OFD_SETLK write lock. False when another process holds it. */
  tryLockFile(fd: number): boolean;
  /**
   * Calls back for signals that Node has no name for (the real-time ones), until the process ends.
   * Never keeps the process alive.
   * @param signals numbers, 1..64
   * @returns false when one of them can't be watched
   */
  watchSignals(signals: readonly number[], onSignal: (signal: number) => void): boolean;
  /**
   * How long a real-time thread may run without sleeping before the process gets SIGXCPU, again and again (soft RLIMIT_RTTIME).
   * @param limitUs 1..2^32-1, at most the hard limit; null for none
   * @throws NativeError
   */
  limitRealtime(limitUs: number | null): void;
  /** setns(2) of the calling thread and all native threads started later. @throws NativeError */
  enterNetworkNamespace(path: string): void;
}
