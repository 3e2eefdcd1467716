import { deriveSessionProgram } from "../bfd/program.ts";
import type { BfdInstance } from "../model/tracking.ts";
import type { Microseconds } from "../model/units.ts";
import type { BfdEvent, BfdSession, BfdSessionState, BfdStatus, VrrpLoopHealth } from "../native/contract.ts";
import { renderDrop, renderExpiry, renderFailure, renderState, renderTimes } from "./bfd-wording.ts";
import type { SpokenRecord } from "./log.ts";
import type { BfdLoopEvent, BfdLoopUse } from "./shared-loop.ts";

/** @see RFC 5881 §4, RFC 5883 §5 */
const SINGLE_HOP_PORT = 3784;
const MULTIHOP_PORT = 4784;

/** One session, for status, dumps and metrics. */
export interface BfdSessionSnapshot {
  readonly name: string;
  readonly neighborAddress: string | null;
  readonly sourceAddress: string | null;
  readonly state: BfdSessionState;
  readonly sinceUs: Microseconds;
  /** As VRRP and checkers were told. */
  readonly isUp: boolean;
  readonly localDiag: number;
  readonly remoteState: BfdSessionState;
  readonly remoteDiag: number;
  /** Detection Time; 0 before the first packet. */
  readonly detectionUs: Microseconds;
  /** Null when the loop does not know the session. */
  readonly status: BfdStatus | null;
}

export interface BfdRuntimeDependencies {
  /** Called once, by the first `configure`. */
  readonly openLoop: (onEvents: (events: readonly BfdLoopEvent[]) => void) => BfdLoopUse;
  readonly sessionNumber: (name: string) => number;
  readonly nowUs: () => Microseconds;
  readonly log: (record: SpokenRecord) => void;
  /** A session came up or was lost. All are down before. */
  readonly onChange: (session: BfdInstance, isUp: boolean) => void;
}

interface RunningSession {
  config: BfdInstance;
  readonly number: number;
  isUp: boolean;
  state: Omit<BfdSessionSnapshot, "name" | "neighborAddress" | "sourceAddress" | "isUp" | "status">;
}

/** The BFD sessions: the vrrp loop runs them, here they are told what to do, and what they do is told. */
export class BfdRuntime {
  readonly #dependencies: BfdRuntimeDependencies;
  #loop: BfdLoopUse | null = null;
  #sessions: ReadonlyMap<string, RunningSession> = new Map();

  constructor(dependencies: BfdRuntimeDependencies) {
    this.#dependencies = dependencies;
  }

  /** Opens, changes and closes sessions. One whose name and addresses stay keeps its state. */
  configure(configs: readonly BfdInstance[]): void {
    this.#loop ??= this.#dependencies.openLoop((events) => this.#onEvents(events));
    const before = this.#sessions;
    const kept = configs.filter((config) => isSamePath(before.get(config.name)?.config, config));
    for (const [name, session] of before) if (!kept.some((config) => config.name === name)) this.#close(session);
    this.#sessions = new Map(
      configs.map((config) => {
        const known = kept.includes(config) ? before.get(config.name) : undefined;
        const session = known ?? this.#create(config);
        session.config = config;
        return [config.name, session];
      }),
    );
    for (const session of this.#sessions.values()) this.#open(session);
  }

  /** Says AdminDown to all peers. Idempotent. */
  async stop(): Promise<void> {
    this.#loop?.close();
    this.#loop = null;
    this.#sessions = new Map();
  }

  isUp(name: string): boolean {
    return this.#sessions.get(name)?.isUp ?? false;
  }

  /** Of the loop; null when there is none. */
  health(): VrrpLoopHealth | null {
    return this.#loop?.health() ?? null;
  }

  snapshot(): readonly BfdSessionSnapshot[] {
    return [...this.#sessions.values()].map(({ config, number, isUp, state }) => ({
      name: config.name,
      neighborAddress: config.neighborAddress,
      sourceAddress: config.sourceAddress,
      isUp,
      ...state,
      status: config.neighborAddress === null ? null : (this.#loop?.sessionStatus(number) ?? null),
    }));
  }

  #create(config: BfdInstance): RunningSession {
    const state = { state: "down", localDiag: 0, remoteState: "down", remoteDiag: 0, detectionUs: 0 } as const;
    const number = this.#dependencies.sessionNumber(config.name);
    return { config, number, isUp: false, state: { ...state, sinceUs: this.#dependencies.nowUs() } };
  }

  #open({ config, number }: RunningSession): void {
    const settings = sessionSettings(config);
    if (settings !== null) this.#loop?.openSession(number, settings);
  }

  #close(session: RunningSession): void {
    if (session.config.neighborAddress !== null) this.#loop?.closeSession(session.number);
    this.#tell(session, false);
  }

  #tell(session: RunningSession, isUp: boolean): void {
    if (session.isUp === isUp) return;
    session.isUp = isUp;
    this.#dependencies.onChange(session.config, isUp);
  }

  #onEvents(events: readonly BfdLoopEvent[]): void {
    for (const event of events) {
      if (event.kind === "overrun") this.#catchUp(event.atUs);
      else this.#onEvent(event);
    }
  }

  #onEvent(event: BfdEvent): void {
    const { log } = this.#dependencies;
    const session = [...this.#sessions.values()].find(({ number }) => number === event.session);
    const name = session?.config.name ?? "unknown";
    if (event.kind === "session-dropped") log(renderDrop(event.session === null ? null : name, event));
    if (session === undefined) return;
    if (event.kind === "session-failed") log(renderFailure(name, event));
    if (event.kind === "session-times") this.#noteTimes(session, event.detectionUs);
    if (event.kind === "session") this.#onState(session, event);
  }

  #onState(session: RunningSession, event: Extract<BfdEvent, { kind: "session" }>): void {
    const { log } = this.#dependencies;
    const { name } = session.config;
    const { to, localDiag, remoteState, remoteDiag, detectionUs, overdueUs, tells, atUs } = event;
    if (overdueUs !== null) log(renderExpiry(name, detectionUs, overdueUs));
    log(renderState(name, event));
    this.#noteTimes(session, detectionUs);
    session.state = { state: to, sinceUs: atUs, localDiag, remoteState, remoteDiag, detectionUs };
    if (tells !== null) this.#tell(session, tells === "up");
  }

  #noteTimes(session: RunningSession, detectionUs: Microseconds): void {
    const before = session.state.detectionUs;
    if (before === detectionUs) return;
    this.#dependencies.log(renderTimes(session.config.name, detectionUs, before));
    session.state = { ...session.state, detectionUs };
  }

  /** Events were lost: what counts is where the sessions are now. */
  #catchUp(atUs: Microseconds): void {
    for (const session of this.#sessions.values()) {
      const status = session.config.neighborAddress === null ? null : this.#loop?.sessionStatus(session.number);
      if (status === null || status === undefined) continue;
      const sinceUs = status.state === session.state.state ? session.state.sinceUs : atUs;
      session.state = { ...session.state, state: status.state, sinceUs };
      this.#tell(session, status.isUp);
    }
  }
}

function isSamePath(before: BfdInstance | undefined, after: BfdInstance): boolean {
  return (
    before !== undefined &&
    before.neighborAddress === after.neighborAddress &&
    before.sourceAddress === after.sourceAddress &&
    before.isMultihop === after.isMultihop
  );
}

/** Null: the session never comes up. */
export function sessionSettings(config: BfdInstance): BfdSession | null {
  const { neighborAddress, sourceAddress, ttl, maxHops } = config;
  if (neighborAddress === null) return null;
  const [neighbor = "", neighborScope] = neighborAddress.split("%");
  const [source, sourceScope] = sourceAddress?.split("%") ?? [];
  return {
    family: neighbor.includes(":") ? "inet6" : "inet",
    neighborAddress: neighbor,
    sourceAddress: source ?? null,
    interfaceName: neighborScope ?? sourceScope ?? null,
    port: config.isMultihop ? MULTIHOP_PORT : SINGLE_HOP_PORT,
    ttl,
    // keepalived: so many hops less than the own TTL; the default of RFC 5881 §5 follows from a TTL of 255.
    minTtl: maxHops < 0 ? 0 : Math.max(0, ttl - maxHops),
    detectMult: config.multiplier,
    requiredMinRxUs: Math.round(config.minRxUs),
    isPassive: config.isPassive,
    program: deriveSessionProgram({ minTxUs: Math.round(config.minTxUs), idleTxUs: Math.round(config.idleTxUs) }),
  };
}
