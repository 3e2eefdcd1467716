import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileValue, valueEffect, verdictEffect } from "../../../src/tracking/effect.ts";

const plain = (weight: number) => ({ weight, isReversed: false });
const reversed = (weight: number) => ({ weight, isReversed: true });
const FAULT = { weight: 0, isFault: true };
const adds = (weight: number) => ({ weight, isFault: false });

describe("verdictEffect", () => {
  it("adds a positive weight while good, a negative one while bad", () => {
    assert.deepEqual(
      [true, false].map((isGood) => verdictEffect(plain(20), isGood)),
      [adds(20), adds(0)],
    );
    assert.deepEqual(
      [true, false].map((isGood) => verdictEffect(plain(-20), isGood)),
      [adds(0), adds(-20)],
    );
  });

  it("is a fault while bad without a weight", () => {
    assert.deepEqual(
      [true, false].map((isGood) => verdictEffect(plain(0), isGood)),
      [adds(0), FAULT],
    );
  });

  // As seen with keepalived 2.2.7.
  it("changes the sign when reversed, and swaps good and bad without a weight", () => {
    assert.deepEqual(
      [true, false].map((isGood) => verdictEffect(reversed(20), isGood)),
      [adds(-20), adds(0)],
    );
    assert.deepEqual(
      [true, false].map((isGood) => verdictEffect(reversed(-20), isGood)),
      [adds(0), adds(20)],
    );
    assert.deepEqual(
      [true, false].map((isGood) => verdictEffect(reversed(0), isGood)),
      [FAULT, adds(0)],
    );
  });

  it("counts nothing before the first result", () => {
    assert.deepEqual(
      [plain(0), plain(20), plain(-20)].map((rule) => verdictEffect(rule, null)),
      [adds(0), adds(0), adds(0)],
    );
  });
});

describe("valueEffect", () => {
  it("multiplies, caps at 253 and takes -254 for a fault", () => {
    assert.deepEqual(valueEffect(plain(2), 10), adds(20));
    assert.deepEqual(valueEffect(reversed(2), 10), adds(-20));
    assert.deepEqual(valueEffect(plain(1), 300), adds(253));
    assert.deepEqual(valueEffect(plain(1), -253), adds(-253));
    assert.deepEqual(valueEffect(plain(1), -254), FAULT);
    assert.deepEqual(valueEffect(plain(100), -3), FAULT);
  });

  it("without a weight takes anything but 0 for a fault", () => {
    assert.deepEqual(
      [0, 1, -1].map((value) => valueEffect(plain(0), value)),
      [adds(0), FAULT, FAULT],
    );
  });
});

describe("fileValue", () => {
  it("reads a leading number, else 0", () => {
    const texts = ["12\n", "  -5 lots", "+7", "", "x1", null, "1e3", "0x10", "010", "-0", "09"];
    assert.deepEqual(texts.map(fileValue), [12, -5, 7, 0, 0, 0, 1, 16, 8, 0, 0]);
    assert.deepEqual(["99999999999", "-3000000000", "100000"].map(fileValue), [null, null, 100_000]);
  });
});
