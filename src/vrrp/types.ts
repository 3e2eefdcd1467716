import type { AddressFamily, Microseconds } from "../model/units.ts";
import type { VrrpInstance } from "../model/vrrp.ts";
import type { AdvertFacts, VrrpAction, VrrpTrigger } from "../native/contract.ts";

/** What the machine needs of an instance; a whole `VrrpInstance` will do. */
export type VirtualRouter = Pick<
  VrrpInstance,
  | "name"
  | "family"
  | "version"
  | "interfaceName"
  | "priority"
  | "acceptMode"
  | "wantsActive"
  | "advertisementIntervalUs"
  | "preemptMode"
  | "preemptDelayUs"
  | "downTimerAdverts"
  | "isSilentOnLowerPriority"
  | "sendsAdvertBeforeYielding"
  | "virtualAddresses"
  | "excludedAddresses"
  | "virtualRoutes"
  | "virtualRules"
  | "ignoresOwnInterface"
  | "announce"
  | "vrf"
> & {
  /** An address owner that drops every advert (`owner_ignore_adverts`). */
  readonly ownerIgnoresAdverts?: boolean;
  /** A lost link is acted on by the control loop, after a delay. */
  readonly isLinkLossDelayed?: boolean;
  /** Not empty: unicast. Absent: multicast. */
  readonly unicastPeers?: VrrpInstance["unicastPeers"];
  /** `timer_expired_backup`: the highest priority of the others, 1..254; null or absent: off. */
  readonly timerExpiredBackupPriority?: number | null;
  /** Absent outside of sync groups. */
  readonly group?: GroupRole;
};

/** What a member of a sync group has to know of it. */
export interface GroupRole {
  readonly name: string;
  /** Every member is an address owner. */
  readonly isOwned: boolean;
  /** Every member says `state MASTER`, too. */
  readonly startsActive: boolean;
}

/** How a received advert compares with us: priority first, then the sender's address. */
export type AdvertClass = Extract<
  VrrpTrigger,
  "priority-zero" | "higher-priority" | "lower-priority" | `equal-${string}`
>;

/** Why an instance cannot take part; the text shows up in the status. */
export type FaultReason =
  | `interface ${string} ${"down" | "up"}`
  | `no ${"IPv4" | "IPv6"} address for interface`
  | "src address not configured"
  | "no unicast peer"
  | "sockets not open"
  | "held by operator"
  /** Another member of the sync group has a fault. */
  | "sync group"
  /** Another member of the sync group has no fault but is held by an operator. */
  | "sync group held by operator"
  | `tracked ${"script" | "file" | "process" | "BFD"} ${string}`
  | "lease lapsed";

/**
 * off: none configured. pending: no lower advert was heard since entering backup. counting: the timer
 * runs. passed: lower adverts no longer hold us back.
 */
export type PreemptDelay = "off" | "pending" | "counting" | "passed";

export interface ActiveRouter {
  readonly address: string;
  readonly priority: number;
}

interface StateBase {
  /** Sum of the weights of tracked objects, added to the base priority. */
  readonly weight: number;
  /** `vrrp_startup_delay` has not passed yet. */
  readonly isStartupDelayed: boolean;
}

export interface InitializeState extends StateBase {
  readonly kind: "initialize";
  /** Known before startup. */
  readonly reasons: readonly FaultReason[];
}

/** Has the addresses of an earlier run and listens whether another router took over meanwhile. Nobody was told a state yet. */
export interface AdoptingState extends StateBase {
  readonly kind: "adopting";
  /** Something that it tracks has not reported yet: it goes on listening. */
  readonly isHeldBack: boolean;
}

export interface BackupState extends StateBase {
  readonly kind: "backup";
  /** Interval of the last accepted advert (VRRPv3), else the own one. @see RFC 9568 §6.1 */
  readonly activeAdverIntervalUs: Microseconds;
  /** Sender of the last accepted advert. */
  readonly activeRouter: ActiveRouter | null;
  readonly preemptDelay: PreemptDelay;
}

/**
 * An address owner that hears another one with a lower address. contested: it has been answered. persisting: it was heard all the
 * same. reduced: it did not give way, so we count as 254 until it falls silent.
 */
export interface OwnerConflict {
  readonly phase: "contested" | "persisting" | "reduced";
  /** Address of the other one. */
  readonly rival: string;
  /** How long it is listened for. */
  readonly patienceUs: Microseconds;
}

export interface ActiveState extends StateBase {
  readonly kind: "active";
  readonly ownerConflict?: OwnerConflict;
}

export interface FaultState extends StateBase {
  readonly kind: "fault";
  /** Never empty. */
  readonly reasons: readonly FaultReason[];
}

export type VrrpState = InitializeState | AdoptingState | BackupState | ActiveState | FaultState;

export type RouterEvent =
  | { readonly kind: "startup"; readonly isDelayed: boolean }
  /** Startup of a router that has all its addresses: an earlier run ended without withdrawing them. */
  | { readonly kind: "adopt"; readonly isHeldBack: boolean }
  /** Everything tracked has reported, and well: an adopting router may be active. */
  | { readonly kind: "released" }
  /** `isSilent`: keep the addresses and send nothing. */
  | { readonly kind: "shutdown"; readonly isSilent: boolean }
  /** Timers of the vrrp loop. For a member of a sync group `active-down` means that all members wish to be active. */
  | { readonly kind: "active-down" }
  | { readonly kind: "adver" }
  /** Another member of the sync group became active, became backup, or has heard a lower priority while active. */
  | { readonly kind: "group-active" }
  | { readonly kind: "group-backup" }
  | { readonly kind: "group-announce" }
  /** Somebody wants neighbours to be told where the addresses are, now. `isBurstDue`: the takeover's second burst is still to come. */
  | { readonly kind: "announce-requested"; readonly isBurstDue: boolean }
  /** Timers of the control loop. */
  | { readonly kind: "startup-delay-expired" }
  | { readonly kind: "preempt-delay-expired" }
  | { readonly kind: "owner-conflict-expired" }
  | { readonly kind: "advert"; readonly class: AdvertClass; readonly advert: AdvertFacts }
  | { readonly kind: "fault-raised"; readonly reason: FaultReason }
  | { readonly kind: "fault-cleared"; readonly reason: FaultReason }
  /** While active: nothing was said for so long that another router is active by now (`timer_expired_backup`). */
  | { readonly kind: "stalled" }
  /** New sum of tracked weights. */
  | { readonly kind: "weight"; readonly weight: number }
  /** Somebody else removed virtual addresses. */
  | { readonly kind: "addresses-removed"; readonly reaction: "repair" | "yield"; readonly addresses: readonly string[] }
  /** The configuration was replaced by one that keeps the state. */
  | { readonly kind: "reconfigured"; readonly hasNewAddresses: boolean }
  | {
      readonly kind: "effect-failed";
      readonly action: string;
      readonly errno: number;
      readonly reason: string;
      readonly address: string | null;
    };

export type AdvertEvent = Extract<RouterEvent, { kind: "advert" }>;

export type ControlTimer = "preempt-delay" | "owner-conflict";

export type StateName = VrrpState["kind"];

export type NoteMessage =
  | "state change"
  | "startup fault"
  | "advertisement timeout"
  | "priority 0 sent"
  | "adopting addresses"
  | "setting addresses"
  | "setting firewall"
  | "removing firewall"
  | "removing addresses"
  | "setting excluded addresses"
  | "removing excluded addresses"
  | "setting virtual routes"
  | "removing virtual routes"
  | "setting virtual rules"
  | "removing virtual rules"
  | "priority 0 received in backup"
  | "priority 0 received in active"
  | "lower priority discarded"
  | "lower priority while active"
  | "higher priority while active"
  | "equal priority with higher address while active"
  | "equal priority with own address"
  | "two address owners"
  | "address owner persists"
  | "address owner gave way"
  | "address owner restored"
  | "active router learned"
  | "active router changed"
  | "advertisement interval learned"
  | "own advertisement interval"
  | "preempt delay started"
  | "preempt delay stopped"
  | "effective priority changed"
  | "address removed by others"
  | "address restored"
  | "effect failed";

export interface NoteEffect {
  readonly kind: "note";
  /** `detail` only with detailed logging. */
  readonly level: "error" | "warning" | "info" | "detail";
  readonly message: NoteMessage;
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;
}

/** Carried out by JavaScript; everything else by the vrrp loop. */
export type ControlEffect =
  | NoteEffect
  | { readonly kind: "notify"; readonly from: StateName; readonly to: StateName | "stop"; readonly priority: number }
  | { readonly kind: "start-timer"; readonly timer: ControlTimer; readonly delayUs: Microseconds }
  | { readonly kind: "stop-timer"; readonly timer: ControlTimer };

export type VrrpEffect = VrrpAction | ControlEffect;

export interface Step {
  readonly state: VrrpState;
  /** Executed in this order; the order is part of the contract. */
  readonly effects: readonly VrrpEffect[];
}

const HELD: ReadonlySet<FaultReason> = new Set(["held by operator", "sync group held by operator"]);

/** As the world outside is told: an instance that nothing but an operator keeps from service is a backup. */
export function shownState(state: VrrpState): StateName {
  const isHeld = state.kind === "fault" && state.reasons.every((reason) => HELD.has(reason));
  return isHeld ? "backup" : state.kind;
}

/** Of a fault that is the member's own, not one that it shares with its sync group. */
export function isShared(reason: FaultReason): boolean {
  return reason === "sync group" || reason === "sync group held by operator";
}

/** Nothing is broken. */
export function isHold(reason: FaultReason): boolean {
  return HELD.has(reason);
}

export const INITIAL_STATE: InitializeState = { kind: "initialize", weight: 0, isStartupDelayed: false, reasons: [] };

export function isControlEffect(effect: VrrpEffect): effect is ControlEffect {
  return ["note", "notify", "start-timer", "stop-timer"].includes(effect.kind);
}

/** The part of a step that the vrrp loop carries out. */
export function actionsOf(effects: readonly VrrpEffect[]): readonly VrrpAction[] {
  return effects.filter((effect): effect is VrrpAction => !isControlEffect(effect));
}

export function noSourceAddress(family: AddressFamily): FaultReason {
  return family === "inet" ? "no IPv4 address for interface" : "no IPv6 address for interface";
}

/** keepalived's words for a configured source that is no address of the machine. */
export const SOURCE_NOT_CONFIGURED: FaultReason = "src address not configured";

export function interfaceDown(name: string): FaultReason {
  return `interface ${name} down`;
}
