import type { Microseconds } from "../model/units.ts";
import type { BfdLocalState, BfdProgram, BfdReaction, BfdTrigger } from "../native/contract.ts";
import { type BfdEvent, type BfdState, DIAGNOSTIC, type SessionRules, step } from "./machine.ts";

/** Keeps the order of the contract. */
const EVENTS: Readonly<Record<BfdTrigger, BfdEvent>> = {
  "remote-admin-down": { kind: "packet", remoteState: "admin-down" },
  "remote-down": { kind: "packet", remoteState: "down" },
  "remote-init": { kind: "packet", remoteState: "init" },
  "remote-up": { kind: "packet", remoteState: "up" },
  "detection-expired": { kind: "detection-expired" },
};

/** Runs the machine ahead over all its states and triggers, so that the vrrp loop runs the session by itself. */
export function deriveSessionProgram(rules: SessionRules): BfdProgram {
  const desiredMinTxUs: Record<BfdLocalState, Microseconds> = {
    down: rules.idleTxUs,
    init: rules.idleTxUs,
    up: rules.minTxUs,
  };
  const reactionsOf = (sessionState: BfdLocalState): Record<BfdTrigger, BfdReaction> => {
    const from: BfdState = { sessionState, localDiag: DIAGNOSTIC.none, desiredMinTxUs: desiredMinTxUs[sessionState] };
    const to = (trigger: BfdTrigger): BfdReaction => reaction(rules, from, EVENTS[trigger]);
    return {
      "remote-admin-down": to("remote-admin-down"),
      "remote-down": to("remote-down"),
      "remote-init": to("remote-init"),
      "remote-up": to("remote-up"),
      "detection-expired": to("detection-expired"),
    };
  };
  const reactions = { down: reactionsOf("down"), init: reactionsOf("init"), up: reactionsOf("up") };
  return { desiredMinTxUs, reactions };
}

function reaction(rules: SessionRules, from: BfdState, event: BfdEvent): BfdReaction {
  const { state, effects } = step(rules, from, event);
  const has = (kind: (typeof effects)[number]["kind"]): boolean => effects.some((effect) => effect.kind === kind);
  const told = effects.find((effect) => effect.kind === "notify");
  return {
    next: state.sessionState,
    localDiag: state.sessionState === from.sessionState ? null : state.localDiag,
    forgetsPeer: has("forget-peer"),
    polls: has("poll"),
    sends: has("send"),
    tells: told === undefined ? null : told.isUp ? "up" : "down",
  };
}
