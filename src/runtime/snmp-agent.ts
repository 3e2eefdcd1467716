import { createConnection, type Socket } from "node:net";
import { answer, failure } from "../snmp/answer.ts";
import { decode, encode, type Outgoing, PduSplitter, type Request } from "../snmp/codec.ts";
import type { MibNode } from "../snmp/mib.ts";
import { NEW_SESSION, type SessionConfig, type SessionEffect, type SessionEvent, step } from "../snmp/session.ts";
import type { VarBind } from "../snmp/values.ts";
import { type FindWritable, isSetRequest, SetTransactions } from "../snmp/write.ts";
import { errorText } from "./error-code.ts";
import type { LogFields } from "./log.ts";
import type { AgentAddress } from "./snmp-address.ts";

export interface SnmpAgentOptions {
  readonly address: AgentAddress;
  /** Shown in messages. */
  readonly place: string;
  readonly session: SessionConfig;
}

export interface SnmpAgentDependencies {
  /** The tree to answer from; asked for at every request, so it should keep what is costly. */
  readonly view: () => Promise<MibNode>;
  /** Asked for at every request to set something. */
  readonly findWritable: () => Promise<FindWritable>;
  readonly log: {
    readonly info: (message: string, fields: LogFields) => void;
    readonly warning: (message: string, fields: LogFields) => void;
  };
  /** @returns a function that cancels the call */
  readonly after: (delayMs: number, callback: () => void) => () => void;
}

/** With more than this not taken by the master nothing more is read from it. */
const MOST_UNSENT_BYTES = 1 << 20;

/** An AgentX subagent: carries out what its session machine says. Nothing waits for it. */
export class SnmpAgent {
  readonly #options: SnmpAgentOptions;
  readonly #dependencies: SnmpAgentDependencies;
  readonly #sets = new SetTransactions();
  #state = NEW_SESSION;
  #socket: Socket | null = null;
  #cancelTimer: () => void = () => undefined;
  /** Of the outage that lasts: told once. */
  #isOutageTold = false;

  constructor(options: SnmpAgentOptions, dependencies: SnmpAgentDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  start(): void {
    this.#take({ kind: "start" });
  }

  /** Sent at once, or when the session is open again. */
  notify(varBinds: readonly VarBind[]): void {
    this.#take({ kind: "notify", varBinds });
  }

  /** Says good-bye. Idempotent. */
  close(): void {
    this.#take({ kind: "stop" });
  }

  #take(event: SessionEvent): void {
    const { state, effects } = step(this.#options.session, this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: SessionEffect): void {
    const { place } = this.#options;
    switch (effect.kind) {
      case "connect":
        this.#connect();
        break;
      case "disconnect":
        this.#disconnect();
        break;
      case "arm":
        this.#cancelTimer();
        this.#cancelTimer = this.#dependencies.after(effect.afterMs, () => this.#take({ kind: "timer" }));
        break;
      case "disarm":
        this.#cancelTimer();
        break;
      case "send":
        this.#send(effect.pdu);
        break;
      case "answer":
        void this.#answer(effect.request, effect.sessionId);
        break;
      case "tell":
        if (effect.what === "open") {
          this.#isOutageTold = false;
          this.#dependencies.log.info("snmp connected", { place });
        } else this.#tellOutage("snmp disconnected", {});
        break;
      case "tell-refused":
        this.#dependencies.log.warning("snmp subtree refused", {
          subtree: effect.subtree.join("."),
          error: effect.error,
        });
        break;
    }
  }

  #tellOutage(message: string, fields: LogFields): void {
    if (this.#isOutageTold) return;
    this.#isOutageTold = true;
    this.#dependencies.log.warning(message, { place: this.#options.place, ...fields });
  }

  #connect(): void {
    const { address } = this.#options;
    const socket = createConnection(
      address.kind === "unix" ? { path: address.path } : { host: address.host, port: address.port },
    );
    const splitter = new PduSplitter();
    const isCurrent = (): boolean => this.#socket === socket;
    this.#socket = socket;
    // The daemon's life does not hang on it.
    socket.unref();
    socket.on("connect", () => {
      if (isCurrent()) this.#take({ kind: "connected" });
    });
    socket.on("data", (chunk: Buffer) => {
      const { packets, isBroken } = splitter.push(chunk);
      for (const packet of packets) if (isCurrent()) this.#receive(packet);
      if (isBroken && isCurrent()) this.#breakOff("no AgentX packet");
    });
    socket.on("drain", () => socket.resume());
    socket.on("error", (error) => {
      if (isCurrent()) this.#tellOutage("snmp not connected", { reason: errorText(error) });
    });
    socket.on("close", () => {
      if (!isCurrent()) return;
      this.#socket = null;
      this.#take({ kind: "lost" });
    });
  }

  #receive(packet: Buffer): void {
    const decoded = decode(packet);
    if (decoded.ok) this.#take({ kind: "received", pdu: decoded.pdu });
    else this.#breakOff(decoded.reason);
  }

  #breakOff(reason: string): void {
    this.#tellOutage("snmp packet refused", { reason });
    this.#disconnect();
    this.#take({ kind: "lost" });
  }

  /** What was written before still goes out. */
  #disconnect(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.end(() => socket.destroy());
  }

  #send(pdu: Outgoing): void {
    const socket = this.#socket;
    if (socket === null) return;
    socket.write(encode(pdu));
    if (socket.writableLength > MOST_UNSENT_BYTES) socket.pause();
  }

  async #answer(request: Request, sessionId: number): Promise<void> {
    const socket = this.#socket;
    let pdu: Outgoing | null;
    try {
      pdu = isSetRequest(request)
        ? this.#sets.take(request, sessionId, await this.#dependencies.findWritable())
        : answer(request, sessionId, await this.#dependencies.view());
    } catch (error) {
      this.#dependencies.log.warning("snmp failed", { reason: errorText(error) });
      pdu = failure(request);
    }
    if (pdu !== null && this.#socket === socket) this.#send(pdu);
  }
}
