import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { run, runOk } from "../helpers/process.ts";
import { findProgram, ROOT } from "../helpers/repository.ts";

const PEER = findProgram("genhash");
const OK = "HTTP/1.1 200 OK\r\n";

/** What the servers answer, by path. */
const PAGES: Readonly<Record<string, string>> = {
  "/plain": `${OK}Content-Length: 11\r\n\r\nhello body\n`,
  "/more": `${OK}Content-Length: 3\r\n\r\nabcdef`,
  "/short": `${OK}Content-Length: 30\r\n\r\nabc`,
  "/open": `${OK}X: y\r\n\r\nabc`,
  "/chunked": `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
  "/error": "HTTP/1.0 500 No\r\nContent-Length: 3\r\n\r\nabc",
  "/nothing": "",
};

const requests: string[] = [];
const servers: Server[] = [];
const folder = mkdtempSync(join(tmpdir(), "holdfast-genhash-"));
const own = join(folder, "genhash");
let port = 0;
let tlsPort = 0;
let deafPort = 0;

function answer(socket: Socket): void {
  socket.on("error", () => {});
  socket.once("data", (octets) => {
    const text = octets.toString("latin1");
    // A TLS greeting is the library's own affair
    if (text.startsWith("GET ")) requests.push(text);
    socket.end(PAGES[text.split(" ")[1] ?? ""] ?? "");
  });
}

function listen(server: Server): Promise<number> {
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

before(async () => {
  symlinkSync(join(ROOT, "bin", "holdfast"), own);
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=genhash.test", "-days", "9"];
  await runOk(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, ...subject]);
  port = await listen(createServer(answer));
  tlsPort = await listen(createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, answer));
  deafPort = await listen(createServer((socket) => socket.on("error", () => {})));
});

after(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly request: string | undefined;
}

/** keepalived's usage is in its own words, so only the first line of complaints counts. */
async function ask(program: readonly string[], words: readonly string[]): Promise<Outcome> {
  requests.length = 0;
  const { status, stdout, stderr } = await run([...program, ...words]);
  const [complaint = ""] = stderr.split("\n");
  return {
    status,
    stdout: stdout.replace(/= \d+ usecs/, "= N usecs"),
    stderr: /^Usage: .*genhash/.test(complaint) ? "Usage: genhash" : complaint,
    request: requests[0],
  };
}

function page(path: string, ...more: readonly string[]): readonly string[] {
  return ["-s", "127.0.0.1", "-p", `${port}`, "-u", path, ...more];
}

function tlsPage(path: string, ...more: readonly string[]): readonly string[] {
  return ["-S", "--server=127.0.0.1", "--port", `${tlsPort}`, "--url", path, ...more];
}

test("prints the MD5 of the body, at most Content-Length octets of it", async () => {
  const hash = "60a9cce591be31076132ad1ff144b06e";
  for (const program of [[own], [join(ROOT, "bin", "holdfast"), "genhash"], [join(ROOT, "bin", "holdfast"), "-T"]]) {
    assert.equal((await ask(program, page("/plain"))).stdout, `${hash}\n`);
  }
  assert.equal((await ask([own], tlsPage("/plain"))).stdout, `${hash}\n`);
  assert.equal((await ask([own], page("/more"))).stdout, "900150983cd24fb0d6963f7d28e17f72\n");
});

test("behind other options -T is taken with a warning, as by keepalived", {
  skip: findProgram("keepalived") === null ? "keepalived is not installed" : false,
}, async () => {
  const words = ["-nT", ...page("/plain")];
  const ours = await ask([join(ROOT, "bin", "holdfast")], words);
  assert.match(ours.stderr, /^Warning -- `-T` not used as first option/);
  assert.deepEqual(ours, await ask(["keepalived"], words));
});

test("a mark needs root, and it says so", { skip: process.getuid?.() === 0 ? "is root" : false }, async () => {
  const { status, stderr } = await ask([own], page("/plain", "-m", "7"));
  assert.equal(status, 1);
  assert.match(stderr, /--fwmark 7 needs CAP_NET_ADMIN/);
});

test("output, request and status are those of keepalived's genhash", {
  skip: PEER === null ? "keepalived's genhash is not installed" : false,
  timeout: 120_000,
}, async () => {
  const lists: readonly (readonly string[])[] = [
    ...Object.keys(PAGES).map((path) => page(path)),
    page("/plain", "-v"),
    page("/chunked", "--verbose"),
    page("/plain", "-V", "na.me", "-P", "1.1", "-m", "0"),
    page("/plain", "-P", "1.0c"),
    page("/plain", "-P", "1.0C", "-t", "3"),
    tlsPage("/plain", "-I", "-V", "na.me"),
    tlsPage("/open", "--use-virtualhost=na.me"),
    ["-s", "127.0.0.1", "-p", "1", "-u", "/"],
    ["-s", "127.0.0.1", "-p", `${deafPort}`, "-u", "/", "-t", "1"],
    ["-S", "-s", "127.0.0.1", "-p", `${port}`, "-u", "/plain"],
    ["-s", "name", "-p", "80", "-u", "/"],
    ["-s", "127.0.0.1", "-p", "0", "-u", "/"],
    ["-s", "127.0.0.1", "-p", "80"],
    page("/plain", "surplus"),
    page("/plain", "-P", "9"),
    ["-h"],
    [],
  ];
  for (const words of lists) {
    assert.deepEqual(await ask([own], words), await ask([PEER ?? ""], words), words.join(" "));
  }
});
