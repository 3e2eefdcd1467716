/**
 * BFD sessions, which live on the vrrp loop.
 *
 * Part of the contract of the native addon, see ../contract.ts.
 */

import type { AddressFamily, SyscallFailure } from "./errors.ts";
import type { VrrpEvent } from "./vrrp.ts";

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
