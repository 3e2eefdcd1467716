import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { VrrpInstance } from "../../../src/model/vrrp.ts";
import type { AdvertDropReason } from "../../../src/native/contract.ts";
import { renderDrop } from "../../../src/runtime/vrrp-wording.ts";
import { virtualRouter } from "../../helpers/virtual-router.ts";

interface Case {
  readonly received: number;
  readonly expected: number;
  readonly text: string;
}

/** keepalived's words, behaviour.md C.5; users search their logs for them. */
const CASES: Readonly<Record<AdvertDropReason, Case>> = {
  "too-short": { received: 27, expected: 40, text: "vrrp packet from 192.0.2.9 too short, length 27 and expect 40" },
  "wrong-length": { received: 44, expected: 40, text: "vrrp packet from 192.0.2.9 too long, length 44 and expect 40" },
  ttl: { received: 254, expected: 255, text: "invalid TTL/HL from 192.0.2.9. Received 254 and expect 255" },
  version: { received: 3, expected: 2, text: "wrong VRRP version from 192.0.2.9. Received 3 and expect 2" },
  vrid: { received: 52, expected: 51, text: "Unknown VRID(52) received on interface(eth0). ignoring..." },
  type: { received: 2, expected: 1, text: "Invalid type from 192.0.2.9: 2" },
  "authentication-type": { received: 77, expected: 1, text: "Invalid auth type from 192.0.2.9: 77" },
  "authentication-mismatch": { received: 0, expected: 1, text: "received a 0 auth from 192.0.2.9, expecting 1!" },
  password: { received: 0, expected: 0, text: "received an invalid passwd from 192.0.2.9!" },
  spi: { received: 7, expected: 9, text: "IPSEC AH : invalid IPSEC SPI value. 7 and expect 9" },
  icv: {
    received: 0,
    expected: 0,
    text: "IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password !",
  },
  "ah-replay": {
    received: 7,
    expected: 9,
    text: "IPSEC-AH : sequence number 7 already processed. Packet dropped. Local(9)",
  },
  "trailer-missing": { received: 0, expected: 0, text: "missing authentication trailer from 192.0.2.9" },
  "trailer-malformed": { received: 0, expected: 0, text: "malformed authentication trailer from 192.0.2.9" },
  "unknown-key": { received: 3, expected: 1, text: "unknown authentication key id 3 from 192.0.2.9" },
  hmac: { received: 1, expected: 1, text: "invalid authentication HMAC from 192.0.2.9" },
  stale: {
    received: 61,
    expected: 5,
    text: "stale authentication trailer from 192.0.2.9, clock skew 61 sec exceeds window 5 sec",
  },
  replay: { received: 0, expected: 0, text: "replayed authentication trailer from 192.0.2.9" },
  "clock-skew-noted": {
    received: 3,
    expected: 5,
    text: "authentication clock skew 3 sec from 192.0.2.9 approaching window 5 sec",
  },
  "old-checksum-noted": { received: 0, expected: 0, text: "Setting unicast VRRPv3 checksum to old version" },
  interval: {
    received: 2,
    expected: 1,
    text: "advertisement interval mismatch with 192.0.2.9 mine=1 sec rcv'd=2 sec",
  },
  "interval-noted": {
    received: 20,
    expected: 100,
    text: "advertisement interval mismatch ours = 100 centi-sec rcv'd=20 centi-sec",
  },
  checksum: { received: 1, expected: 0, text: "Invalid VRRPv2 checksum from 192.0.2.9" },
  "unicast-expected": {
    received: 1,
    expected: 0,
    text: "Expected unicast packet but received multicast packet from 192.0.2.9",
  },
  "multicast-expected": {
    received: 0,
    expected: 1,
    text: "Expected multicast packet but received unicast packet from 192.0.2.9",
  },
  "unknown-source": { received: 0, expected: 0, text: "unicast source address 192.0.2.9 not a unicast peer" },
  "unicast-ttl": { received: 1, expected: 250, text: "TTL/HL 1 from 192.0.2.9 not in range [250, 255]" },
  "address-count": { received: 2, expected: 1, text: "expected 1 VIPs but received 2" },
  "address-list": {
    received: -1,
    expected: 0,
    text: "ip address associated with VRID 51 not present in advert from 192.0.2.9: 192.168.1.100",
  },
};

const ROUTER: VrrpInstance = virtualRouter({ unicastPeers: [{ address: "192.0.2.9", minTtl: 250, maxTtl: null }] });

function said(reason: string, { received, expected }: Case): string {
  const found = Object.keys(CASES).find((name): name is AdvertDropReason => name === reason);
  assert.ok(found);
  const place = { instance: 1, source: "192.0.2.9", interfaceName: "eth0", atUs: 0, ifindex: 2 };
  return renderDrop({ kind: "dropped", reason: found, received, expected, ...place }, ROUTER).text;
}

describe("a line for every reason to drop or note an advert", () => {
  for (const [reason, expected] of Object.entries(CASES)) {
    it(reason, () => assert.equal(said(reason, expected), `(VI_1) ${expected.text}`));
  }
});
