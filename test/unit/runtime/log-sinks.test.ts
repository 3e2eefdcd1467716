import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync, symlinkSync } from "node:fs";
import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { LogRecord } from "../../../src/runtime/log.ts";
import {
  createFileOutput,
  createNonBlockingOutput,
  type LineOutput,
  openLogFile,
} from "../../../src/runtime/log-output.ts";
import { createJsonSink, createSyslogSink, createTextSink, syslogMessage } from "../../../src/runtime/log-sinks.ts";
import { DAEMON_TEXTS } from "../../../src/runtime/log-texts.ts";

const RECORD: LogRecord = {
  timeMs: new Date(2026, 10, 3, 2, 6, 9).getTime(),
  level: "info",
  subsystem: "vrrp",
  message: "entering active",
  fields: { instance: "VI_1" },
  text: "(VI_1) Entering MASTER STATE",
};

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "holdfast-log-"));
  context.after(() => rmSync(path, { recursive: true }));
  return path;
}

function memoryOutput(): { readonly output: LineOutput; readonly lines: string[] } {
  const lines: string[] = [];
  return { output: { write: (line) => lines.push(line), close: async () => {} }, lines };
}

test("text lines have keepalived's time stamp", () => {
  const { output, lines } = memoryOutput();
  createTextSink(output, DAEMON_TEXTS).write(RECORD);
  assert.deepEqual(lines, ["Tue Nov  3 02:06:09 2026: (VI_1) Entering MASTER STATE\n"]);
});

test("JSON lines carry the constant message, the fields and the text", async () => {
  const { output, lines } = memoryOutput();
  const sink = await createJsonSink(output, DAEMON_TEXTS);
  sink.write(RECORD);
  sink.write({ ...RECORD, level: "detail" });
  assert.equal(lines.length, 2);
  const { pid, hostname, ...entry }: Record<string, unknown> = JSON.parse(lines[0] ?? "");
  assert.deepEqual([typeof pid, typeof hostname], ["number", "string"]);
  assert.deepEqual(entry, {
    level: 30,
    time: RECORD.timeMs,
    subsystem: "vrrp",
    instance: "VI_1",
    text: "(VI_1) Entering MASTER STATE",
    msg: "entering active",
  });
});

test("syslog datagrams: priority, time, ident by subsystem, pid", () => {
  const options = { facility: 3, pid: 42, texts: DAEMON_TEXTS, identSuffix: () => "" };
  assert.equal(
    String(syslogMessage(RECORD, options)),
    "<30>Nov  3 02:06:09 Keepalived_vrrp[42]: (VI_1) Entering MASTER STATE",
  );
  const other: LogRecord = { ...RECORD, subsystem: "daemon", level: "error", message: "stopping", text: null };
  assert.equal(
    String(syslogMessage(other, { ...options, facility: 16, identSuffix: () => "_ns_blue" })),
    "<131>Nov  3 02:06:09 Keepalived_ns_blue[42]: Stopping",
  );
});

test("syslog messages wait, bounded, while the log daemon is away, and keep their order", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const sent: string[] = [];
  let isListening = false;
  let opened = 0;
  const open = (): { send: (message: Uint8Array) => boolean; close: () => void } => {
    opened += 1;
    if (!isListening) throw new Error("ENOENT");
    return { send: (message) => sent.push(Buffer.from(message).toString().slice(-4)) > 0, close: () => {} };
  };
  const sink = createSyslogSink({ facility: 3, pid: 1, texts: {}, identSuffix: () => "", open });
  for (let n = 0; n < 5000; n++) sink.write({ ...RECORD, text: String(n).padStart(4, "0") });
  assert.equal(opened, 1);
  isListening = true;
  context.mock.timers.tick(300);
  assert.equal(sent.length, 1000);
  sink.write({ ...RECORD, text: "last" });
  assert.deepEqual([sent[0], sent[999], sent[1000]], ["0000", "0999", "last"]);
  await sink.close();
  sink.write(RECORD);
  assert.equal(sent.length, 1001);
});

test("a log file is appended to, and never through a symbolic link", async (context) => {
  const base = folder(context);
  const path = join(base, "a.log");
  for (const line of ["one\n", "two\n"]) {
    const output = openLogFile(path);
    output.write(line);
    await output.close();
  }
  assert.equal(readFileSync(path, "latin1"), "one\ntwo\n");
  symlinkSync(path, join(base, "link.log"));
  assert.throws(() => openLogFile(join(base, "link.log")), { code: "ELOOP" });
});

test("a log file says how many lines a full disk took", async (context) => {
  const path = join(folder(context), "a.log");
  const full = openSync("/dev/full", constants.O_WRONLY);
  const output = createFileOutput(full);
  output.write("one\n");
  output.write("two\n");
  // The thread pool works in order, so by then it is through with both.
  for (let n = 0; n < 50; n++) await stat(path).catch(() => null);
  // What is opened next has the lowest free number: room on the disk again, as far as the output can see.
  closeSync(full);
  assert.equal(openSync(path, constants.O_WRONLY | constants.O_CREAT), full);
  output.write("three\n");
  await output.close();
  assert.equal(readFileSync(path, "latin1"), "three\nholdfast: 2 log messages lost\n");
});

function drain(fd: number): string {
  const buffer = Buffer.alloc(1 << 20);
  let text = "";
  for (;;) {
    try {
      const count = readSync(fd, buffer, 0, buffer.length, null);
      if (count === 0) return text;
      text += buffer.toString("latin1", 0, count);
    } catch {
      return text;
    }
  }
}

test("a reader that stalls neither blocks nor fills the memory, and learns what it missed", async (context) => {
  const path = join(folder(context), "fifo");
  execFileSync("mkfifo", [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const output = createNonBlockingOutput(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
  const line = `${"x".repeat(999)}\n`;
  for (let n = 0; n < 3000; n++) output.write(line);
  let text = drain(reader);
  assert.ok(text.length < 100_000, "the pipe holds little");
  // Closing is impatient, which is not what this is about.
  while (!text.includes("log messages lost")) {
    text += drain(reader);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const closed = output.close();
  let isClosed = false;
  void closed.then(() => {
    isClosed = true;
  });
  while (!isClosed) {
    text += drain(reader);
    await new Promise((resolve) => setImmediate(resolve));
  }
  text += drain(reader);
  closeSync(reader);
  const lost = Number(/holdfast: (\d+) log messages lost/.exec(text)?.[1]);
  const arrived = text.split("\n").filter((row) => row === line.trimEnd()).length;
  assert.equal(arrived + lost, 3000);
  assert.ok(arrived < 1300, `${arrived} lines were kept`);
});

test("an output whose reader is gone swallows what is written", async (context) => {
  const path = join(folder(context), "fifo");
  execFileSync("mkfifo", [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const output = createNonBlockingOutput(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
  closeSync(reader);
  output.write("one\n");
  output.write("two\n");
  await output.close();
});
