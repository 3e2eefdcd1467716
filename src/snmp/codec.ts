/**
 * AgentX packets, as a subagent sends and receives them.
 *
 *      0               1               2               3
 *     +---------------+---------------+---------------+---------------+
 *     | version (1)   | type          | flags         | reserved      |
 *     +---------------+---------------+---------------+---------------+
 *     |                           sessionID                           |
 *     |                         transactionID                         |
 *     |                           packetID                            |
 *     |                        payload length                         |
 *     +---------------------------------------------------------------+
 *     | payload: a multiple of 4 octets                               |
 *
 * @see RFC 2741 §6
 */
import { LONGEST_OID, type Oid } from "./oid.ts";
import type { Absence, SnmpValue, VarBind } from "./values.ts";

export const HEADER_BYTES = 20;
/** More than any master sends to a subagent of this kind. */
export const LARGEST_PAYLOAD_BYTES = 65_536;

const VERSION = 1;
const NETWORK_BYTE_ORDER = 0x10;
const HAS_CONTEXT = 0x08;
const INTERNET = [1, 3, 6, 1];

const TYPES = {
  open: 1,
  close: 2,
  register: 3,
  get: 5,
  "get-next": 6,
  "get-bulk": 7,
  "test-set": 8,
  "commit-set": 9,
  "undo-set": 10,
  "cleanup-set": 11,
  notify: 12,
  ping: 13,
  response: 18,
} as const;

type PduType = keyof typeof TYPES;

const TYPE_NAMES: ReadonlyMap<number, PduType> = new Map(
  Object.entries(TYPES).flatMap(([name, code]) => (isPduType(name) ? [[code, name] as const] : [])),
);

function isPduType(name: string): name is PduType {
  return Object.hasOwn(TYPES, name);
}

/** @see RFC 2741 §5.4 */
const VALUE_TYPES = {
  integer: 2,
  octets: 4,
  null: 5,
  oid: 6,
  address: 64,
  counter32: 65,
  gauge: 66,
  ticks: 67,
  counter64: 70,
  "no-such-object": 128,
  "no-such-instance": 129,
  "end-of-view": 130,
} as const;

export interface PduIds {
  readonly sessionId: number;
  readonly transactionId: number;
  readonly packetId: number;
}

export interface SearchRange {
  readonly start: Oid;
  /** The start itself counts too. */
  readonly isInclusive: boolean;
  /** The first that does not count; empty for no end. */
  readonly end: Oid;
}

/** What a master asks. */
export type Request = PduIds & { readonly hasContext: boolean } & (
    | { readonly type: "get" | "get-next"; readonly ranges: readonly SearchRange[] }
    | {
        readonly type: "get-bulk";
        readonly nonRepeaters: number;
        readonly maxRepetitions: number;
        readonly ranges: readonly SearchRange[];
      }
    | { readonly type: "test-set"; readonly varBinds: readonly VarBind[] }
    | { readonly type: "commit-set" | "undo-set" | "cleanup-set" }
  );

export type Incoming =
  | Request
  | (PduIds & { readonly type: "response"; readonly error: number })
  | (PduIds & { readonly type: "close" })
  | (PduIds & { readonly type: "other" });

export type Outgoing = PduIds &
  (
    | { readonly type: "open"; readonly timeoutSec: number; readonly id: Oid; readonly description: string }
    | { readonly type: "close"; readonly reason: number }
    | { readonly type: "register"; readonly subtree: Oid; readonly priority: number }
    | { readonly type: "notify"; readonly varBinds: readonly VarBind[] }
    | { readonly type: "ping" }
    | {
        readonly type: "response";
        readonly error: number;
        /** Of the variable with the error, from 1; 0 for none. */
        readonly index: number;
        readonly varBinds: readonly VarBind[];
      }
  );

export type Decoded = { readonly ok: true; readonly pdu: Incoming } | { readonly ok: false; readonly reason: string };

class Malformed extends Error {}

/** Reads one payload in the byte order of its header. */
class Reader {
  readonly #view: DataView;
  readonly #isLittle: boolean;
  #at = HEADER_BYTES;

  constructor(bytes: Uint8Array, isLittle: boolean) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#isLittle = isLittle;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#view.byteLength;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), this.#isLittle);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), this.#isLittle);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), this.#isLittle);
  }

  /** Octets and their padding. */
  octets(): Uint8Array {
    const length = this.u32();
    if (length > LARGEST_PAYLOAD_BYTES) throw new Malformed("octet string longer than its packet");
    const at = this.#take(Math.ceil(length / 4) * 4);
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, length).slice();
  }

  oid(): { readonly oid: Oid; readonly isInclusive: boolean } {
    const count = this.u8();
    const prefix = this.u8();
    const isInclusive = this.u8() !== 0;
    this.u8();
    if (count > LONGEST_OID) throw new Malformed("object identifier too long");
    const oid = prefix === 0 ? [] : [...INTERNET, prefix];
    for (let at = 0; at < count; at += 1) oid.push(this.u32());
    if (oid.length > LONGEST_OID) throw new Malformed("object identifier too long");
    return { oid, isInclusive };
  }

  #take(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#view.byteLength) throw new Malformed("packet shorter than it says");
    this.#at = at + bytes;
    return at;
  }
}

function readRanges(reader: Reader): readonly SearchRange[] {
  const ranges: SearchRange[] = [];
  while (!reader.isAtEnd) {
    const { oid: start, isInclusive } = reader.oid();
    ranges.push({ start, isInclusive, end: reader.oid().oid });
  }
  return ranges;
}

const VALUE_KINDS: ReadonlyMap<number, SnmpValue["kind"] | Absence["kind"]> = new Map(
  Object.entries(VALUE_TYPES).flatMap(([kind, code]) => (isValueKind(kind) ? [[code, kind] as const] : [])),
);

function isValueKind(kind: string): kind is keyof typeof VALUE_TYPES {
  return Object.hasOwn(VALUE_TYPES, kind);
}

function readValue(reader: Reader, kind: SnmpValue["kind"] | Absence["kind"]): SnmpValue | Absence {
  switch (kind) {
    case "integer":
      return { kind, value: reader.u32() | 0 };
    case "gauge":
    case "counter32":
    case "ticks":
      return { kind, value: reader.u32() };
    case "counter64":
      return { kind, value: reader.u64() };
    case "octets":
    case "address":
      return { kind, value: reader.octets() };
    case "oid":
      return { kind, value: reader.oid().oid };
    default:
      return { kind };
  }
}

function readVarBinds(reader: Reader): readonly VarBind[] {
  const varBinds: VarBind[] = [];
  while (!reader.isAtEnd) {
    const kind = VALUE_KINDS.get(reader.u16());
    reader.u16();
    const { oid } = reader.oid();
    if (kind === undefined) throw new Malformed("value of an unknown type");
    varBinds.push({ oid, value: readValue(reader, kind) });
  }
  return varBinds;
}

function readBody(type: PduType, ids: PduIds, reader: Reader, hasContext: boolean): Incoming {
  if (hasContext && type !== "response" && type !== "close") reader.octets();
  switch (type) {
    case "get":
    case "get-next":
      return { ...ids, type, hasContext, ranges: readRanges(reader) };
    case "get-bulk": {
      const nonRepeaters = reader.u16();
      const maxRepetitions = reader.u16();
      return { ...ids, type, hasContext, nonRepeaters, maxRepetitions, ranges: readRanges(reader) };
    }
    case "test-set":
      return { ...ids, type, hasContext, varBinds: readVarBinds(reader) };
    case "commit-set":
    case "undo-set":
    case "cleanup-set":
      return { ...ids, type, hasContext };
    case "response": {
      reader.u32();
      return { ...ids, type, error: reader.u16() };
    }
    case "close":
      return { ...ids, type };
    default:
      return { ...ids, type: "other" };
  }
}

/** @param bytes one whole packet, as `PduSplitter` cuts them */
export function decode(bytes: Uint8Array): Decoded {
  if (bytes.length < HEADER_BYTES) return { ok: false, reason: "packet shorter than its header" };
  const flags = bytes[2] ?? 0;
  const isLittle = (flags & NETWORK_BYTE_ORDER) === 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ids = {
    sessionId: view.getUint32(4, isLittle),
    transactionId: view.getUint32(8, isLittle),
    packetId: view.getUint32(12, isLittle),
  };
  if (bytes[0] !== VERSION) return { ok: false, reason: `version ${bytes[0]}` };
  const type = TYPE_NAMES.get(bytes[1] ?? 0);
  if (type === undefined) return { ok: true, pdu: { ...ids, type: "other" } };
  try {
    return { ok: true, pdu: readBody(type, ids, new Reader(bytes, isLittle), (flags & HAS_CONTEXT) !== 0) };
  } catch (error) {
    if (error instanceof Malformed) return { ok: false, reason: error.message };
    throw error;
  }
}

/** Cuts a stream into packets; holds one packet at most. */
export class PduSplitter {
  #rest = Buffer.alloc(0);

  /**
   * @returns the packets that are complete now, and whether the stream can't be one of packets: what follows is
   * then no use
   */
  push(chunk: Uint8Array): { readonly packets: readonly Buffer[]; readonly isBroken: boolean } {
    let rest = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    const packets: Buffer[] = [];
    while (rest.length >= HEADER_BYTES) {
      const isLittle = ((rest[2] ?? 0) & NETWORK_BYTE_ORDER) === 0;
      const payload = isLittle ? rest.readUInt32LE(16) : rest.readUInt32BE(16);
      if (payload > LARGEST_PAYLOAD_BYTES || payload % 4 !== 0) return { packets, isBroken: true };
      if (rest.length < HEADER_BYTES + payload) break;
      packets.push(rest.subarray(0, HEADER_BYTES + payload));
      rest = rest.subarray(HEADER_BYTES + payload);
    }
    this.#rest = Buffer.from(rest);
    return { packets, isBroken: false };
  }
}

function u32(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 4);
  numbers.forEach((number, at) => {
    bytes.writeUInt32BE(number >>> 0, at * 4);
  });
  return bytes;
}

function encodeOid(oid: Oid, isInclusive = false): Buffer {
  const [a, b, c, d, prefix = 0] = oid;
  const isShort = a === 1 && b === 3 && c === 6 && d === 1 && prefix > 0 && prefix < 256;
  const rest = isShort ? oid.slice(INTERNET.length + 1) : oid;
  return Buffer.concat([Buffer.from([rest.length, isShort ? prefix : 0, isInclusive ? 1 : 0, 0]), u32(...rest)]);
}

function encodeOctets(octets: Uint8Array): Buffer {
  return Buffer.concat([u32(octets.length), octets, Buffer.alloc((4 - (octets.length % 4)) % 4)]);
}

function encodeData(value: SnmpValue | Absence): Buffer {
  switch (value.kind) {
    case "integer":
    case "gauge":
    case "counter32":
    case "ticks":
      return u32(value.value);
    case "counter64": {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(BigInt.asUintN(64, value.value));
      return bytes;
    }
    case "octets":
    case "address":
      return encodeOctets(value.value);
    case "oid":
      return encodeOid(value.value);
    default:
      return Buffer.alloc(0);
  }
}

function encodeVarBind({ oid, value }: VarBind): Buffer {
  const type = Buffer.alloc(4);
  type.writeUInt16BE(VALUE_TYPES[value.kind]);
  return Buffer.concat([type, encodeOid(oid), encodeData(value)]);
}

function encodePayload(pdu: Outgoing): Buffer {
  switch (pdu.type) {
    case "open":
      return Buffer.concat([
        Buffer.from([pdu.timeoutSec, 0, 0, 0]),
        encodeOid(pdu.id),
        encodeOctets(Buffer.from(pdu.description)),
      ]);
    case "close":
      return Buffer.from([pdu.reason, 0, 0, 0]);
    case "register":
      return Buffer.concat([Buffer.from([0, pdu.priority, 0, 0]), encodeOid(pdu.subtree)]);
    case "notify":
      return Buffer.concat(pdu.varBinds.map(encodeVarBind));
    case "ping":
      return Buffer.alloc(0);
    case "response":
      return Buffer.concat([
        u32(0, ((pdu.error & 0xffff) << 16) | (pdu.index & 0xffff)),
        ...pdu.varBinds.map(encodeVarBind),
      ]);
  }
}

/** In network byte order. */
export function encode(pdu: Outgoing): Buffer {
  const payload = encodePayload(pdu);
  return Buffer.concat([
    Buffer.from([VERSION, TYPES[pdu.type], NETWORK_BYTE_ORDER, 0]),
    u32(pdu.sessionId, pdu.transactionId, pdu.packetId, payload.length),
    payload,
  ]);
}
