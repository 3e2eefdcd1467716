import { ERRORS } from "./answer.ts";
import type { Incoming, Outgoing, Request } from "./codec.ts";
import type { Oid } from "./oid.ts";
import type { VarBind } from "./values.ts";

/** What the subagent is, and what it serves. */
export interface SessionConfig {
  readonly id: Oid;
  readonly description: string;
  /** Registered one after the other; one that is refused is told and left out. */
  readonly subtrees: readonly Oid[];
}

type Phase =
  /** Waits to try again. */
  | { readonly kind: "waiting" }
  | { readonly kind: "connecting" }
  | { readonly kind: "opening"; readonly packetId: number }
  | { readonly kind: "registering"; readonly sessionId: number; readonly packetId: number; readonly at: number }
  | { readonly kind: "open"; readonly sessionId: number; readonly ping: number | null }
  | { readonly kind: "stopped" };

export interface SessionState {
  readonly phase: Phase;
  readonly nextPacketId: number;
  /** Notifications that wait for an open session, oldest first. */
  readonly waiting: readonly (readonly VarBind[])[];
}

export type SessionEvent =
  | { readonly kind: "start" | "connected" | "lost" | "timer" | "stop" }
  | { readonly kind: "received"; readonly pdu: Incoming }
  | { readonly kind: "notify"; readonly varBinds: readonly VarBind[] };

export type SessionEffect =
  | { readonly kind: "connect" | "disconnect" }
  /** Replaces the timer that runs. */
  | { readonly kind: "arm"; readonly afterMs: number }
  | { readonly kind: "disarm" }
  | { readonly kind: "send"; readonly pdu: Outgoing }
  | { readonly kind: "answer"; readonly request: Request; readonly sessionId: number }
  | { readonly kind: "tell"; readonly what: "open" | "lost" }
  | { readonly kind: "tell-refused"; readonly subtree: Oid; readonly error: number };

export interface SessionStep {
  readonly state: SessionState;
  readonly effects: readonly SessionEffect[];
}

const RETRY_MS = 5_000;
const PATIENCE_MS = 10_000;
/** A master that is gone without a word is found out by then, plus the patience. */
const PING_MS = 60_000;
const MOST_WAITING = 64;
const LARGEST_PACKET_ID = 0x7fffffff;
/** How long a master waits for our answers. */
const ANSWER_SEC = 10;
const DEFAULT_PRIORITY = 127;
const SHUTDOWN = 5;

export const NEW_SESSION: SessionState = { phase: { kind: "waiting" }, nextPacketId: 1, waiting: [] };

function become(state: SessionState, phase: Phase, effects: readonly SessionEffect[]): SessionStep {
  return { state: { ...state, phase }, effects };
}

function send(
  state: SessionState,
  sessionId: number,
  make: (ids: { sessionId: number; transactionId: number; packetId: number }) => Outgoing,
): { readonly state: SessionState; readonly packetId: number; readonly effect: SessionEffect } {
  const packetId = state.nextPacketId;
  const nextPacketId = packetId >= LARGEST_PACKET_ID ? 1 : packetId + 1;
  const pdu = make({ sessionId, transactionId: packetId, packetId });
  return { state: { ...state, nextPacketId }, packetId, effect: { kind: "send", pdu } };
}

function wait(state: SessionState, isConnected: boolean): SessionStep {
  const wasOpen = state.phase.kind === "open";
  return become(state, { kind: "waiting" }, [
    ...(isConnected ? [{ kind: "disconnect" } as const] : []),
    ...(wasOpen ? [{ kind: "tell", what: "lost" } as const] : []),
    { kind: "arm", afterMs: RETRY_MS },
  ]);
}

function open(config: SessionConfig, before: SessionState): SessionStep {
  const { id, description } = config;
  const { state, packetId, effect } = send(before, 0, (ids) => ({
    ...ids,
    type: "open",
    timeoutSec: ANSWER_SEC,
    id,
    description,
  }));
  return become(state, { kind: "opening", packetId }, [effect, { kind: "arm", afterMs: PATIENCE_MS }]);
}

/** Sends the registration of the subtree at `at`, or is open when that was the last. */
function register(config: SessionConfig, before: SessionState, sessionId: number, at: number): SessionStep {
  const subtree = config.subtrees[at];
  if (subtree === undefined) return becomeOpen(before, sessionId);
  const { state, packetId, effect } = send(before, sessionId, (ids) => ({
    ...ids,
    type: "register",
    subtree,
    priority: DEFAULT_PRIORITY,
  }));
  return become(state, { kind: "registering", sessionId, packetId, at }, [
    effect,
    { kind: "arm", afterMs: PATIENCE_MS },
  ]);
}

function becomeOpen(before: SessionState, sessionId: number): SessionStep {
  let state: SessionState = { ...before, phase: { kind: "open", sessionId, ping: null }, waiting: [] };
  const effects: SessionEffect[] = [{ kind: "tell", what: "open" }];
  for (const varBinds of before.waiting) {
    const sent = send(state, sessionId, (ids) => ({ ...ids, type: "notify", varBinds }));
    state = sent.state;
    effects.push(sent.effect);
  }
  return { state, effects: [...effects, { kind: "arm", afterMs: PING_MS }] };
}

function receiveResponse(
  config: SessionConfig,
  state: SessionState,
  pdu: Incoming & { readonly type: "response" },
): SessionStep {
  const { phase } = state;
  switch (phase.kind) {
    case "opening":
      if (pdu.packetId !== phase.packetId) return { state, effects: [] };
      return pdu.error === ERRORS.none ? register(config, state, pdu.sessionId, 0) : wait(state, true);
    case "registering": {
      if (pdu.packetId !== phase.packetId) return { state, effects: [] };
      const step = register(config, state, phase.sessionId, phase.at + 1);
      const subtree = config.subtrees[phase.at];
      if (pdu.error === ERRORS.none || subtree === undefined) return step;
      return { ...step, effects: [{ kind: "tell-refused", subtree, error: pdu.error }, ...step.effects] };
    }
    case "open":
      if (pdu.error === ERRORS.notOpen) return wait(state, true);
      if (pdu.packetId !== phase.ping) return { state, effects: [] };
      return become(state, { ...phase, ping: null }, [{ kind: "arm", afterMs: PING_MS }]);
    default:
      return { state, effects: [] };
  }
}

function receive(config: SessionConfig, state: SessionState, pdu: Incoming): SessionStep {
  const { phase } = state;
  if (phase.kind === "waiting" || phase.kind === "stopped") return { state, effects: [] };
  switch (pdu.type) {
    case "response":
      return receiveResponse(config, state, pdu);
    case "close":
      return wait(state, true);
    case "other":
      return { state, effects: [] };
    default:
      if (phase.kind !== "open" && phase.kind !== "registering") return { state, effects: [] };
      return { state, effects: [{ kind: "answer", request: pdu, sessionId: phase.sessionId }] };
  }
}

function onTimer(state: SessionState): SessionStep {
  const { phase } = state;
  if (phase.kind === "waiting")
    return become(state, { kind: "connecting" }, [{ kind: "connect" }, { kind: "arm", afterMs: PATIENCE_MS }]);
  if (phase.kind === "stopped") return { state, effects: [] };
  if (phase.kind !== "open" || phase.ping !== null) return wait(state, true);
  const sent = send(state, phase.sessionId, (ids) => ({ ...ids, type: "ping" }));
  return become(sent.state, { ...phase, ping: sent.packetId }, [sent.effect, { kind: "arm", afterMs: PATIENCE_MS }]);
}

function notify(state: SessionState, varBinds: readonly VarBind[]): SessionStep {
  const { phase } = state;
  if (phase.kind === "stopped") return { state, effects: [] };
  if (phase.kind !== "open")
    return { state: { ...state, waiting: [...state.waiting, varBinds].slice(-MOST_WAITING) }, effects: [] };
  const sent = send(state, phase.sessionId, (ids) => ({ ...ids, type: "notify", varBinds }));
  return { state: sent.state, effects: [sent.effect] };
}

function stop(state: SessionState): SessionStep {
  const { phase } = state;
  const effects: SessionEffect[] = [{ kind: "disarm" }];
  if (phase.kind === "open" || phase.kind === "registering")
    effects.push(send(state, phase.sessionId, (ids) => ({ ...ids, type: "close", reason: SHUTDOWN })).effect);
  return become(state, { kind: "stopped" }, [...effects, { kind: "disconnect" }]);
}

/**
 * A subagent's session with its master: opened, registered, kept alive, and made anew when it is lost.
 * @see RFC 2741 §7.1, §7.2
 */
export function step(config: SessionConfig, state: SessionState, event: SessionEvent): SessionStep {
  switch (event.kind) {
    case "start":
      return onTimer(state);
    case "timer":
      return onTimer(state);
    case "connected":
      return state.phase.kind === "connecting" ? open(config, state) : { state, effects: [] };
    case "lost":
      if (state.phase.kind === "stopped" || state.phase.kind === "waiting") return { state, effects: [] };
      return wait(state, false);
    case "received":
      return receive(config, state, event.pdu);
    case "notify":
      return notify(state, event.varBinds);
    case "stop":
      return stop(state);
  }
}
