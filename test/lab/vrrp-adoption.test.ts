import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import { advertOf } from "./frames.ts";
import { daemonNames } from "./matrix.ts";
import { type Pair, type PairSettings, VIP, withPair } from "./pair.ts";

const HIGH = 200;
const LOW = 100;
/** Slow enough for a restart on a busy machine before the other side takes over. */
const SLOW: PairSettings = { version: 3, isUnicast: false, password: null, advertInt: "2" };
const FAST: PairSettings = { ...SLOW, advertInt: "0.2" };

function hasLost(pair: Pair, from: number): boolean {
  return pair.first.watch.events.items.slice(from).some((event) => event.address === VIP && !event.isAdded);
}

/** Nobody took over meanwhile, so the address never leaves the machine. */
async function continueAsMaster(pair: Pair): Promise<void> {
  const killed = pair.startDaemon(pair.first, { priority: HIGH });
  await pair.first.watch.gained(VIP);
  const other = pair.startDaemon(pair.second, { priority: LOW });
  await other.logged("Entering BACKUP STATE");
  const from = pair.first.watch.events.position;
  const fromFrame = pair.capture.frames.position;
  killed.crash();
  await killed.ended;
  const restarted = pair.startDaemon(pair.first, { priority: HIGH });
  await restarted.logged("Entering MASTER STATE", { timeoutMs: 20_000 });
  await pair.capture.frames.waitFor(
    "an advert after the restart",
    (frame) => advertOf(frame)?.source === pair.first.machine.address,
    { from: fromFrame },
  );
  assert.equal(hasLost(pair, from), false, "the address was away in between");
  assert.equal(restarted.text.includes("BACKUP STATE"), false, "it called itself a backup in between");
  assert.equal(pair.second.watch.isHeld(VIP), false, "the other one took over meanwhile");
}

/** The other one took over, so the address that was left behind goes before the better one asks for it. */
async function withdrawFirst(pair: Pair): Promise<void> {
  const killed = pair.startDaemon(pair.first, { priority: HIGH });
  await pair.first.watch.gained(VIP);
  const other = pair.startDaemon(pair.second, { priority: LOW });
  await other.logged("Entering BACKUP STATE");
  killed.crash();
  await killed.ended;
  await pair.second.watch.gained(VIP);
  const from = pair.first.watch.events.position;
  const restarted = pair.startDaemon(pair.first, { priority: HIGH });
  await pair.first.watch.lost(VIP, { from });
  await restarted.logged("Entering BACKUP STATE (init)");
  await pair.first.watch.gained(VIP, { from });
  await pair.second.watch.lost(VIP);
}

describe("a daemon that was killed and finds its addresses", { concurrency: 2 }, () => {
  const skip = whyNoLab(["tshark", "dumpcap"]) || (daemonNames().includes("holdfast") ? false : "without holdfast");
  const others = daemonNames();
  for (const other of others) {
    test(`continues as master beside ${other}`, { skip, timeout: 90_000 }, () =>
      withPair(SLOW, ["holdfast", other], continueAsMaster),
    );
    test(`withdraws them first when ${other} took over`, { skip, timeout: 90_000 }, () =>
      withPair(FAST, ["holdfast", other], withdrawFirst),
    );
  }
});
