/**
 * An HTTPS server whose manners are those that a file names when a client comes. Words: FILE PORT KEY CERTIFICATE.
 * The file holds one of `MANNERS` or `RAW_MANNERS`, and perhaps a word for it. Each request is told on standard output.
 */
import { readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";

const [file = "", port = "443", keyFile = "", certificateFile = ""] = process.argv.slice(2);
const credentials = { key: readFileSync(keyFile), cert: readFileSync(certificateFile) };
const modern = createSecureContext(credentials);
const old = createSecureContext({
  ...credentials,
  minVersion: "TLSv1",
  maxVersion: "TLSv1",
  ciphers: "DEFAULT:@SECLEVEL=0",
});

function response(body: string, status = "200 OK"): string {
  return `HTTP/1.0 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** What answers a request. @param serverName by SNI, `-` for none */
const MANNERS: Readonly<Record<string, (socket: TLSSocket, raw: Socket, word: string, serverName: string) => void>> = {
  page: (socket, _raw, word) => socket.end(response(word)),
  old: (socket, _raw, word) => socket.end(response(word)),
  status: (socket, _raw, word) => socket.end(response("well", `${word} Word`)),
  sni: (socket, _raw, _word, serverName) => socket.end(response(serverName)),
  /** Who the client says that it is, by its certificate. */
  client: (socket) => socket.end(response(String(socket.getPeerCertificate().subject?.CN ?? "-"))),
  /** Ends within the header. */
  behead: (socket) => socket.end("HTTP/1.0 200 OK\r\nServer: "),
  empty: (socket) => socket.end(),
  silent: () => undefined,
  garble: (socket) => socket.end("rubbish\r\n\r\n"),
  open: (socket, _raw, word) => socket.write(response(word)),
  /** Ends without close_notify. */
  unclean: (socket, raw, word) => socket.write(`HTTP/1.0 200 OK\r\n\r\n${word}`, () => raw.end()),
  reset: (socket, raw) => socket.write("HTTP/1.0 200 OK\r\n\r\nwe", () => raw.resetAndDestroy()),
  drip: (socket) => {
    socket.write("HTTP/1.0 200 OK\r\n\r\n");
    const timer = setInterval(() => socket.write("a"), 50);
    socket.on("close", () => clearInterval(timer));
  },
  flood: (socket) => {
    socket.write("HTTP/1.0 200 OK\r\n\r\n");
    const pour = (): void => {
      while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
    };
    socket.on("drain", pour);
    pour();
  },
};

/** What there is instead of a handshake. */
const RAW_MANNERS: Readonly<Record<string, (raw: Socket) => void>> = {
  mute: () => undefined,
  rubbish: (raw) => raw.write("SSH-2.0-OpenSSH_9.2\r\n"),
  hangup: (raw) => raw.once("data", () => raw.end()),
  cut: (raw) => raw.once("data", () => raw.resetAndDestroy()),
};

createServer((raw) => {
  const [manner = "", word = ""] = readFileSync(file, "utf8").trim().split(" ");
  raw.on("error", () => undefined);
  const rude = RAW_MANNERS[manner];
  if (rude !== undefined) return rude(raw);
  let serverName = "-";
  const socket = new TLSSocket(raw, {
    isServer: true,
    requestCert: manner === "client",
    rejectUnauthorized: false,
    secureContext: manner === "old" ? old : modern,
    SNICallback: (name, done) => {
      serverName = name;
      done(null);
    },
  });
  socket.on("error", () => undefined);
  socket.once("data", (octets) => {
    const request = JSON.stringify(octets.toString("latin1"));
    process.stdout.write(`${serverName} ${socket.isSessionReused() ? "resumed" : "full"} ${request}\n`);
    MANNERS[manner]?.(socket, raw, word, serverName);
  });
}).listen(Number(port), () => process.stdout.write("ready\n"));
