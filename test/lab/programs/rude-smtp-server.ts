/**
 * An SMTP server whose manners are those that the client's file names when it comes. Words: FOLDER PORT. Each connection
 * is told on standard output, by client and manner.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";

const [folder = "", port = "25"] = process.argv.slice(2);
const DRIP_MS = 50;
const LONG_BYTES = 65_536;

/** Says the words one after the other, each when something is asked. */
function talk(socket: Socket, greeting: string, ...replies: readonly string[]): void {
  const left = [...replies];
  socket.write(greeting);
  socket.on("data", () => socket.write(left.shift() ?? ""));
}

function pour(socket: Socket, octets: Buffer | string): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(octets));
  };
  socket.on("drain", more);
  more();
}

function drip(socket: Socket, text: string): void {
  let at = 0;
  const timer = setInterval(() => socket.write(text[at++ % text.length] ?? ""), DRIP_MS);
  socket.on("close", () => clearInterval(timer));
}

const MANNERS: Readonly<Record<string, (socket: Socket) => void>> = {
  good: (socket) => talk(socket, "220 hi\r\n", "250 ok\r\n", "221 bye\r\n"),
  "greeting of failure": (socket) => talk(socket, "554 go away\r\n", "250 ok\r\n", "221 bye\r\n"),
  "HELO refused": (socket) => talk(socket, "220 hi\r\n", "550 no\r\n", "221 bye\r\n"),
  "QUIT refused": (socket) => talk(socket, "220 hi\r\n", "250 ok\r\n", "502 what\r\n"),
  silence: () => undefined,
  "silence after the greeting": (socket) => void socket.write("220 hi\r\n"),
  "end at once": (socket) => socket.end(),
  "reset at once": (socket) => socket.resetAndDestroy(),
  "endless lines": (socket) => pour(socket, "220-more to come\r\n".repeat(1_000)),
  "endless good lines": (socket) => pour(socket, "220 hi\r\n".repeat(1_000)),
  "one endless line": (socket) => pour(socket, Buffer.alloc(LONG_BYTES, "a")),
  "endless binary": (socket) => pour(socket, randomBytes(LONG_BYTES)),
  "a drip without a line": (socket) => drip(socket, "2"),
  "a drip of lines": (socket) => drip(socket, "220-a\r\n"),
  zeros: (socket) => void socket.write(Buffer.alloc(300)),
  "a code of letters": (socket) => talk(socket, "abc hi\r\n", "250 ok\r\n"),
  "a code alone": (socket) => talk(socket, "220\r\n", "250\r\n", "221\r\n"),
  "a bare line feed": (socket) => talk(socket, "220 hi\n", "250 ok\n", "221 bye\n"),
};

createServer((socket) => {
  const { remoteAddress = "" } = socket;
  const manner = readFileSync(`${folder}/${remoteAddress}`, "utf8").trim();
  process.stdout.write(`${remoteAddress} ${manner}\n`);
  socket.on("error", () => undefined);
  MANNERS[manner]?.(socket);
}).listen(Number(port), "0.0.0.0", () => process.stdout.write("ready\n"));
