import assert from "node:assert/strict";
import { test } from "node:test";
import { type Counted, renderStatistics, statisticsOf, statisticsSince } from "../../../src/api/statistics.ts";

/** Every count differs, and so does every sum. */
const COUNTED: Counted = {
  name: "VI_1",
  becameActive: 3,
  releasedActive: 2,
  counters: {
    advertsReceived: 100,
    advertsSent: 200,
    priorityZeroReceived: 5,
    priorityZeroSent: 6,
    announcementsSent: 7,
    dropped: {
      "too-short": 1,
      "wrong-length": 10,
      ttl: 12,
      version: 13,
      vrid: 14,
      type: 15,
      "authentication-type": 16,
      "authentication-mismatch": 17,
      password: 18,
      interval: 19,
      checksum: 20,
      "unicast-expected": 21,
      "multicast-expected": 22,
      "unknown-source": 23,
      "unicast-ttl": 24,
      "address-count": 25,
      "address-list": 26,
      "interval-noted": 27,
      spi: 1_000,
      icv: 2_000,
      "ah-replay": 4_000,
      "trailer-missing": 28,
      "trailer-malformed": 29,
      "unknown-key": 30,
      hmac: 31,
      stale: 32,
      replay: 33,
      "clock-skew-noted": 34,
      "old-checksum-noted": 35,
    },
  },
};

const TEXT = `VRRP Instance: VI_1
  Advertisements:
    Received: 100
    Sent: 200
  Became master: 3
  Released master: 2
  Packet Errors:
    Length: 11
    TTL: 36
    Invalid Type: 15
    Advertisement Interval: 19
    Address List: 51
  Authentication Errors:
    Invalid Type: 16
    Type Mismatch: 17
    Failure: 7018
  Priority Zero:
    Received: 5
    Sent: 6
  Dropped by reason:
    too-short: 1
    wrong-length: 10
    ttl: 12
    unicast-ttl: 24
    type: 15
    interval: 19
    interval-noted: 27
    address-count: 25
    address-list: 26
    authentication-type: 16
    authentication-mismatch: 17
    password: 18
    spi: 1000
    icv: 2000
    ah-replay: 4000
    trailer-missing: 28
    trailer-malformed: 29
    unknown-key: 30
    hmac: 31
    stale: 32
    replay: 33
    clock-skew-noted: 34
    old-checksum-noted: 35
    version: 13
    vrid: 14
    checksum: 20
    unicast-expected: 21
    multicast-expected: 22
    unknown-source: 23
`;

test("the file has keepalived's lines, then every reason", () => {
  assert.equal(renderStatistics([statisticsOf(COUNTED)]), TEXT);
});

test("several instances follow each other, none gives an empty file", () => {
  const other = { ...COUNTED, name: "VI_2" };
  assert.equal(renderStatistics([COUNTED, other].map(statisticsOf)), TEXT + TEXT.replace("VI_1", "VI_2"));
  assert.equal(renderStatistics([]), "");
});

test("an instance that the loop does not know yet has counted nothing", () => {
  const text = renderStatistics([statisticsOf({ name: "VI_1", becameActive: 0, releasedActive: 0, counters: null })]);
  assert.equal(text, TEXT.replace(/: \d+$/gm, ": 0"));
});

test("after zeroing only what came since counts; a count that began anew counts whole", () => {
  const zeroed = statisticsOf(COUNTED);
  assert.equal(renderStatistics([statisticsSince(zeroed, zeroed)]), TEXT.replace(/: \d+$/gm, ": 0"));
  const later = { ...zeroed, received: 104, sent: 9, dropped: { ...zeroed.dropped, checksum: 21 } };
  const { received, sent, becameActive, dropped } = statisticsSince(zeroed, later);
  assert.deepEqual(
    { received, sent, becameActive, checksum: dropped.checksum },
    { received: 4, sent: 9, becameActive: 0, checksum: 1 },
  );
  assert.deepEqual(statisticsSince(null, later), later);
});
