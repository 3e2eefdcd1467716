/** The fields of a message that are used here. @see D-Bus specification, "Message Format" */
export interface BusMessage {
  readonly type: number;
  readonly serial: number;
  readonly flags?: number;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly errorName?: string;
  readonly replySerial?: number;
  readonly destination?: string;
  readonly sender?: string;
  readonly signature?: string;
  readonly body?: readonly unknown[];
}

/** A call as it comes from the bus; what was not given is null. */
export interface BusCall {
  readonly path: string;
  readonly interface: string | null;
  readonly member: string;
  /** Types of the arguments, empty for none. @see D-Bus specification, "Type System" */
  readonly signature: string;
  readonly body: readonly unknown[];
}

export type BusReply =
  | {
      readonly kind: "return";
      readonly signature: string;
      /** A variant is its signature and its value; a struct and a dictionary are arrays. */
      readonly body: readonly unknown[];
    }
  | { readonly kind: "error"; readonly name: string; readonly text: string };

export const MESSAGE_TYPES = { call: 1, return: 2, error: 3, signal: 4 } as const;
export const NO_REPLY = 1;

/** Bytes from and to messages: the codec of the package dbus-native. */
export interface BusCodec {
  marshall(message: BusMessage): Buffer;
  /** @throws Error when they make no message */
  unmarshall(bytes: Buffer): BusMessage;
}

/** Loaded only where D-Bus is asked for. */
export async function loadBusCodec(): Promise<BusCodec> {
  // The package has types for its clients only, not for its codec.
  const path: string = "dbus-native/lib/message.js";
  const loaded = (await import(path)) as { readonly default: BusCodec };
  return loaded.default;
}

const FIXED_BYTES = 16;
const LITTLE_ENDIAN = 0x6c;
const BIG_ENDIAN = 0x42;
/** Nobody has to say more than this to us. */
export const LARGEST_MESSAGE_BYTES = 65_536;
/** The specification's limit: with more than this it is no message. */
const LONGEST_MESSAGE_BYTES = 2 ** 27;

/** Cuts a stream into messages. Too long ones are left out, so that nobody can throw us off the bus by one. */
export class BusSplitter {
  #held: Buffer = Buffer.alloc(0);
  #skipBytes = 0;

  /** After `isBroken` nothing can be made of the stream any more. */
  push(chunk: Buffer): { readonly messages: readonly Buffer[]; readonly isBroken: boolean } {
    const messages: Buffer[] = [];
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    for (;;) {
      this.#skip();
      const length = messageLength(this.#held);
      if (length === null) return { messages, isBroken: false };
      if (length > LONGEST_MESSAGE_BYTES) return { messages, isBroken: true };
      if (length > LARGEST_MESSAGE_BYTES) this.#skipBytes = length;
      else if (this.#held.length < length) return { messages, isBroken: false };
      else {
        messages.push(this.#held.subarray(0, length));
        this.#held = this.#held.subarray(length);
      }
    }
  }

  #skip(): void {
    const bytes = Math.min(this.#skipBytes, this.#held.length);
    this.#held = this.#held.subarray(bytes);
    this.#skipBytes -= bytes;
  }
}

/** Null: not to be known yet. Infinite: no message. */
function messageLength(bytes: Buffer): number | null {
  if (bytes.length < FIXED_BYTES) return null;
  if (bytes[0] !== LITTLE_ENDIAN && bytes[0] !== BIG_ENDIAN) return Number.POSITIVE_INFINITY;
  const read = (at: number): number => (bytes[0] === LITTLE_ENDIAN ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  return FIXED_BYTES + Math.ceil(read(12) / 8) * 8 + read(4);
}

/**
 * The first address of a list that can be reached without help.
 * @param text `unix:path=/run/x`, `unix:abstract=x`, several divided by `;`
 * @returns what `net.connect` takes as a path; null when there is none
 * @see D-Bus specification, "Server Addresses"
 */
export function busSocketPath(text: string): string | null {
  for (const address of text.split(";")) {
    const found = /^unix:(?:.*,)?(path|abstract)=([^,]+)/.exec(address.trim());
    if (found?.[2] === undefined) continue;
    const path = unescapeValue(found[2]);
    if (path !== null) return found[1] === "path" ? path : `\0${path}`;
  }
  return null;
}

function unescapeValue(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
