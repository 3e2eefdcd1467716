import { createConnection, type Socket } from "node:net";
import {
  type BusCall,
  type BusCodec,
  type BusMessage,
  type BusReply,
  BusSplitter,
  busSocketPath,
  MESSAGE_TYPES,
  NO_REPLY,
} from "./dbus-wire.ts";
import { errorText } from "./error-code.ts";
import type { LogFields } from "./log.ts";

export interface BusLinkOptions {
  /** As in DBUS_SYSTEM_BUS_ADDRESS. */
  readonly address: string;
  /** Asked for once the connection is there; waited for while somebody else has it. */
  readonly serviceName: string;
}

export interface BusLinkDependencies {
  readonly codec: BusCodec;
  readonly answer: (call: BusCall) => BusReply;
  /** Signals may be sent from now on, until the connection is lost. */
  readonly onOpen: () => void;
  readonly log: Readonly<Record<"info" | "warning", (message: string, fields: LogFields) => void>>;
  /** @returns a function that cancels the call */
  readonly after: (delayMs: number, callback: () => void) => () => void;
}

export interface BusSignal {
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly body?: readonly unknown[];
}

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;
const PATIENCE_MS = 10_000;
/** A bus that takes less is left: it hangs. */
const MOST_UNSENT_BYTES = 1 << 18;
const LONGEST_LINE_BYTES = 1024;
const BUS = {
  destination: "org.freedesktop.DBus",
  path: "/org/freedesktop/DBus",
  interface: "org.freedesktop.DBus",
} as const;
const LARGEST_SERIAL = 0xffffffff;

/** Before `open` nothing but its own words are said. */
type Phase = "waiting" | "authenticating" | "greeting" | "open" | "closed";

/** A connection to a message bus, made anew whenever it is lost. Nothing waits for it, and what can't be sent is forgotten. */
export class BusLink {
  readonly #options: BusLinkOptions;
  readonly #dependencies: BusLinkDependencies;
  #phase: Phase = "waiting";
  #socket: Socket | null = null;
  #splitter = new BusSplitter();
  #line: Buffer = Buffer.alloc(0);
  #serial = 0;
  #helloSerial = 0;
  #retryMs = FIRST_RETRY_MS;
  #cancelTimer: () => void = () => undefined;
  /** Of the outage that lasts: told once. */
  #isOutageTold = false;

  constructor(options: BusLinkOptions, dependencies: BusLinkDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  start(): void {
    const path = busSocketPath(this.#options.address);
    if (path === null) {
      this.#lose("no address of the kind unix:path= or unix:abstract=");
      return;
    }
    const socket = createConnection({ path });
    this.#socket = socket;
    this.#phase = "authenticating";
    this.#splitter = new BusSplitter();
    this.#line = Buffer.alloc(0);
    this.#arm(PATIENCE_MS, () => this.#lose("no answer"));
    // The daemon's life does not hang on it.
    socket.unref();
    socket.on("connect", () => {
      const identity = Buffer.from(String(process.getuid?.() ?? 0)).toString("hex");
      socket.write(`\0AUTH EXTERNAL ${identity}\r\n`);
    });
    socket.on("data", (chunk: Buffer) => {
      if (this.#socket === socket) this.#receive(chunk);
    });
    socket.on("error", (error) => {
      if (this.#socket === socket) this.#lose(errorText(error));
    });
    socket.on("close", () => {
      if (this.#socket === socket) this.#lose("the connection was closed");
    });
  }

  /** Forgotten unless the connection is open. */
  emit(signal: BusSignal): void {
    if (this.#phase === "open") this.#send({ type: MESSAGE_TYPES.signal, flags: NO_REPLY, ...signal });
  }

  /** What was said before still goes out, and the name is free. Idempotent. */
  close(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#cancelTimer();
    const socket = this.#socket;
    this.#socket = null;
    socket?.end(() => socket.destroy());
    this.#dependencies.log.info("dbus released", {});
  }

  #arm(delayMs: number, run: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#dependencies.after(delayMs, run);
  }

  #lose(reason: string): void {
    const wasOpen = this.#phase === "open";
    const socket = this.#socket;
    this.#socket = null;
    socket?.destroy();
    this.#phase = "waiting";
    if (wasOpen || !this.#isOutageTold) {
      this.#isOutageTold = true;
      const message = wasOpen ? "dbus disconnected" : "dbus not connected";
      this.#dependencies.log.warning(message, { place: this.#options.address, reason });
    }
    this.#arm(this.#retryMs, () => this.start());
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }

  #receive(chunk: Buffer): void {
    if (this.#phase === "authenticating") {
      this.#authenticate(chunk);
      return;
    }
    const { messages, isBroken } = this.#splitter.push(chunk);
    for (const bytes of messages) if (this.#socket !== null) this.#take(bytes);
    if (isBroken && this.#socket !== null) this.#lose("no D-Bus message");
  }

  /** @see D-Bus specification, "Authentication Protocol" */
  #authenticate(chunk: Buffer): void {
    this.#line = Buffer.concat([this.#line, chunk]);
    const end = this.#line.indexOf("\r\n");
    const text = this.#line.toString("latin1", 0, end);
    if (end < 0 ? this.#line.length > LONGEST_LINE_BYTES : !text.startsWith("OK ")) this.#lose("not let in");
    if (end < 0 || this.#socket === null) return;
    this.#socket.write("BEGIN\r\n");
    this.#phase = "greeting";
    this.#helloSerial = this.#send({ type: MESSAGE_TYPES.call, ...BUS, member: "Hello" });
  }

  #take(bytes: Buffer): void {
    let message: BusMessage;
    try {
      message = this.#dependencies.codec.unmarshall(bytes);
    } catch {
      // The bus lets no bad message pass; what we can't read is nothing that we could answer.
      return;
    }
    try {
      this.#dispatch(message);
    } catch (error) {
      // Whatever it is about this message: the daemon does not fall over it.
      this.#lose(errorText(error));
    }
  }

  #dispatch(message: BusMessage): void {
    if (this.#phase === "greeting") this.#takeGreeting(message);
    else if (message.type === MESSAGE_TYPES.call) this.#answer(message);
    else if (message.type === MESSAGE_TYPES.signal) this.#takeSignal(message);
    else if (message.type === MESSAGE_TYPES.error) this.#takeError(message);
  }

  #takeGreeting({ type, replySerial, errorName = "" }: BusMessage): void {
    if (replySerial !== this.#helloSerial) return;
    if (type !== MESSAGE_TYPES.return) {
      this.#lose(errorName);
      return;
    }
    const { serviceName: name } = this.#options;
    this.#cancelTimer();
    this.#phase = "open";
    this.#isOutageTold = false;
    this.#retryMs = FIRST_RETRY_MS;
    this.#dependencies.log.info("dbus connected", { name });
    // keepalived: the state is told first, then the name is taken.
    this.#dependencies.onOpen();
    this.#send({ type: MESSAGE_TYPES.call, ...BUS, member: "RequestName", signature: "su", body: [name, 0] });
  }

  #takeSignal({ sender, member, body = [] }: BusMessage): void {
    const { serviceName: name } = this.#options;
    if (sender !== BUS.destination || body[0] !== name) return;
    if (member === "NameAcquired") this.#dependencies.log.info("dbus name acquired", { name });
    if (member === "NameLost") this.#dependencies.log.warning("dbus name lost", { name });
  }

  /** The policy of the bus may refuse the name. */
  #takeError({ sender, errorName = "", body = [] }: BusMessage): void {
    if (sender !== BUS.destination) return;
    this.#dependencies.log.warning("dbus failed", { reason: `${errorName}: ${String(body[0] ?? "")}` });
  }

  #answer({ serial, flags = 0, sender, path = "", interface: name, member = "", signature, body }: BusMessage): void {
    const call = { path, interface: name ?? null, member, signature: signature ?? "", body: body ?? [] };
    const reply = this.#dependencies.answer(call);
    if ((flags & NO_REPLY) !== 0 || sender === undefined) return;
    const to = { destination: sender, replySerial: serial, flags: NO_REPLY };
    if (reply.kind === "error")
      this.#send({ ...to, type: MESSAGE_TYPES.error, errorName: reply.name, signature: "s", body: [reply.text] });
    else this.#send({ ...to, type: MESSAGE_TYPES.return, signature: reply.signature, body: reply.body });
  }

  /** @returns its serial */
  #send(message: Omit<BusMessage, "serial">): number {
    const socket = this.#socket;
    if (socket === null) return 0;
    this.#serial = this.#serial >= LARGEST_SERIAL ? 1 : this.#serial + 1;
    socket.write(this.#dependencies.codec.marshall({ ...message, serial: this.#serial }));
    if (socket.writableLength > MOST_UNSENT_BYTES) this.#lose("it takes nothing from us");
    return this.#serial;
  }
}
