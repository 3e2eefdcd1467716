import type { BfdInstance } from "../model/tracking.ts";
import type { Microseconds } from "../model/units.ts";

/** In the order of the wire's numbers 0..3. @see RFC 5880 §4.1 */
export type SessionState = "admin-down" | "down" | "init" | "up";

/** Why the session last changed its state, as the wire's number. @see RFC 5880 §4.1 */
export const DIAGNOSTIC = { none: 0, detectionTimeExpired: 1, neighborSignaledDown: 3 } as const;

export type Diagnostic = (typeof DIAGNOSTIC)[keyof typeof DIAGNOSTIC];

/** What the machine needs of a session; a whole `BfdInstance` will do. */
export type SessionRules = Pick<BfdInstance, "minTxUs" | "idleTxUs">;

export interface BfdState {
  readonly sessionState: "down" | "init" | "up";
  readonly localDiag: Diagnostic;
  readonly desiredMinTxUs: Microseconds;
}

export type BfdEvent =
  /** A valid packet of the peer. */
  | { readonly kind: "packet"; readonly remoteState: SessionState }
  /** No valid packet within the Detection Time. */
  | { readonly kind: "detection-expired" };

export type BfdEffect =
  /** Without waiting for the transmit timer: what is said has changed. §6.8.7 */
  | { readonly kind: "send" }
  /** Sets the Poll bit until the peer answers with Final. §6.5 */
  | { readonly kind: "poll" }
  /** Your Discriminator is 0 again, and a passive session is silent. §6.8.1 */
  | { readonly kind: "forget-peer" }
  | { readonly kind: "notify"; readonly isUp: boolean };

export interface BfdStep {
  readonly state: BfdState;
  /** Executed in this order. */
  readonly effects: readonly BfdEffect[];
}

export function initialSession(rules: SessionRules): BfdState {
  return { sessionState: "down", localDiag: DIAGNOSTIC.none, desiredMinTxUs: rules.idleTxUs };
}

/**
 * One BFD session without authentication: one event in, the new state and ordered effects out.
 * @see RFC 5880 §6.8.4, §6.8.6
 */
export function step(rules: SessionRules, state: BfdState, event: BfdEvent): BfdStep {
  if (event.kind === "detection-expired") return expire(rules, state);
  const { remoteState } = event;
  switch (state.sessionState) {
    case "down":
      if (remoteState === "down") return become(rules, "init");
      return remoteState === "init" ? becomeUp(rules) : stay(state);
    case "init":
      if (remoteState === "admin-down") return becomeDown(rules, DIAGNOSTIC.neighborSignaledDown, false);
      return remoteState === "down" ? stay(state) : becomeUp(rules);
    case "up":
      if (remoteState === "init" || remoteState === "up") return stay(state);
      // keepalived: an administrator's wish of the peer is no failure and is told to nobody.
      return becomeDown(rules, DIAGNOSTIC.neighborSignaledDown, remoteState === "down");
  }
}

function stay(state: BfdState, ...effects: readonly BfdEffect[]): BfdStep {
  return { state, effects };
}

/** §6.8.4: Init and Up are lost. §6.8.1: whatever the state, the peer's discriminator is forgotten, before anything is said. */
function expire(rules: SessionRules, state: BfdState): BfdStep {
  if (state.sessionState === "down") return stay(state, { kind: "forget-peer" });
  const isLoss = state.sessionState === "up";
  const lost = becomeDown(rules, DIAGNOSTIC.detectionTimeExpired, isLoss);
  return { state: lost.state, effects: [{ kind: "forget-peer" }, ...lost.effects] };
}

function become(rules: SessionRules, sessionState: "down" | "init", localDiag: Diagnostic = DIAGNOSTIC.none): BfdStep {
  return { state: { sessionState, localDiag, desiredMinTxUs: rules.idleTxUs }, effects: [{ kind: "send" }] };
}

function becomeDown(rules: SessionRules, localDiag: Diagnostic, isTold: boolean): BfdStep {
  const { state, effects } = become(rules, "down", localDiag);
  return { state, effects: isTold ? [...effects, { kind: "notify", isUp: false }] : effects };
}

/** §6.8.3: the idle rate is left, which the peer learns by a Poll Sequence. */
function becomeUp(rules: SessionRules): BfdStep {
  return {
    state: { sessionState: "up", localDiag: DIAGNOSTIC.none, desiredMinTxUs: rules.minTxUs },
    effects: [{ kind: "poll" }, { kind: "send" }, { kind: "notify", isUp: true }],
  };
}
