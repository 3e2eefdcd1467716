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

/** A server of its own, whose patience is short. */
async function withImpatient(
  body: (path: string, log: EventLog, allGone: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const place = join(folder, "impatient.sock");
  const log = new EventLog(2000);
  const large = "x".repeat(1 << 16);
  const impatient = createControlServer({
    handle: async () => ({ status: 200, contentType: "text/plain", body: Array.from({ length: 512 }, () => large) }),
    events: log,
    streamPath: "/v1/events",
    limits: { ...CONTROL_LIMITS, headersMs: 300, requestMs: 600, idleMs: 1000, heartbeatMs: 400 },
  });
  await new Promise<void>((resolve) => impatient.server.listen(place, resolve));
  const count = (): Promise<number> =>
    new Promise((resolve) => impatient.server.getConnections((_, connections) => resolve(connections)));
  const allGone = async (): Promise<void> => {
    while ((await count()) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  try {
    await body(place, log, allGone);
  } finally {
    await impatient.close();
  }
}

/** Sends a beginning and then the same part again and again. @returns what came back when the server has closed */
function drip(place: string, beginning: string, part: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(place);
    let heard = "";
    socket.write(beginning);
    const timer = setInterval(() => socket.write(part), 50);
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      heard += chunk;
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearInterval(timer);
      resolve(heard);
    });
  });
}

/** Asks and reads nothing. */
function silentClient(place: string, path: string): Socket {
  const socket = connect(place);
  socket.on("error", () => undefined);
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
  return socket;
}

function firstLine(place: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: place, path: "/" }, (answer) => {
      resolve(String(answer.statusCode));
      answer.destroy();
    });
    asked.on("error", reject);
    asked.end();
  });
}

test("heads and bodies that come drop by drop are cut off, while others are served", () =>
  withImpatient(async (place) => {
    const slow = [
      ...Array.from({ length: 40 }, () => drip(place, "GET / HTTP/1.1\r\n", "a: b\r\n")),
      ...Array.from({ length: 40 }, () =>
        drip(place, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 60000\r\n\r\n", "x"),
      ),
    ];
    assert.equal(await firstLine(place), "200");
    for (const answer of await Promise.all(slow)) assert.match(answer, /^(HTTP\/1\.1 408 |$)/);
    assert.equal(await firstLine(place), "200");
  }));

test("who asks for much and does not read it is let go, and costs little meanwhile", () =>
  withImpatient(async (place, _, allGone) => {
    const before = process.memoryUsage();
    const silent = Array.from({ length: 100 }, () => silentClient(place, "/"));
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { heapUsed, external } = process.memoryUsage();
    // 32 MiB were asked for by each.
    assert.ok(heapUsed + external - before.heapUsed - before.external < 64 << 20);
    await allGone();
    assert.equal(await firstLine(place), "200");
    for (const socket of silent) socket.destroy();
  }));

/** Offers 64 MiB, as fast as they are taken. @returns the answer */
function endlessBody(): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const chunk = Buffer.from(`10000\r\n${"x".repeat(65_536)}\r\n`);
    let heard = "";
    let left = 1024;
    const write = (): void => {
      while (left > 0 && !socket.destroyed) {
        left -= 1;
        if (!socket.write(chunk)) return;
      }
    };
    socket.on("drain", write);
    socket.on("error", () => undefined);
    socket.on("data", (part: Buffer) => {
      heard += part.toString();
    });
    socket.on("close", () => resolve(heard));
    socket.write("POST /v1/x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    write();
  });
}

test("a body without an end is refused at its limit and not kept", async () => {
  const before = process.memoryUsage();
  const answers = await Promise.all(Array.from({ length: 20 }, endlessBody));
  for (const answer of answers) assert.match(answer, /^(HTTP\/1\.1 413 |$)/);
  const { heapUsed, external } = process.memoryUsage();
  // More than a gigabyte was on offer.
  assert.ok(heapUsed + external - before.heapUsed - before.external < 128 << 20);
  assert.equal(await post("{}"), 200);
});

test("a full log is replayed whole to who reads, and who does not is let go", () =>
  withImpatient(async (place, log, allGone) => {
    const write = (text: string): void =>
      log.write({ timeMs: 1, level: "info", subsystem: "vrrp", message: "m", fields: {}, text });
    for (let index = 0; index < 2000; index += 1) write("x".repeat(2000));
    const read = (): Promise<number> =>
      new Promise((resolve, reject) => {
        const asked = request({ socketPath: place, path: "/v1/events?since=0" }, (answer) => {
          let count = 0;
          answer.setEncoding("utf8");
          answer.on("data", (part: string) => {
            count += part.split("event: log").length - 1;
            if (part.includes("the end")) {
              answer.destroy();
              resolve(count);
            }
          });
          answer.on("error", reject);
          setTimeout(() => write("the end"), 300);
        });
        asked.on("error", reject);
        asked.end();
      });
    assert.equal(await read(), 2001);
    const silent = silentClient(place, "/v1/events?since=0");
    await new Promise((resolve) => setTimeout(resolve, 200));
    await allGone();
    silent.destroy();
  }));

test("a client that reads is kept by the heartbeat, however quiet it is", () =>
  withImpatient(async (place) => {
    const heard = await new Promise<string>((resolve) => {
      let text = "";
      const asked = request({ socketPath: place, path: "/v1/events" }, (answer) => {
        answer.setEncoding("utf8");
        answer.on("data", (part: string) => {
          text += part;
        });
        answer.on("error", () => resolve(`${text} cut`));
        answer.on("close", () => resolve(`${text} cut`));
        setTimeout(() => resolve(text), 2500);
      });
      asked.end();
    });
    assert.doesNotMatch(heard, /cut/);
    assert.match(heard, /: alive/);
  }));

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
