import assert from "node:assert/strict";
import { test } from "node:test";
import type { Logger } from "../../../src/runtime/log.ts";
import { openServiceManager } from "../../../src/runtime/service-manager.ts";
import {
  type Heartbeats,
  lookAtLoops,
  NOTHING_SEEN,
  startWatchdog,
  type Verdict,
} from "../../../src/runtime/watchdog.ts";

const SECOND_US = 1_000_000;

/** Looks every two seconds. */
function verdicts(counts: readonly (readonly [atSec: number, vrrp: number, probe: number])[]): readonly Verdict[] {
  let state = NOTHING_SEEN;
  return counts.map(([atSec, vrrp, probe]) => {
    const heartbeats = new Map([
      ["vrrp", vrrp],
      ["probe", probe],
    ]);
    const latestUs = state.atUs + 4 * SECOND_US;
    const look = lookAtLoops(state, { nowUs: atSec * SECOND_US, heartbeats, latestUs });
    state = look.state;
    return look.verdict;
  });
}

test("loops that turn are alive; one that stands silences the daemon, and after ten seconds it is hung", () => {
  const seen = verdicts([
    [2, 5, 5],
    [4, 6, 6],
    [6, 7, 6],
    [8, 8, 6],
    [10, 9, 6],
    [12, 10, 6],
    [14, 11, 6],
    [16, 12, 7],
  ]);
  assert.deepEqual(seen, ["alive", "alive", "alive", "standing", "standing", "standing", "hung", "alive"]);
});

test("after a pause of the whole machine the loops get their time anew", () => {
  const seen = verdicts([
    [2, 5, 5],
    [4, 6, 6],
    [60, 6, 6],
    [62, 6, 6],
    [64, 7, 7],
  ]);
  assert.deepEqual(seen, ["alive", "alive", "alive", "alive", "alive"]);
});

test("the service manager hears of life while loops turn, and of a hung one once", () => {
  const sent: string[] = [];
  const environment: NodeJS.ProcessEnv = {
    NOTIFY_SOCKET: "/run/notify",
    WATCHDOG_USEC: "90000000",
    WATCHDOG_PID: String(process.pid),
  };
  const sender = { send: (text: Uint8Array) => sent.push(Buffer.from(text).toString()) > 0, close: () => undefined };
  const { watchdog } = openServiceManager(environment, () => sender, {} as Logger);
  assert.deepEqual(environment, {}, "scripts must not speak for the daemon");
  let nowUs = 0;
  let heartbeats: Heartbeats = new Map([["vrrp", 1]]);
  const looks: (() => void)[] = [];
  const complaints: string[] = [];
  let pauseUs = 0;
  startWatchdog({
    watchdog,
    heartbeats: () => heartbeats,
    nowUs: () => nowUs,
    every: (delayUs, callback) => {
      pauseUs = delayUs;
      looks.push(callback);
      return () => undefined;
    },
    log: ({ text }) => complaints.push(text),
  });
  const look = (count: number): void => {
    nowUs += pauseUs;
    heartbeats = new Map([["vrrp", count]]);
    looks[0]?.();
  };
  for (const count of [2, 3]) look(count);
  assert.deepEqual(sent.splice(0), ["WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]);
  look(3);
  assert.deepEqual(sent.splice(0), ["WATCHDOG=1"]);
  for (let index = 0; index < 3; index += 1) look(3);
  assert.deepEqual(sent.splice(0), []);
  for (let index = 0; index < 3; index += 1) look(3);
  assert.deepEqual(sent, ["WATCHDOG=trigger"]);
  assert.deepEqual(complaints, ["Native loop stands still: vrrp; asking the service manager for a restart"]);
});

test("nobody watches without WATCHDOG_USEC, nor when another process is meant", () => {
  const sender = { send: () => true, close: () => undefined };
  for (const more of [{}, { WATCHDOG_USEC: "0" }, { WATCHDOG_USEC: "90000000", WATCHDOG_PID: "1" }]) {
    const environment: NodeJS.ProcessEnv = { NOTIFY_SOCKET: "/run/notify", ...more };
    assert.equal(openServiceManager(environment, () => sender, {} as Logger).watchdog.timeoutUs, null);
  }
});
