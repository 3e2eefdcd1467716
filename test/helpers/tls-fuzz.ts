/**
 * Fuzzes the way of an HTTPS check from the socket to the verdict: random TLS records, a real handshake with octets
 * changed on the way, and random HTTP inside of sound TLS. The inputs follow from a seed alone.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { NativeAddon, ProbeEvent, ProbeHttp, ProbeTarget } from "../../src/native/contract.ts";
import { TlsProber } from "../../src/runtime/tls-prober.ts";
import { randomFrom } from "./simulator.ts";

/** Of records that only wait: short, since nothing else depends on it. */
const SHORT_US = 150_000;
/** Of sound TLS, on a machine that is busy. */
const LONG_US = 20_000_000;
const LANES = 8;
/** Longer responses are judged by their beginning and whole alone. */
const LONGEST_TO_CUT = 4_096;
const REQUEST = "GET / HTTP/1.0\r\nHost: lab.example\r\n\r\n";
const PAGE = "a page\n";

type Random = () => number;
type Kind = "records" | "wire" | "http";

interface Input {
  readonly kind: Kind;
  readonly rule: ProbeHttp;
  /** What the server says: TLS records, or HTTP inside of TLS. */
  readonly octets: Buffer;
  /** Octets at a time. */
  readonly step: number;
  /** How the connection ends: with close_notify, without, reset, or not at all. */
  readonly ending: "notify" | "end" | "reset" | "never";
  /** `wire`: which octets of the server are changed, and how. */
  readonly spoilAt: number;
  readonly spoil: "flip" | "insert" | "remove" | "cut" | "repeat";
}

/** How the checks ended, by kind and outcome. */
export type TlsFuzzCounts = ReadonlyMap<string, number>;

const RULES: readonly ProbeHttp[] = [
  { digest: null, regex: null },
  { digest: createHash("md5").update(PAGE).digest("hex"), regex: null },
  { digest: null, regex: { pattern: "pa+ge", options: [], isNegated: false, minOffset: 0, maxOffset: null } },
  { digest: null, regex: { pattern: "(x+x+)+y", options: [], isNegated: true, minOffset: 1, maxOffset: 40 } },
].map((rule) => ({ request: REQUEST, statusCodes: [{ from: 200, to: 299 }], ...rule }));

const RESPONSES = [
  `HTTP/1.0 200 OK\r\nContent-Length: ${PAGE.length}\r\n\r\n${PAGE}`,
  `HTTP/1.1 200 OK\r\nServer: a\r\n\r\n${PAGE}`,
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na p\r\n4;x=y\r\nage\n\r\n0\r\n\r\n`,
  "HTTP/1.1 204 No\r\n\r\n",
  `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n${PAGE}`,
  `HTTP/1.1 503 No\r\nContent-Length: 99999999999999999999\r\n\r\n${PAGE}`,
  "HTTP/1.1 200 OK\r\nContent-Length: -1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
  `HTTP/1.1 200 OK\r\n${"X-Long: ".concat("y".repeat(1_500), "\r\n").repeat(3)}\r\n${PAGE}`,
].map((text) => Buffer.from(text, "latin1"));

const TELLING = Buffer.from([0, 1, 0x7f, 0x80, 0xff, 0x0d, 0x0a, 0x20, 0x3a, 0x30, 0x39]);

class Generator {
  private readonly random: Random;

  constructor(seed: number) {
    this.random = randomFrom(seed);
  }

  input(): Input {
    const kind = this.pick<Kind>(["records", "wire", "http", "http"]);
    return {
      kind,
      rule: this.pick(RULES),
      octets: kind === "records" ? this.records() : this.response(),
      step: this.pick([1, 7, 100, 100_000]),
      ending: this.pick(["notify", "notify", "end", "reset", "never"]),
      spoilAt: this.below(this.pick([6, 200, 2_000, 6_000])),
      spoil: this.pick(["flip", "insert", "remove", "cut", "repeat"]),
    };
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  private pick<Value>(values: readonly Value[]): Value {
    const value = values[this.below(values.length)];
    assert.ok(value !== undefined);
    return value;
  }

  private noise(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  /** Records of any type, version and length, the length right or not. */
  private records(): Buffer {
    const parts = Array.from({ length: 1 + this.below(6) }, () => {
      const body = this.noise(this.pick([0, 1, 4, 40, 600]));
      const type = this.pick([20, 21, 22, 22, 22, 23, 24, this.below(256)]);
      const version = this.pick([0x0301, 0x0303, 0x0303, 0x0304, this.below(65_536)]);
      const length = this.pick([body.length, body.length, body.length, 0, 65_535, 16_385, this.below(65_536)]);
      // Handshake messages have a type and a length of their own.
      if (type === 22 && body.length >= 4) {
        body.writeUInt32BE((this.pick([2, 8, 11, 15, 20, this.below(256)]) << 24) >>> 0, 0);
        body.writeUIntBE(this.pick([body.length - 4, 0, 0xffffff]), 1, 3);
      }
      const head = Buffer.from([type, version >> 8, version & 255, length >> 8, length & 255]);
      return Buffer.concat([head, body]);
    });
    return Buffer.concat(parts);
  }

  private response(): Buffer {
    let octets = Buffer.from(this.pick(RESPONSES));
    for (let left = this.below(6); left > 0; left -= 1) octets = this.changed(octets);
    return octets;
  }

  private changed(octets: Buffer): Buffer<ArrayBuffer> {
    const at = this.below(octets.length + 1);
    const [before, after] = [octets.subarray(0, at), octets.subarray(at)];
    const octet = Buffer.from([this.random() < 0.5 ? this.below(256) : this.pick([...TELLING])]);
    const other = this.pick(RESPONSES);
    const changes = [
      [before, octet, after.subarray(1)],
      [before, octet, after],
      [before, after.subarray(this.below(9))],
      [before],
      [before, other.subarray(this.below(other.length)), after],
      [before, this.noise(this.below(60)), after],
    ];
    return Buffer.concat(this.pick(changes));
  }
}

/** Says all of it, some octets at a time, and then goes as the input has it. */
function say(to: Socket | TLSSocket, raw: Socket, { octets, step, ending }: Input): void {
  for (let at = 0; at < octets.length; at += step) to.write(octets.subarray(at, at + step));
  if (ending === "notify") to.end();
  else if (ending === "end") to.write(Buffer.alloc(0), () => raw.end());
  else if (ending === "reset") to.write(Buffer.alloc(0), () => raw.resetAndDestroy());
}

function serveTls(raw: Socket, secureContext: SecureContext, input: Input): void {
  const tls = new TLSSocket(raw, { isServer: true, secureContext });
  tls.on("error", () => undefined);
  tls.once("data", () => say(tls, raw, input));
}

/** @returns the piece as the wire has it, and whether nothing follows */
function spoiled(piece: Buffer, at: number, { spoil, step }: Input): readonly [Buffer, boolean] {
  if (at < 0 || at >= piece.length) return [piece, false];
  const [before, after] = [piece.subarray(0, at), piece.subarray(at)];
  if (spoil === "cut") return [before, true];
  if (spoil === "remove") return [Buffer.concat([before, after.subarray(Math.min(step, 5))]), false];
  if (spoil === "repeat") return [Buffer.concat([piece, piece]), false];
  if (spoil === "insert") return [Buffer.concat([before, Buffer.from([23, 3, 3, 0, 1, 0]), after]), false];
  const octets = Buffer.from(piece);
  octets[at] = (octets[at] ?? 0) ^ (1 << (at % 8));
  return [octets, false];
}

/** What passes between a client and a real TLS server, with the server's octets spoiled at one place. */
function passSpoiled(client: Socket, port: number, input: Input): void {
  const server = connect(port, "127.0.0.1");
  let passed = 0;
  client.on("data", (octets) => server.write(octets));
  server.on("data", (piece) => {
    const [octets, isLast] = spoiled(piece, input.spoilAt - passed, input);
    passed += piece.length;
    client.write(octets);
    if (isLast) client.end();
  });
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const) {
    one.on("error", () => other.destroy());
    one.on("close", () => other.destroy());
  }
}

async function listening(serve: (socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    serve(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** One target with servers of its own, so that whoever connects belongs to the input under way. */
class Lane {
  readonly number: number;
  readonly outside: Server;
  private readonly inside: Server;
  private input: Input | null = null;

  private constructor(number: number, outside: Server, inside: Server) {
    this.number = number;
    this.outside = outside;
    this.inside = inside;
  }

  static async open(number: number, secureContext: SecureContext): Promise<Lane> {
    const inside = await listening((raw) => lane.input !== null && serveTls(raw, secureContext, lane.input));
    const outside = await listening((raw) => {
      if (lane.input?.kind === "records") say(raw, raw, lane.input);
      else if (lane.input?.kind === "wire") passSpoiled(raw, portOf(inside), lane.input);
      else if (lane.input !== null) serveTls(raw, secureContext, lane.input);
    });
    const lane: Lane = new Lane(number, outside, inside);
    return lane;
  }

  targetFor(input: Input): ProbeTarget {
    this.input = input;
    const isPatient = input.kind === "http" && input.ending !== "never";
    return {
      ...{ kind: "https", family: "inet", address: "127.0.0.1", port: portOf(this.outside), fwmark: 0 },
      ...{ bindAddress: null, bindPort: 0, bindInterface: null, timeoutUs: isPatient ? LONG_US : SHORT_US },
      ...{ http: input.rule, tls: { serverName: null, isStrict: false, credentials: null } },
    };
  }

  close(): void {
    this.outside.close();
    this.inside.close();
  }
}

/** What the same reader says of a response that comes in one piece. */
function isTaken(addon: NativeAddon, { rule, octets }: Input, length = octets.length): boolean {
  const response = addon.createHttpResponse(rule);
  response.begin();
  response.feed(octets.subarray(0, length));
  return length > 0 && response.fault() === null;
}

/** The verdict is that of the octets that were sent, or of a beginning of them where the end went missing. */
function judge(addon: NativeAddon, input: Input, { result, stage }: ProbeEvent): void {
  const isUp = result === "success";
  if (input.kind === "records") assert.ok(!isUp, "rubbish for a handshake was taken");
  const isWhole = input.kind === "http" && input.ending === "notify";
  if (isWhole) assert.equal(isUp, isTaken(addon, input), `${result} at ${stage}`);
  if (isWhole || !isUp || input.octets.length > LONGEST_TO_CUT) return;
  const lengths = Array.from({ length: input.octets.length }, (_, index) => index + 1);
  assert.ok(
    lengths.some((length) => isTaken(addon, input, length)),
    "no beginning of the response passes",
  );
}

/**
 * @param count inputs, from 1
 * @param seed the same inputs for the same seed
 * @throws AssertionError with the input's number when a verdict is wrong
 */
export async function fuzzTls(
  addon: NativeAddon,
  {
    count,
    seed,
    key,
    cert,
  }: { readonly count: number; readonly seed: number; readonly key: Buffer; readonly cert: Buffer },
): Promise<TlsFuzzCounts> {
  const waiting = new Map<number, (event: ProbeEvent) => void>();
  const prober = new TlsProber(addon, LANES, (event) => waiting.get(event.target)?.(event));
  const once = { expected: "none", intervalUs: LONG_US * 100, unexpectedIntervalUs: LONG_US * 100 } as const;
  const secureContext = createSecureContext({ key, cert });
  const lanes = await Promise.all(Array.from({ length: LANES }, (_, number) => Lane.open(number, secureContext)));
  const counts = new Map<string, number>();
  let next = 0;
  const work = async (lane: Lane): Promise<void> => {
    while (next < count) {
      const number = next++;
      const input = new Generator(seed * 1_000_003 + number).input();
      const event = await new Promise<ProbeEvent>((resolve) => {
        waiting.set(lane.number, resolve);
        prober.addTarget(lane.number, lane.targetFor(input), once, 0);
      });
      prober.removeTarget(lane.number);
      const name = `${input.kind} ${event.result === "success" ? "passes" : `${event.reason} ${event.stage}`}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      try {
        judge(addon, input, event);
      } catch (error) {
        const shown = JSON.stringify({ ...input, octets: input.octets.toString("latin1") });
        throw new Error(`input ${number} of seed ${seed}: ${shown}`, { cause: error });
      }
    }
  };
  try {
    await Promise.all(lanes.map(work));
  } finally {
    prober.close();
    for (const lane of lanes) lane.close();
  }
  return counts;
}
