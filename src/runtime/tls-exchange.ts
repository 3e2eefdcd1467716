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

const NOTHING = Buffer.alloc(0);

/** One HTTPS check: handshake, request, response. Without a deadline; whoever holds that closes it. */
export class TlsExchange {
  private readonly options: TlsExchangeOptions;
  private readonly raw: Socket;
  private watched: WatchedStream | null = null;
  private tls: TLSSocket | null = null;
  private hasAnswer = false;
  private isOver = false;
  /** How far it has come. */
  stage: ProbeStage = "connect";

  constructor(options: TlsExchangeOptions) {
    this.options = options;
    options.response.begin();
    this.raw = new Socket({ fd: options.fd });
    // Also once TLS has it: an error without a listener would end the process.
    this.raw.on("error", (error) => {
      if (this.tls === null) this.finish(() => this.outcomeOfError(error));
    });
    // Nothing is sent, but Node calls back when something could be: the connection stands. TLS would lose an error of it.
    this.raw.write(NOTHING, (error) => {
      if (!error && !this.isOver) this.listen(this.startTls());
    });
  }

  /** Idempotent; resets the connection. */
  close(): void {
    this.isOver = true;
    this.tls?.destroy();
    this.watched?.destroy();
    this.raw.destroy();
  }

  private startTls(): TLSSocket {
    const { isStrict, context, serverName, session } = this.options;
    this.watched = isStrict ? new WatchedStream(this.raw) : null;
    this.tls = connect({
      socket: this.watched ?? this.raw,
      secureContext: context,
      // keepalived: no certificate is verified, what matters is whether the page is the known one
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ...(serverName === null ? {} : { servername: serverName }),
      ...(session === null ? {} : { session }),
    });
    return this.tls;
  }

  private listen(tls: TLSSocket): void {
    tls.once("secureConnect", () => this.onConnected(tls));
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

  private onConnected(tls: TLSSocket): void {
    if (this.isOver) return;
    this.stage = "answer";
    this.options.onConnected();
    tls.write(this.options.request);
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
