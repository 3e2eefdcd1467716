import { Socket } from "node:net";
import { connect, type SecureContext, type TLSSocket } from "node:tls";
import type { HttpResponse, ProbeStage } from "../native/contract.ts";
import { failed, judgeError, type ProbeOutcome, succeeded } from "./probe-outcome.ts";
import { WatchedStream } from "./tls-watched-stream.ts";

export interface TlsExchangeOptions {
  /** A TCP socket on its way to the server; the exchange owns it. */
  readonly fd: number;
  readonly context: SecureContext;
  /** Null sends none. */
  readonly serverName: string | null;
  /** A response that ends without close_notify fails. */
  readonly isStrict: boolean;
  /** Of an earlier connection, null for a full handshake. */
  readonly session: Buffer | null;
  readonly request: string;
  readonly response: HttpResponse;
  /** The handshake is done. */
  readonly onConnected: () => void;
  readonly onSession: (session: Buffer) => void;
  /** Once, unless it is closed before. */
  readonly onEnd: (outcome: ProbeOutcome) => void;
}

/** One HTTPS check: handshake, request, response. Without a deadline; whoever holds that closes it. */
export class TlsExchange {
  private readonly options: TlsExchangeOptions;
  private readonly watched: WatchedStream | null;
  private readonly tls: TLSSocket;
  private hasAnswer = false;
  private isOver = false;
  /** How far it has come. */
  stage: ProbeStage = "connect";

  constructor(options: TlsExchangeOptions) {
    this.options = options;
    const raw = new Socket({ fd: options.fd });
    this.watched = options.isStrict ? new WatchedStream(raw) : null;
    this.tls = connect({
      socket: this.watched ?? raw,
      secureContext: options.context,
      // keepalived: no certificate is verified, what matters is whether the page is the known one
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ...(options.serverName === null ? {} : { servername: options.serverName }),
      ...(options.session === null ? {} : { session: options.session }),
    });
    // An error is told by TLS; a socket without a listener would end the process.
    raw.on("error", () => undefined);
    options.response.begin();
    this.listen();
  }

  /** Idempotent; resets the connection. */
  close(): void {
    this.isOver = true;
    this.tls.destroy();
    this.watched?.destroy();
  }

  private listen(): void {
    const { tls } = this;
    tls.once("secureConnect", () => this.onConnected());
    tls.on("session", (session: Buffer) => this.options.onSession(session));
    tls.on("data", (octets: Buffer) => this.onData(octets));
    tls.once("end", () => this.finish(() => this.outcomeOfEnd()));
    tls.on("error", (error: NodeJS.ErrnoException) => this.finish(() => this.outcomeOfError(error)));
    tls.once("close", () => this.finish(() => this.outcomeOfEnd()));
  }

  /** @param judge is not asked when all is over: the response may be the next check's by then */
  private finish(judge: () => ProbeOutcome): void {
    if (this.isOver) return;
    const outcome = judge();
    this.close();
    this.options.onEnd(outcome);
  }

  private onConnected(): void {
    if (this.isOver) return;
    this.stage = "answer";
    this.options.onConnected();
    this.tls.write(this.options.request);
  }

  private onData(octets: Buffer): void {
    if (this.isOver) return;
    this.hasAnswer = true;
    const isEnough = this.options.response.feed(octets);
    if (isEnough && this.watched === null) this.finish(() => this.judge());
  }

  private outcomeOfEnd(): ProbeOutcome {
    if (this.stage === "connect") return failed("other", "handshake");
    const isCutOff = this.watched?.isOver === true;
    return this.hasAnswer && !isCutOff ? this.judge() : failed("reset", "answer");
  }

  /**
   * keepalived: what has come counts, however the connection ended.
   * @param error of OpenSSL when it has no system call
   */
  private outcomeOfError({ code = "", errno = 0, syscall }: NodeJS.ErrnoException): ProbeOutcome {
    if (this.hasAnswer && this.watched === null) return this.judge();
    if (syscall !== undefined) return judgeError(code, this.stage, Math.abs(errno));
    return failed("other", this.stage === "connect" ? "handshake" : this.stage);
  }

  private judge(): ProbeOutcome {
    const fault = this.options.response.fault();
    return fault === null ? succeeded(this.stage) : failed("mismatch", fault);
  }
}
