import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { httpTarget, REPORT_ONCE, RecordedLoop } from "./probe-helpers.ts";

const LIMIT = { timeout: 20_000 };
const SHORT = { timeoutUs: 150_000 };

let recorded: RecordedLoop;
let server: Server;
let port = 0;
/** What the server does once a whole request has come. */
let answer: (socket: Socket) => void = () => undefined;
let request = "";
const sockets = new Set<Socket>();

before(async () => {
  recorded = new RecordedLoop();
  server = createServer((socket) => {
    sockets.add(socket);
    let text = "";
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (octets) => {
      text += octets.toString("latin1");
      if (!text.endsWith("\r\n\r\n")) return;
      request = text;
      answer(socket);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});

after(() => {
  recorded.loop.close();
  for (const socket of sockets) socket.destroy();
  server.close();
});

async function reasonOf(response: string, http: Parameters<typeof httpTarget>[1] = {}): Promise<string> {
  answer = (socket) => socket.end(response);
  return (await recorded.probe(httpTarget(port, http))).reason;
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

test("the request goes out as given and a 200 passes", LIMIT, async () => {
  assert.equal(await reasonOf("HTTP/1.0 200 OK\r\n\r\nwell"), "ok");
  assert.equal(request, "GET /health HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: www\r\n\r\n");
});

test("the status code has to be in one of the ranges", LIMIT, async () => {
  const statusCodes = [
    { from: 200, to: 204 },
    { from: 301, to: 301 },
  ];
  assert.equal(await reasonOf("HTTP/1.1 204 No Content\r\n\r\n", { statusCodes }), "ok");
  assert.equal(await reasonOf("HTTP/1.1 301 Moved\r\n\r\n", { statusCodes }), "ok");
  assert.equal(await reasonOf("HTTP/1.1 302 Found\r\n\r\n", { statusCodes }), "mismatch");
  assert.equal(await reasonOf("HTTP/1.0 500 Oh\r\n\r\n"), "mismatch");
});

test("the digest is that of the body, up to Content-Length", LIMIT, async () => {
  const response = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell, more";
  assert.equal(await reasonOf(response, { digest: md5("well") }), "ok");
  assert.equal(await reasonOf(response, { digest: md5("ill") }), "mismatch");
});

test("the body has to match the regex, or must not", LIMIT, async () => {
  const regex = { pattern: "status: o[kK]", options: ["caseless"], isNegated: false, minOffset: 0, maxOffset: null };
  const response = "HTTP/1.1 200 OK\r\n\r\n<p>STATUS: OK</p>";
  assert.equal(await reasonOf(response, { regex }), "ok");
  assert.equal(await reasonOf(response, { regex: { ...regex, options: [] } }), "mismatch");
  assert.equal(await reasonOf(response, { regex: { ...regex, isNegated: true } }), "mismatch");
  assert.equal(await reasonOf(response, { regex: { ...regex, maxOffset: 2 } }), "mismatch");
  assert.equal(await reasonOf("HTTP/1.1 200 OK\r\n\r\nwell", { regex: { ...regex, isNegated: true } }), "ok");
});

test("a regex that does not compile fails every check", LIMIT, async () => {
  const regex = { pattern: "a(b", options: [], isNegated: false, minOffset: 0, maxOffset: null };
  assert.equal(await reasonOf("HTTP/1.1 200 OK\r\n\r\nab", { regex }), "mismatch");
});

test("a connection that is kept open passes at the end of the content", LIMIT, async () => {
  answer = (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell");
  assert.equal((await recorded.probe(httpTarget(port))).reason, "ok");
});

test("rubbish, giant headers and silence at once fail", LIMIT, async () => {
  assert.equal(await reasonOf("SSH-2.0-OpenSSH\r\n"), "mismatch");
  assert.equal(await reasonOf("HTTP/1.0 2000 OK\r\n\r\n"), "mismatch");
  assert.equal(await reasonOf(`HTTP/1.0 200 OK\r\nX: ${"x".repeat(200_000)}\r\n\r\n`), "mismatch");
  assert.equal(await reasonOf(""), "mismatch");
});

test("a server that says nothing, or drips for ever, fails at the timeout", LIMIT, async () => {
  answer = () => undefined;
  assert.equal((await recorded.probe(httpTarget(port, {}, SHORT))).reason, "timeout");
  answer = (socket) => {
    const drip = setInterval(() => socket.write("a"), 10);
    socket.write("HTTP/1.0 200 OK\r\n\r\n");
    socket.on("close", () => clearInterval(drip));
  };
  assert.equal((await recorded.probe(httpTarget(port, {}, SHORT))).reason, "timeout");
});

test("a flood of body ends at the timeout and does not hold up other probes", LIMIT, async () => {
  answer = (socket) => {
    socket.write("HTTP/1.0 200 OK\r\n\r\n");
    const pour = (): void => {
      while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
    };
    socket.on("drain", pour);
    pour();
  };
  assert.equal((await recorded.probe(httpTarget(port, {}, SHORT))).reason, "timeout");
});

test("a reset while answering and a closed port fail", LIMIT, async () => {
  answer = (socket) => socket.resetAndDestroy();
  assert.equal((await recorded.probe(httpTarget(port))).reason, "reset");
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  const closed = typeof address === "object" && address !== null ? address.port : 0;
  other.close();
  await once(other, "close");
  assert.equal((await recorded.probe(httpTarget(closed))).reason, "refused");
});

test("a target that is removed in the middle of an exchange lets go of it", LIMIT, async () => {
  const begun = new Promise<Socket>((resolve) => {
    answer = resolve;
  });
  recorded.loop.addTarget(7, httpTarget(port), REPORT_ONCE, 0);
  const socket = await begun;
  const closed = new Promise((resolve) => socket.on("close", resolve));
  recorded.loop.removeTarget(7);
  await closed;
  assert.equal((await recorded.counted(({ inFlight }) => inFlight === 0)).inFlight, 0);
});

test("a digest or range that is none is refused", () => {
  const add = (http: Parameters<typeof httpTarget>[1]) => (): void =>
    recorded.loop.addTarget(9, httpTarget(port, http), REPORT_ONCE, 0);
  assert.throws(add({ digest: "x".repeat(32) }), /digest: 32 hexadecimal digits/);
  assert.throws(add({ statusCodes: [{ from: 0, to: 200 }] }), TypeError);
  assert.throws(add({ request: "" }), /request/);
});
