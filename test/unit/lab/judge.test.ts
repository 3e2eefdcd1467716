import assert from "node:assert/strict";
import { test } from "node:test";
import { type Expectation, judgeFrame } from "../../lab/judge.ts";

/** 192.168.1.5 to 224.0.0.18: VRID 51, priority 100, one address, PASS "1111", interval 1. */
const ADVERT_V2 = `
01005e000012 020000000001 0800
45c0002800010000ff70 18e5 c0a80105 e0000012
21336401 0101 555b c0a80164 3131313100000000`;

/** The same without authentication in version 3, interval 100. */
const ADVERT_V3 = `
01005e000012 020000000001 0800
45c0002000010000ff70 18ed c0a80105 e0000012
31336401 0064 061e c0a80164`;

const GRATUITOUS = `
ffffffffffff 020000000001 0806
0001 0800 06 04 0001 020000000001 c0a80164 ffffffffffff c0a80164`;

const EXPECTED: Expectation = {
  version: 2,
  vrids: [51],
  virtualAddresses: ["192.168.1.100"],
  unicastPeers: [],
  interval: 1,
  password: "1111",
};
const EXPECTED_V3: Expectation = { ...EXPECTED, version: 3, interval: 100, password: null };

function frameOf(hex: string): Buffer {
  return Buffer.from(hex.replace(/\s/g, ""), "hex");
}

function judge(bytes: Buffer, expected: Expectation): readonly string[] {
  return judgeFrame({ atMs: 0, bytes }, expected);
}

/** @returns the frame with one octet changed */
function altered(hex: string, offset: number, octet: number): Buffer {
  const bytes = frameOf(hex);
  bytes[offset] = octet;
  return bytes;
}

test("good frames of all kinds have no complaint", () => {
  assert.deepEqual(judge(frameOf(ADVERT_V2), EXPECTED), []);
  assert.deepEqual(judge(frameOf(ADVERT_V3), EXPECTED_V3), []);
  assert.deepEqual(judge(frameOf(GRATUITOUS), EXPECTED), []);
});

const FAULTS: readonly (readonly [string, Buffer, Expectation, string])[] = [
  ["TTL", altered(ADVERT_V2, 22, 254), EXPECTED, "TTL 254"],
  ["type of service", altered(ADVERT_V2, 15, 0), EXPECTED, "type of service 0"],
  ["multicast MAC", altered(ADVERT_V2, 5, 0x13), EXPECTED, "destination 224.0.0.18 (01:00:5e:00:00:13)"],
  ["VRID", altered(ADVERT_V2, 35, 52), EXPECTED, "VRID 52"],
  ["type", altered(ADVERT_V2, 34, 0x22), EXPECTED, "type 2"],
  ["checksum", altered(ADVERT_V2, 40, 0), EXPECTED, "bad VRRP checksum"],
  ["authentication type", altered(ADVERT_V2, 38, 7), EXPECTED, "authentication 7"],
  ["authentication data", altered(ADVERT_V2, 50, 0x31), EXPECTED, "wrong authentication data"],
  ["address count", altered(ADVERT_V2, 37, 2), EXPECTED, "length 20"],
  ["address", altered(ADVERT_V2, 45, 0x65), EXPECTED, "address 192.168.1.101"],
  ["version", frameOf(ADVERT_V3), EXPECTED, "version 3"],
  ["v3 checksum", altered(ADVERT_V3, 41, 0), EXPECTED_V3, "bad VRRP checksum"],
  ["v3 reserved bits", altered(ADVERT_V3, 38, 0x10), EXPECTED_V3, "reserved bits are set"],
  ["v3 interval", altered(ADVERT_V3, 39, 0), EXPECTED_V3, "interval zero"],
  ["gratuitous reply", altered(GRATUITOUS, 21, 2), EXPECTED, "gratuitous ARP is not a request"],
  ["gratuitous target", altered(GRATUITOUS, 32, 1), EXPECTED, "target hardware 01:ff:ff:ff:ff:ff"],
  ["foreign announcement", frameOf(GRATUITOUS), { ...EXPECTED, virtualAddresses: [] }, "announces 192.168.1.100"],
  ["cut short", frameOf(ADVERT_V2).subarray(0, 50), EXPECTED, "truncated"],
];

for (const [name, bytes, expected, complaint] of FAULTS) {
  test(`a fault is seen: ${name}`, () =>
    assert.ok(judge(bytes, expected).includes(complaint), `${judge(bytes, expected)}`));
}
