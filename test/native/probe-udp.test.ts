import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { RecordedLoop, udpTarget } from "./probe-helpers.ts";

const LIMIT = { timeout: 10_000 };
const SHORT = { timeoutUs: 50_000 };

/** Answers with what it was sent, unless that starts with `q`. */
let server: Socket;
let port = 0;
let recorded: RecordedLoop;

before(async () => {
  recorded = new RecordedLoop();
  server = createSocket("udp4");
  server.on("message", (message, from) => {
    if (message[0] !== 0x71) server.send(message, from.port, from.address);
  });
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  port = server.address().port;
});

after(() => {
  recorded.loop.close();
  server.close();
});

test("a reply passes at once, long before the timeout", LIMIT, async () => {
  const event = await recorded.probe(udpTarget(port, { requiresReply: true }));
  assert.deepEqual([event.result, event.reason], ["success", "ok"]);
  assert.ok(event.latencyUs < 4_000_000);
});

test("silence passes after the timeout unless a reply is required", LIMIT, async () => {
  const silent = await recorded.probe(udpTarget(port, { payload: "71" }, SHORT));
  assert.equal(silent.result, "success");
  assert.ok(silent.latencyUs >= SHORT.timeoutUs);
  const missing = await recorded.probe(udpTarget(port, { payload: "71", requiresReply: true }, SHORT));
  assert.deepEqual([missing.result, missing.reason], ["failure", "timeout"]);
});

test("a port without a program refuses", LIMIT, async () => {
  const gone = createSocket("udp4");
  gone.bind(0, "127.0.0.1");
  await once(gone, "listening");
  const unused = gone.address().port;
  gone.close();
  const event = await recorded.probe(udpTarget(unused));
  assert.deepEqual([event.result, event.reason], ["failure", "refused"]);
});

test("a reply is compared where wanted octets are given", LIMIT, async () => {
  const wanting = async (reply: string): Promise<string> =>
    (await recorded.probe(udpTarget(port, { payload: "0102", requiresReply: true, reply }))).reason;
  assert.equal(await wanting("01x2"), "ok");
  assert.equal(await wanting("0103"), "mismatch");
});
