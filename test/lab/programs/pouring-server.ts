/**
 * Servers on every address of the machine that send without end, each in another way by its port. Words: KEY CERTIFICATE
 * FILE ADDRESS..., the last those of name servers. While FILE says `good` they answer as they should.
 */
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createSecureContext, TLSSocket } from "node:tls";
import { pour } from "./pour.ts";

const [keyFile = "", certificateFile = "", file = "", ...nameServers] = process.argv.slice(2);
const secureContext = createSecureContext({ key: readFileSync(keyFile), cert: readFileSync(certificateFile) });

const PIECE_BYTES = 65_536;
const HEAD = "HTTP/1.0 200 OK\r\n";
const HEADER_LINE = `X-Filler: ${"f".repeat(1_000)}\r\n`;
/** Datagrams of a burst, and between bursts. */
const BURST = 20;
const BURST_EVERY_MS = 10;
const FLOOD_MS = 1_000;
const DATAGRAM_BYTES = 8_000;

function isGood(): boolean {
  return readFileSync(file, "utf8").startsWith("good");
}

const ENDLESS_BODY = (stream: Duplex): void => pour(stream, `${HEAD}\r\n`, Buffer.alloc(PIECE_BYTES, "b"));

/** What comes after the request. */
const HTTP: Readonly<Record<number, (stream: Duplex) => void>> = {
  80: ENDLESS_BODY,
  81: (stream) => pour(stream, HEAD, HEADER_LINE.repeat(64)),
  82: (stream) => pour(stream, `${HEAD}X-Filler: `, "f".repeat(PIECE_BYTES)),
};
const HTTPS: typeof HTTP = { 443: ENDLESS_BODY, 444: (stream) => pour(stream, HEAD, HEADER_LINE.repeat(64)) };
/** What comes at once. */
const SMTP: typeof HTTP = {
  25: (stream) => pour(stream, "", "220-more to come\r\n".repeat(3_000)),
  26: (stream) => pour(stream, "220 ", "m".repeat(PIECE_BYTES)),
};

function answerHttp(stream: Duplex, hostile: (stream: Duplex) => void): void {
  stream.on("error", () => undefined);
  stream.once("data", () => {
    if (isGood()) stream.end(`${HEAD}Content-Length: 4\r\n\r\npage`);
    else hostile(stream);
  });
}

function answerSmtp(stream: Duplex, hostile: (stream: Duplex) => void): void {
  stream.on("error", () => undefined);
  if (!isGood()) {
    hostile(stream);
    return;
  }
  stream.write("220 hi\r\n");
  stream.on("data", (octets: Buffer) =>
    stream.write(octets.toString().startsWith("QUIT") ? "221 bye\r\n" : "250 ok\r\n"),
  );
}

function listen(port: string, onSocket: (socket: Socket) => void): Promise<void> {
  return new Promise((resolve) => {
    createServer(onSocket).listen({ port: Number(port), host: "0.0.0.0", backlog: 1_024 }, () => resolve());
  });
}

/** Answers with another id than the question's, large and many. */
function listenForQuestions(address: string): Promise<void> {
  const own = createSocket("udp4");
  own.on("error", () => undefined);
  own.on("message", (question, from) => {
    const answer = Buffer.from(question);
    answer.writeUInt16BE(0x8180, 2);
    if (isGood()) return own.send(answer, from.port, from.address);
    answer.writeUInt16BE((question.readUInt16BE(0) + 1) & 0xffff, 0);
    const large = Buffer.concat([answer, Buffer.alloc(DATAGRAM_BYTES)]);
    const timer = setInterval(() => {
      for (let count = 0; count < BURST; count += 1) own.send(large, from.port, from.address);
    }, BURST_EVERY_MS);
    setTimeout(() => clearInterval(timer), FLOOD_MS);
  });
  return new Promise((resolve) => {
    own.bind(53, address, () => resolve());
  });
}

const listening = [
  ...Object.entries(HTTP).map(([port, hostile]) => listen(port, (socket) => answerHttp(socket, hostile))),
  ...Object.entries(SMTP).map(([port, hostile]) => listen(port, (socket) => answerSmtp(socket, hostile))),
  ...Object.entries(HTTPS).map(([port, hostile]) =>
    listen(port, (socket) => {
      socket.on("error", () => undefined);
      answerHttp(new TLSSocket(socket, { isServer: true, secureContext }), hostile);
    }),
  ),
  ...nameServers.map(listenForQuestions),
];
await Promise.all(listening);
process.stdout.write("ready\n");
