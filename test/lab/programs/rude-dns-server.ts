/**
 * A name server whose manners are those that the client's file names when a question comes. Words: FOLDER PORT FOREIGN,
 * the last an address of this machine from which no answer is expected. Each question is told on standard output, by
 * client and manner.
 */
import { randomBytes } from "node:crypto";
import { createSocket, type RemoteInfo } from "node:dgram";
import { readFileSync } from "node:fs";

const [folder = "", port = "53", foreign = ""] = process.argv.slice(2);
const HEADER_BYTES = 12;
/** The largest datagram of IPv4. */
const LARGEST_BYTES = 65_507;
const FLOOD = 5_000;

const own = createSocket("udp4");
const stranger = createSocket("udp4");
stranger.bind(0, foreign);

/** @returns the question with QR set and the response code, as an answer without records */
function answer(question: Buffer, code = 0): Buffer {
  const octets = Buffer.from(question);
  octets.writeUInt16BE(0x8180 | code, 2);
  return octets;
}

function withId(octets: Buffer, id: number): Buffer {
  octets.writeUInt16BE(id & 0xffff, 0);
  return octets;
}

/** One record whose name points at itself. */
function looped(question: Buffer): Buffer {
  const octets = answer(question);
  octets.writeUInt16BE(1, 6);
  const pointer = Buffer.from([0xc0 | (question.length >> 8), question.length & 0xff, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4]);
  return Buffer.concat([octets, pointer]);
}

/** What is sent for a question, one datagram after the other. */
const MANNERS: Readonly<Record<string, (question: Buffer) => readonly Buffer[]>> = {
  good: (question) => [answer(question)],
  silent: () => [],
  refusal: (question) => [answer(question, 5)],
  "wrong id": (question) => [withId(answer(question), question.readUInt16BE(0) + 1)],
  "no header": (question) => [answer(question).subarray(0, HEADER_BYTES - 1)],
  "one octet": (question) => [answer(question).subarray(0, 1)],
  "an empty datagram": () => [Buffer.alloc(0)],
  "the question itself": (question) => [question],
  "header only": (question) => [answer(question).subarray(0, HEADER_BYTES)],
  "cut off in the question": (question) => [answer(question).subarray(0, question.length - 3)],
  "compression loop": (question) => [looped(question)],
  "wrong question": (question) => [Buffer.concat([answer(question).subarray(0, HEADER_BYTES), randomBytes(40)])],
  "largest datagram": (question) => [Buffer.concat([answer(question), randomBytes(LARGEST_BYTES - question.length)])],
  "largest datagram of rubbish": () => [randomBytes(LARGEST_BYTES)],
  noise: () => Array.from({ length: 20 }, () => randomBytes(1 + Math.floor(Math.random() * 500))),
  "flood of wrong ids": (question) =>
    Array.from({ length: FLOOD }, (_, index) => withId(answer(question), question.readUInt16BE(0) + 1 + index)),
};

/** Those that a stranger sends, with everything right but the address. */
const FOREIGN: Readonly<Record<string, (question: Buffer) => readonly Buffer[]>> = {
  "answer of a stranger": (question) => [answer(question)],
  "flood of a stranger": (question) => Array.from({ length: FLOOD }, () => answer(question)),
  "flood of a stranger beside the answer": (question) => Array.from({ length: FLOOD }, () => answer(question, 5)),
};

function serve(question: Buffer, from: RemoteInfo): void {
  const manner = readFileSync(`${folder}/${from.address}`, "utf8").trim();
  process.stdout.write(`${from.address} ${manner}\n`);
  for (const datagram of FOREIGN[manner]?.(question) ?? []) stranger.send(datagram, from.port, from.address);
  if (manner.endsWith("beside the answer")) own.send(answer(question), from.port, from.address);
  for (const datagram of MANNERS[manner]?.(question) ?? []) own.send(datagram, from.port, from.address);
}

own.on("message", serve);
own.on("error", () => undefined);
stranger.on("error", () => undefined);
own.bind(Number(port), () => process.stdout.write("ready\n"));
