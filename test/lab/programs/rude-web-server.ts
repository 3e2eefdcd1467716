/**
 * A web server whose manners are those that the client's file names when it comes. Words: FOLDER PORT FOREIGN, the last of
 * no account, and KEY CERTIFICATE for one that speaks TLS. Each connection is told on standard output, by client and manner.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createSecureContext, TLSSocket } from "node:tls";
import { pour } from "./pour.ts";

const [folder = "", port = "80", , keyFile = "", certificateFile = ""] = process.argv.slice(2);
const isSecure = keyFile !== "";
const secureContext = isSecure
  ? createSecureContext({ key: readFileSync(keyFile), cert: readFileSync(certificateFile) })
  : undefined;

const DRIP_MS = 50;
const PIECE_BYTES = 65_536;
const OK = "HTTP/1.1 200 OK\r\n";
const PAGE = `${OK}Content-Length: 4\r\n\r\npage`;
const FILLER = `X-Filler: ${"f".repeat(1_000)}\r\n`;

/** Octet by octet, the last words again and again. */
function drip(stream: Duplex, first: string, again: string): void {
  const words = first + again;
  let at = 0;
  const timer = setInterval(() => {
    stream.write(words[at] ?? "");
    at = at + 1 < words.length ? at + 1 : first.length;
  }, DRIP_MS);
  stream.on("close", () => clearInterval(timer));
}

/** What answers a request. */
const MANNERS: Readonly<Record<string, (stream: Duplex) => void>> = {
  good: (stream) => stream.end(PAGE),
  silence: () => undefined,
  "end at once": (stream) => stream.end(),
  "a bare line feed": (stream) => stream.end("HTTP/1.1 200 OK\nContent-Length: 4\n\npage"),
  "a drip of the status line": (stream) => drip(stream, "HTTP/1.1 200 OK", "K"),
  "a drip of headers": (stream) => drip(stream, OK, "X-Filler: f\r\n"),
  "a drip of the body": (stream) => drip(stream, `${OK}\r\n`, "page"),
  "headers of 60 KiB": (stream) => stream.end(`${OK}${FILLER.repeat(60)}\r\npage`),
  "headers of 1 MiB": (stream) => stream.end(`${OK}${FILLER.repeat(1_024)}\r\npage`),
  "headers without end": (stream) => pour(stream, OK, FILLER.repeat(64)),
  "one header without end": (stream) => pour(stream, `${OK}X-Filler: `, "f".repeat(PIECE_BYTES)),
  "a status line without end": (stream) => pour(stream, "HTTP/1.1 200 ", "O".repeat(PIECE_BYTES)),
  "no status": (stream) => stream.end("HTTP/1.1\r\n\r\npage"),
  "a status of letters": (stream) => stream.end("HTTP/1.1 two OK\r\n\r\npage"),
  "a status of four digits": (stream) => stream.end("HTTP/1.1 2000 OK\r\n\r\npage"),
  "a status below zero": (stream) => stream.end("HTTP/1.1 -200 OK\r\n\r\npage"),
  "no protocol": (stream) => stream.end("200 OK\r\n\r\npage"),
  "an end within the headers": (stream) => stream.end(`${OK}Server: `),
  "only to be continued": (stream) => stream.end("HTTP/1.1 100 Continue\r\n\r\n"),
  chunks: (stream) => stream.end(`${OK}Transfer-Encoding: chunked\r\n\r\n4\r\npage\r\n0\r\n\r\n`),
  "chunks of rubbish": (stream) => stream.end(`${OK}Transfer-Encoding: chunked\r\n\r\n-zz\r\npage`),
  "chunks without end": (stream) =>
    pour(stream, `${OK}Transfer-Encoding: chunked\r\n\r\n`, "4\r\npage\r\n".repeat(6_000)),
  "no length": (stream) => stream.end(`${OK}\r\npage`),
  "no length and no end": (stream) => void stream.write(`${OK}\r\npage`),
  "a length never reached": (stream) => stream.end(`${OK}Content-Length: 4000\r\n\r\npage`),
  "a body without end": (stream) => pour(stream, `${OK}\r\n`, Buffer.alloc(PIECE_BYTES, "b")),
  zeros: (stream) => stream.end(Buffer.alloc(PIECE_BYTES)),
  "binary without end": (stream) => pour(stream, "", randomBytes(PIECE_BYTES)),
};

/** What there is instead of a handshake, or of waiting for a request. */
const RAW_MANNERS: Readonly<Record<string, (raw: Socket) => void>> = {
  "reset at once": (raw) => raw.resetAndDestroy(),
  "rubbish at once": (raw) => void raw.write("SSH-2.0-OpenSSH_9.2\r\n"),
  "no handshake": () => undefined,
  "a plain page": (raw) => raw.once("data", () => raw.end(PAGE)),
  "rubbish for a handshake": (raw) => raw.once("data", () => pour(raw, "", randomBytes(PIECE_BYTES))),
  "a record of zeros": (raw) => raw.once("data", () => void raw.write(Buffer.from("16030300000000", "hex"))),
  "an alert": (raw) => raw.once("data", () => raw.end(Buffer.from("15030300020228", "hex"))),
  "a record that drips": (raw) => raw.once("data", () => drip(raw, "\x16\x03\x03\x40", "\x00")),
};

createServer((raw) => {
  const { remoteAddress = "" } = raw;
  const manner = readFileSync(`${folder}/${remoteAddress}`, "utf8").trim();
  process.stdout.write(`${remoteAddress} ${manner}\n`);
  raw.on("error", () => undefined);
  const rude = RAW_MANNERS[manner];
  if (rude !== undefined) return rude(raw);
  const stream = secureContext === undefined ? raw : new TLSSocket(raw, { isServer: true, secureContext });
  stream.on("error", () => undefined);
  stream.once("data", () => MANNERS[manner]?.(stream));
}).listen(Number(port), "0.0.0.0", () => process.stdout.write("ready\n"));
