import assert from "node:assert/strict";
import { test } from "node:test";
import { vrrpStartupDelayUs } from "../../../src/runtime/startup-delay.ts";

test("the longer of both waits wins, and a machine that has been up for long does not wait for its boot", () => {
  assert.equal(vrrpStartupDelayUs({ startupDelayUs: 0, delayAfterBootUs: 0 }, 77), 0);
  assert.equal(vrrpStartupDelayUs({ startupDelayUs: 5, delayAfterBootUs: 100 }, 98), 5);
  assert.equal(vrrpStartupDelayUs({ startupDelayUs: 5, delayAfterBootUs: 100 }, 40), 60);
  assert.equal(vrrpStartupDelayUs({ startupDelayUs: 0, delayAfterBootUs: 100 }, 1000), 0);
});
