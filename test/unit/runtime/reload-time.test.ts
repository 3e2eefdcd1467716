import assert from "node:assert/strict";
import { test } from "node:test";
import { readReloadTime, reloadTimeText } from "../../../src/runtime/reload-time.ts";

const NOW = new Date(2026, 10, 29, 12, 0, 0).getTime();

function textOf(line: string, nowMs = NOW): string {
  const time = readReloadTime(line, nowMs);
  return "atMs" in time ? `${time.kind} ${reloadTimeText(time.atMs)}` : time.kind;
}

test("a time of day is today or tomorrow, a date is that day alone", () => {
  assert.equal(textOf("23:59:59"), "daily 2026-11-29 23:59:59");
  assert.equal(textOf("12:00:00"), "daily 2026-11-30 12:00:00");
  assert.equal(textOf("00:00:00"), "daily 2026-11-30 00:00:00");
  assert.equal(textOf("26-12-01 10:00:00"), "once 2026-12-01 10:00:00");
  assert.equal(textOf("2099-12-01 10:00:00"), "once 2099-12-01 10:00:00");
  assert.equal(textOf("10:00:00", new Date(2026, 11, 31, 11, 0, 0).getTime()), "daily 2027-01-01 10:00:00");
});

test("a Z asks for UTC", () => {
  const time = readReloadTime("2026-12-01 10:00:00Z", NOW);
  assert.equal("atMs" in time && new Date(time.atMs).toISOString(), "2026-12-01T10:00:00.000Z");
  const daily = readReloadTime("10:00:00Z", Date.UTC(2026, 10, 30, 23, 0, 0));
  assert.equal("atMs" in daily && new Date(daily.atMs).toISOString(), "2026-12-01T10:00:00.000Z");
});

// The same lines were given to keepalived 2.2.7.
test("what keepalived does not understand is invalid here too", () => {
  const lines = [
    "rubbish",
    "2:3:4",
    "24:00:00",
    "23:60:00",
    "23:59:60",
    " 23:59:56",
    "23:59:55 ",
    "23:59:54 junk",
    "23:59:52 Z",
    "23:59:51z",
    "26-12-1 1:2:3",
    "2026-12-01T10:00:00",
    "2026-02-30 10:00:00",
    "27-13-01 10:00:00",
    "126-12-01 10:00:00",
    "12-01 10:00:00",
    "2026-12-01  10:00:00",
    "23:59",
  ];
  assert.deepEqual(
    lines.filter((line) => textOf(line) !== "invalid"),
    [],
  );
  assert.equal(textOf("99-12-01 10:00:00"), "past");
  assert.equal(textOf("2026-11-29 11:59:59"), "past");
});
