import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { BusLink } from "../../../src/runtime/dbus-link.ts";
import {
  type BusMessage,
  BusSplitter,
  busSocketPath,
  LARGEST_MESSAGE_BYTES,
  loadBusCodec,
} from "../../../src/runtime/dbus-wire.ts";

const codec = await loadBusCodec();
const PING = { type: 1, path: "/", interface: "org.freedesktop.DBus.Peer", member: "Ping" } as const;

describe("the bytes of a bus", () => {
  test("addresses", () => {
    assert.equal(busSocketPath("tcp:host=x;unix:guid=1,path=/run/a%20b"), "/run/a b");
    assert.equal(busSocketPath("unix:abstract=/x,guid=2"), "\0/x");
    assert.equal(busSocketPath("unix:path=%zz"), null);
    assert.equal(busSocketPath("unixexec:path=/bin/sh"), null);
  });

  test("messages in any pieces; too long ones are left out", () => {
    const long = { ...PING, serial: 2, signature: "s", body: ["x".repeat(LARGEST_MESSAGE_BYTES)] };
    const stream = Buffer.concat(
      [{ ...PING, serial: 1 }, long, { ...PING, serial: 3 }].map((message) => codec.marshall(message)),
    );
    for (const size of [1, 7, 4096, stream.length]) {
      const splitter = new BusSplitter();
      const serials: number[] = [];
      for (let at = 0; at < stream.length; at += size) {
        const { messages, isBroken } = splitter.push(stream.subarray(at, at + size));
        assert.equal(isBroken, false);
        serials.push(...messages.map((bytes) => codec.unmarshall(bytes).serial));
      }
      assert.deepEqual(serials, [1, 3]);
    }
    assert.equal(new BusSplitter().push(Buffer.alloc(16)).isBroken, true);
  });
});

/** A bus that lets everybody in, greets, and keeps what it is told. */
class Bus {
  readonly sockets: Socket[] = [];
  readonly told: BusMessage[] = [];
  readonly server: Server;

  constructor(path: string) {
    this.server = createServer((socket) => this.#serve(socket)).listen(path);
  }

  members(): readonly (string | undefined)[] {
    return this.told.map(({ member }) => member);
  }

  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  #serve(socket: Socket): void {
    this.sockets.push(socket);
    socket.on("error", () => socket.destroy());
    const splitter = new BusSplitter();
    let isLetIn = false;
    socket.on("data", (chunk: Buffer) => {
      if (chunk.toString("latin1").startsWith("\0AUTH EXTERNAL")) socket.write("OK 12\r\n");
      const begin = isLetIn ? 0 : chunk.indexOf("BEGIN\r\n");
      if (begin < 0) return;
      const { messages } = splitter.push(isLetIn ? chunk : chunk.subarray(begin + 7));
      isLetIn = true;
      for (const bytes of messages) {
        const message = codec.unmarshall(bytes);
        this.told.push(message);
        const reply = { type: 2, serial: 1, replySerial: message.serial, sender: "org.freedesktop.DBus" };
        if (message.member === "Hello") socket.write(codec.marshall({ ...reply, signature: "s", body: [":1.1"] }));
      }
    });
  }
}

describe("the link to a bus", { timeout: 60_000 }, () => {
  let folder = "";
  let bus: Bus;
  let link: BusLink;
  const logged: string[] = [];
  const delays: number[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-bus-"));
    logged.length = 0;
    delays.length = 0;
    const path = join(folder, "bus");
    bus = new Bus(path);
    const log = (message: string): void => void logged.push(message);
    link = new BusLink(
      { address: `unix:path=${path}`, serviceName: "org.example.Test" },
      {
        codec,
        answer: ({ member }) => {
          if (member === "Crash") throw new Error("no answer to this");
          return member === "Ping"
            ? { kind: "return", signature: "", body: [] }
            : { kind: "error", name: "a.b", text: "no" };
        },
        onOpen: () => link.emit({ path: "/", interface: "a.b", member: "Started" }),
        log: { info: log, warning: log },
        after: (delayMs, callback) => {
          delays.push(delayMs);
          // Patience is never over here, and a retry comes soon.
          const timer = delayMs >= 10_000 ? null : setTimeout(callback, 1);
          return () => clearTimeout(timer ?? undefined);
        },
      },
    );
  });

  afterEach(() => {
    link.close();
    for (const socket of bus.sockets) socket.destroy();
    bus.server.close();
    rmSync(folder, { recursive: true });
  });

  test("greets, tells, asks for its name, answers", async () => {
    link.start();
    await bus.until(() => bus.told.length === 3);
    assert.deepEqual(bus.members(), ["Hello", "Started", "RequestName"]);
    assert.deepEqual(bus.told[2]?.body, ["org.example.Test", 0]);
    for (const [member, flags] of [
      ["Ping", 0],
      ["Ping", 1],
      ["Other", 0],
    ] as const)
      bus.sockets[0]?.write(codec.marshall({ ...PING, member, flags, serial: 9, sender: ":1.7" }));
    await bus.until(() => bus.told.length === 5);
    assert.deepEqual(
      bus.told
        .slice(3)
        .map(({ type, replySerial, destination, errorName }) => [type, replySerial, destination, errorName]),
      [
        [2, 9, ":1.7", undefined],
        [3, 9, ":1.7", "a.b"],
      ],
    );
  });

  test("comes back to a bus that has left it, and says so once", async () => {
    link.start();
    await bus.until(() => bus.told.length === 3);
    bus.sockets[0]?.destroy();
    await bus.until(() => bus.told.length === 6);
    assert.deepEqual(bus.members().slice(3), ["Hello", "Started", "RequestName"]);
    assert.deepEqual(logged, ["dbus connected", "dbus disconnected", "dbus connected"]);
  });

  test("survives a call that can't be answered", async () => {
    link.start();
    await bus.until(() => bus.told.length === 3);
    bus.sockets[0]?.write(codec.marshall({ ...PING, member: "Crash", serial: 9, sender: ":1.7" }));
    await bus.until(() => bus.told.length === 6);
    assert.deepEqual(logged, ["dbus connected", "dbus disconnected", "dbus connected"]);
  });

  test("leaves a bus that takes nothing", async () => {
    link.start();
    await bus.until(() => bus.told.length === 3);
    bus.sockets[0]?.pause();
    const body = ["x".repeat(10_000)];
    for (let count = 0; count < 1000 && logged.length < 2; count += 1)
      link.emit({ path: "/", interface: "a.b", member: "M", signature: "s", body });
    assert.deepEqual(logged, ["dbus connected", "dbus disconnected"]);
  });

  test("waits longer and longer for a bus that does not let it in", async () => {
    bus.server.removeAllListeners("connection");
    bus.server.on("connection", (socket: Socket) => socket.on("error", () => undefined).end("REJECTED\r\n"));
    link.start();
    await bus.until(() => delays.filter((delay) => delay < 10_000).length >= 4);
    assert.deepEqual(delays.filter((delay) => delay < 10_000).slice(0, 4), [1000, 2000, 4000, 8000]);
    assert.deepEqual(logged, ["dbus not connected"]);
  });
});
