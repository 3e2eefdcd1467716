import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger, type LogRecord, type LogSink } from "../../../src/runtime/log.ts";
import { consoleTime, renderText, syslogTime } from "../../../src/runtime/log-text.ts";
import { ALL_TEXTS } from "../../../src/runtime/log-texts.ts";

function record(message: string, fields: LogRecord["fields"] = {}): LogRecord {
  return { timeMs: 0, level: "info", subsystem: "daemon", message, fields };
}

function collector(): { readonly sink: LogSink; readonly records: LogRecord[] } {
  const records: LogRecord[] = [];
  return { sink: { write: (entry) => records.push(entry), close: () => {} }, records };
}

test("known messages read as keepalived writes them", () => {
  const cases: readonly (readonly [string, LogRecord["fields"], string])[] = [
    ["entering active", { instance: "VI_1" }, "(VI_1) Entering MASTER STATE"],
    ["entering backup", { instance: "VI_1", isInitial: true }, "(VI_1) Entering BACKUP STATE (init)"],
    ["entering backup", { instance: "VI_1", isInitial: false }, "(VI_1) Entering BACKUP STATE"],
    [
      "removing service",
      { service: "[192.168.1.7]:tcp:80", virtualServer: "[192.168.1.100]:tcp:80" },
      "Removing service [192.168.1.7]:tcp:80 from VS [192.168.1.100]:tcp:80",
    ],
    [
      "diagnostic",
      { severity: "error", file: "/a.conf", line: 3, column: 5, text: "bad" },
      "(/a.conf: Line 3, column 5) bad",
    ],
    ["diagnostic", { severity: "warning", file: null, line: null, column: null, text: "odd" }, "WARNING - odd"],
  ];
  for (const [message, fields, expected] of cases) {
    assert.equal(renderText(record(message, fields), ALL_TEXTS), expected);
  }
});

test("an unknown message is followed by its fields", () => {
  assert.equal(
    renderText(record("watched the moon", { phase: "full", craters: ["a", "b"] }), ALL_TEXTS),
    "watched the moon phase=full craters=a b",
  );
  assert.equal(renderText(record("toString"), ALL_TEXTS), "toString");
});

test("a missing field is empty and control characters cannot forge a line", () => {
  assert.equal(renderText(record("entering active"), ALL_TEXTS), "() Entering MASTER STATE");
  assert.equal(
    renderText(record("entering active", { instance: "a\nNov 1 x" }), ALL_TEXTS),
    "(a?Nov 1 x) Entering MASTER STATE",
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
    assert.equal(log.isDetailed, detailLevel > 0);
    return records.length;
  });
  assert.deepEqual(counts, [1, 2, 3]);
});

test("a logger for another subsystem uses the same sinks", () => {
  const { sink, records } = collector();
  const log = createLogger({ sinks: [sink], detailLevel: 0, nowMs: () => 7 });
  log.forSubsystem("vrrp").error("a", { n: 1 });
  assert.deepEqual(records, [{ timeMs: 7, level: "error", subsystem: "vrrp", message: "a", fields: { n: 1 } }]);
});
