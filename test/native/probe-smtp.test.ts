import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { REPORT_ONCE, RecordedLoop, smtpTarget } from "./probe-helpers.ts";

const LIMIT = { timeout: 20_000 };
const SHORT = { timeoutUs: 150_000 };

type Say = (socket: Socket) => void;

/** What the server does when connected to, after HELO and after QUIT. */
interface Manners {
  readonly greeting: Say;
  readonly helo: Say;
  readonly quit: Say;
}

const line =
  (text: string): Say =>
  (socket) =>
    socket.write(`${text}\r\n`);
const silence: Say = () => undefined;
const close: Say = (socket) => socket.end();
const GOOD: Manners = { greeting: line("220 mail.example ESMTP"), helo: line("250 hello"), quit: line("221 bye") };

let recorded: RecordedLoop;
let server: Server;
let port = 0;
let manners = GOOD;
let heard: string[] = [];
const sockets = new Set<Socket>();

before(async () => {
  recorded = new RecordedLoop();
  server = createServer((socket) => {
    const { greeting, helo, quit } = manners;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    let text = "";
    socket.on("data", (octets) => {
      text += octets.toString("latin1");
      for (let end = text.indexOf("\r\n"); end >= 0; end = text.indexOf("\r\n")) {
        const command = text.slice(0, end);
        text = text.slice(end + 2);
        heard.push(command);
        (command === "QUIT" ? quit : helo)(socket);
      }
    });
    greeting(socket);
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

/** `reason stage` */
async function outcomeOf(changes: Partial<Manners>, times: { readonly timeoutUs?: number } = {}): Promise<string> {
  manners = { ...GOOD, ...changes };
  heard = [];
  const { reason, stage } = await recorded.probe(smtpTarget(port, times));
  return `${reason} ${stage}`;
}

test("greeting, HELO and QUIT pass, and any answer to QUIT does", LIMIT, async () => {
  assert.equal(await outcomeOf({}), "ok quit");
  assert.deepEqual(heard, ["HELO checker.example", "QUIT"]);
  assert.equal(await outcomeOf({ quit: line("500 what?") }), "ok quit");
});

test("a wrong code fails at once and names the reply", LIMIT, async () => {
  assert.equal(await outcomeOf({ greeting: line("554 go away") }), "mismatch greeting");
  assert.equal(await outcomeOf({ greeting: line("220-first\r\n220 last") }), "mismatch greeting");
  assert.equal(await outcomeOf({ helo: line("502 no") }), "mismatch helo");
  assert.equal(await outcomeOf({ helo: line("250-first\r\n250 last") }), "mismatch helo");
});

test("rubbish and a giant banner fail at once", LIMIT, async () => {
  assert.equal(
    await outcomeOf({ greeting: (socket) => socket.write(Buffer.from([0, 255, 1, 10])) }),
    "mismatch greeting",
  );
  assert.equal(
    await outcomeOf({ greeting: (socket) => socket.write(Buffer.alloc(1_000_000, "2")) }),
    "mismatch greeting",
  );
});

test("silence at any point fails at the timeout", LIMIT, async () => {
  assert.equal(await outcomeOf({ greeting: silence }, SHORT), "timeout greeting");
  assert.equal(await outcomeOf({ helo: silence }, SHORT), "timeout helo");
  assert.equal(await outcomeOf({ quit: silence }, SHORT), "timeout quit");
});

test("a drip does not move the deadline", LIMIT, async () => {
  const greeting: Say = (socket) => {
    const drip = setInterval(() => socket.write("2"), 20);
    socket.on("close", () => clearInterval(drip));
  };
  assert.equal(await outcomeOf({ greeting }, SHORT), "timeout greeting");
});

test("a server that closes or resets early fails", LIMIT, async () => {
  assert.equal(await outcomeOf({ helo: close }), "reset helo");
  assert.equal(await outcomeOf({ quit: close }), "reset quit");
  assert.equal(await outcomeOf({ helo: (socket) => socket.resetAndDestroy() }), "reset helo");
});

test("a target that is removed in the middle of a dialogue lets go of it", LIMIT, async () => {
  const begun = new Promise<Socket>((resolve) => {
    manners = { ...GOOD, helo: resolve };
  });
  recorded.loop.addTarget(7, smtpTarget(port), REPORT_ONCE, 0);
  const socket = await begun;
  const closed = new Promise((resolve) => socket.on("close", resolve));
  recorded.loop.removeTarget(7);
  await closed;
  assert.equal((await recorded.counted(({ inFlight }) => inFlight === 0)).inFlight, 0);
});

test("a name that would be a command of its own is refused", () => {
  for (const heloName of ["", "a\r\nRCPT", "a\nb"]) {
    assert.throws(
      () => recorded.loop.addTarget(9, smtpTarget(port, { smtp: { heloName } }), REPORT_ONCE, 0),
      /heloName/,
    );
  }
});
