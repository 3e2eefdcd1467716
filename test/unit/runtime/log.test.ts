import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger, type LogRecord, type LogSink } from "../../../src/runtime/log.ts";
import { consoleTime, renderText, syslogTime } from "../../../src/runtime/log-text.ts";
import { DAEMON_TEXTS } from "../../../src/runtime/log-texts.ts";

function record(message: string, fields: LogRecord["fields"] = {}): LogRecord {
  return { timeMs: 0, level: "info", subsystem: "daemon", message, fields, text: null };
}

function collector(): { readonly sink: LogSink; readonly records: LogRecord[] } {
  const records: LogRecord[] = [];
  return { sink: { write: (entry) => records.push(entry), close: async () => {} }, records };
}

test("known messages read as keepalived writes them", () => {
  const cases: readonly (readonly [string, LogRecord["fields"], string])[] = [
    ["configuration file", { file: "/a.conf" }, "Configuration file /a.conf"],
    [
      "starting",
      { version: "0.1.0", compatible: "2.4.3" },
      "Starting holdfast v0.1.0 (compatible with Keepalived v2.4.3)",
    ],
    [
      "diagnostic",
      { severity: "error", file: "/a.conf", line: 3, column: 5, text: "bad" },
      "(/a.conf: Line 3, column 5) bad",
    ],
    ["diagnostic", { severity: "warning", file: null, line: null, column: null, text: "odd" }, "WARNING - odd"],
  ];
  for (const [message, fields, expected] of cases) {
    assert.equal(renderText(record(message, fields), DAEMON_TEXTS), expected);
  }
});

test("an unknown message is followed by its fields", () => {
  assert.equal(
    renderText(record("watched the moon", { phase: "full", craters: ["a", "b"] }), DAEMON_TEXTS),
    "watched the moon phase=full craters=a b",
  );
  assert.equal(renderText(record("toString"), DAEMON_TEXTS), "toString");
});

test("a record's own wording is kept", () => {
  const spoken: LogRecord = { ...record("entering active"), text: "(VI_1) Entering MASTER STATE" };
  assert.equal(renderText(spoken, DAEMON_TEXTS), "(VI_1) Entering MASTER STATE");
});

test("a missing field is empty and control characters cannot forge a line", () => {
  assert.equal(renderText(record("configuration file"), DAEMON_TEXTS), "Configuration file ");
  assert.equal(
    renderText(record("configuration file", { file: "a\nNov 1 x" }), DAEMON_TEXTS),
    "Configuration file a?Nov 1 x",
  );
});

test("time stamps have the day padded with a space", () => {
  const timeMs = new Date(2026, 10, 3, 2, 6, 9).getTime();
  assert.equal(consoleTime(timeMs), "Tue Nov  3 02:06:09 2026");
  assert.equal(syslogTime(timeMs), "Nov  3 02:06:09");
});

test("detail and debug are passed on only with -D and -D -D", () => {
  const counts = [0, 1, 2].map((detailLevel) => {
    const { sink, records } = collector();
    const log = createLogger({ sinks: [sink], detailLevel, nowMs: () => 7 });
    log.info("a");
    log.detail("b");
    log.debug("c");
    log.speak({ level: "detail", message: "d", fields: {}, text: "D" });
    assert.equal(log.isDetailed, detailLevel > 0);
    return records.length;
  });
  assert.deepEqual(counts, [1, 3, 4]);
});

test("a logger for another subsystem uses the same sinks", () => {
  const { sink, records } = collector();
  const log = createLogger({ sinks: [sink], detailLevel: 0, nowMs: () => 7 });
  log.forSubsystem("vrrp").error("a", { n: 1 });
  assert.deepEqual(records, [
    { timeMs: 7, level: "error", subsystem: "vrrp", message: "a", fields: { n: 1 }, text: null },
  ]);
});
