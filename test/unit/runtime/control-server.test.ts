import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { CONTROL_LIMITS, type ControlRequest, createControlServer } from "../../../src/runtime/control-server.ts";
import { EventLog } from "../../../src/runtime/event-log.ts";

const folder = mkdtempSync(join(tmpdir(), "control-server-"));
const path = join(folder, "c.sock");
const events = new EventLog(100);
const seen: ControlRequest[] = [];
const { server, close } = createControlServer({
  handle: async (given) => {
    seen.push(given);
    return { status: 200, contentType: "text/plain", body: "ok" };
  },
  events,
  streamPath: "/v1/events",
});

before(() => new Promise<void>((resolve) => server.listen(path, resolve)));
after(async () => {
  await close();
  rmSync(folder, { recursive: true });
});

/** Sends raw octets. @returns all that comes back until the server closes or `until` is in it */
function exchange(text: string, until = "\u0000"): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let heard = "";
    const end = (): void => {
      socket.destroy();
      resolve(heard);
    };
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      heard += chunk;
      if (heard.includes(until)) end();
    });
    socket.on("error", end);
    socket.on("close", end);
    socket.write(text);
  });
}

function post(body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: path, method: "POST", path: "/v1/x?a=1" }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

function say(message: string): void {
  events.write({ timeMs: 1, level: "info", subsystem: "vrrp", message, fields: {}, text: message });
}

test("method, path, query and JSON reach the handler", async () => {
  assert.equal(await post('{"b":2}'), 200);
  const last = seen.at(-1);
  assert.deepEqual([last?.method, last?.path, last?.query.get("a"), last?.body], ["POST", "/v1/x", "1", { b: 2 }]);
});

test("rubbish, long heads, bodies that are no JSON or too large are refused", async () => {
  assert.match(await exchange("\u0001\u0002 rubbish\r\n\r\n"), /^HTTP\/1\.1 400 /);
  assert.match(await exchange(`GET /${"a".repeat(9000)} HTTP/1.1\r\nhost: x\r\n\r\n`), /^HTTP\/1\.1 431 /);
  assert.equal(await post("{"), 400);
  assert.equal(await post("x".repeat(CONTROL_LIMITS.bodyBytes + 1)), 413);
  assert.equal(await post("{}"), 200);
});

test("a thousand connections: those beyond the limit are closed, and afterwards it answers", async () => {
  const sockets: Socket[] = [];
  let closed = 0;
  await new Promise<void>((resolve) => {
    for (let i = 0; i < 1000; i += 1) {
      const socket = connect(path);
      const count = (): void => {
        closed += 1;
        if (closed === 1000 - CONTROL_LIMITS.connections) resolve();
      };
      socket.on("error", () => undefined);
      socket.on("close", count);
      sockets.push(socket);
    }
  });
  assert.equal(closed, 1000 - CONTROL_LIMITS.connections);
  const gone = sockets.map(
    (socket) => new Promise((resolve) => (socket.destroyed ? resolve(0) : socket.once("close", resolve))),
  );
  for (const socket of sockets) socket.destroy();
  await Promise.all(gone);
  assert.equal(await post("{}"), 200);
});

test("the stream replays from a number, says what was missed, and goes on", async () => {
  for (let i = events.last; i < 250; i += 1) say(`event ${i + 1}`);
  const heard = exchange("GET /v1/events?since=10 HTTP/1.1\r\nhost: x\r\n\r\n", '"the end"');
  setImmediate(() => say("the end"));
  const text = await heard;
  assert.match(text, /content-type: text\/event-stream/i);
  assert.match(text, /event: missed\ndata: \{"missed":14\d\}/);
  assert.match(text, /id: 250\nevent: log\ndata: \{"sequence":250,"message":"event 250"/);
  assert.match(text, /id: 251\n/);
});

test("who does not read the stream is let go, and memory stays bounded", async () => {
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const socket = connect(path);
  socket.on("error", () => undefined);
  socket.pause();
  socket.write("GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n");
  await new Promise<void>((resolve) => server.once("request", () => resolve()));
  const ours = await accepted;
  for (let i = 0; i < 2000 && !ours.destroyed; i += 1) {
    say("x".repeat(4096));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(ours.destroyed, true);
  assert.ok(ours.bytesWritten < 2 * CONTROL_LIMITS.backlogBytes);
  socket.destroy();
});
