import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compareAddresses } from "../../../src/vrrp/election.ts";
import { activeDownIntervalUs, effectivePriority, intervalOf } from "../../../src/vrrp/timers.ts";
import { virtualRouter } from "../../helpers/virtual-router.ts";

describe("effectivePriority", () => {
  it("stays within 1..254 unless the base is 255", () => {
    const router = virtualRouter({ priority: 100 });
    assert.equal(effectivePriority(router, 20), 120);
    assert.equal(effectivePriority(router, -253), 1);
    assert.equal(effectivePriority(router, 253), 254);
    assert.equal(effectivePriority(virtualRouter({ priority: 255 }), -253), 255);
  });
});

describe("activeDownIntervalUs (RFC 9568 §6.1)", () => {
  const rule = { intervalUs: 10_000, intervalFrom: "rule", multiplier: 3, skewNumerator: 1, skewBaseUs: null } as const;

  it("rounds the skew down", () => {
    assert.equal(activeDownIntervalUs(rule, 10_000), 30_039);
  });

  it("takes the skew from one second where the rule says so (RFC 3768 §6.1)", () => {
    assert.equal(activeDownIntervalUs({ ...rule, skewBaseUs: 1_000_000 }, 10_000), 33_906);
  });
});

describe("intervalOf", () => {
  const rule = { intervalUs: 7, multiplier: 3, skewNumerator: 1, skewBaseUs: null } as const;

  it("follows the advert, the last rule or the own interval", () => {
    assert.equal(intervalOf({ ...rule, intervalFrom: "advert" }, 8, 9), 8);
    assert.equal(intervalOf({ ...rule, intervalFrom: "last" }, 8, 9), 9);
    assert.equal(intervalOf({ ...rule, intervalFrom: "last" }, 8, null), 7);
    assert.equal(intervalOf({ ...rule, intervalFrom: "rule" }, 8, 9), 7);
  });
});

describe("compareAddresses", () => {
  it("compares as numbers, not as text", () => {
    assert.ok(compareAddresses("inet", "10.0.0.10", "10.0.0.9") > 0);
    assert.ok(compareAddresses("inet", "9.255.255.255", "10.0.0.0") < 0);
    assert.equal(compareAddresses("inet", "10.0.0.1", "10.0.0.1"), 0);
  });

  it("expands IPv6", () => {
    assert.ok(compareAddresses("inet6", "fe80::10", "fe80::9") > 0);
    assert.ok(compareAddresses("inet6", "fe80::1", "fe80::1:0") < 0);
    assert.ok(compareAddresses("inet6", "::1", "1::") < 0);
    assert.equal(compareAddresses("inet6", "fe80::1", "fe80::1"), 0);
  });
});
