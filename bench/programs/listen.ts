/**
 * Listens on every address and closes what comes, by `http` and `https` after an answer to each request.
 * Words: PORT [KIND].
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { makeCertificate } from "../../test/helpers/certificate.ts";

const BODY = "hello";
const ANSWER = `HTTP/1.0 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;

const [port, kind] = process.argv.slice(2);

function answer(socket: Socket): void {
  socket.on("data", () => socket.end(ANSWER));
}

function ownCertificate(): TlsOptions {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-listen-"));
  try {
    const { keyFile, certificateFile } = makeCertificate(folder);
    return { key: readFileSync(keyFile), cert: readFileSync(certificateFile) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function serve(socket: Socket): void {
  socket.on("error", () => undefined);
  if (kind === "http" || kind === "https") answer(socket);
  else socket.destroy();
}

const server: Server = kind === "https" ? createTlsServer(ownCertificate(), serve) : createServer(serve);
server.listen({ port: Number(port), host: "0.0.0.0", backlog: 4_096 }, () => process.stdout.write("ready\n"));
