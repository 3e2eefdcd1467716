/** Two routers that both are configured as the address owner: priority 255 is nobody's to win, so one has to step back. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import type { Daemon } from "./daemon.ts";
import { advertOf } from "./frames.ts";
import { daemonPairs } from "./matrix.ts";
import { type Pair, type PairSettings, type Side, VIP, withPair } from "./pair.ts";

const OWNER = { priority: 255, state: "MASTER" } as const;
const FAST: PairSettings = { version: 3, isUnicast: false, password: null, advertInt: "0.2" };
const COMPLAINT = "both configured as address owner";

/** So many further adverts of a side. @returns the priority of the last one */
async function hear(pair: Pair, side: Side, count: number): Promise<number | undefined> {
  const { frames } = pair.capture;
  let priority: number | undefined;
  for (let heard = 0, from = frames.position; heard < count; heard += 1) {
    const frame = await frames.waitFor(
      `an advert of ${side.machine.name}`,
      (one) => advertOf(one)?.source === side.machine.address,
      { from },
    );
    priority = advertOf(frame)?.priority;
    from = frames.items.indexOf(frame) + 1;
  }
  return priority;
}

/** The other one takes over when the one that stayed goes, and is an owner again; 2.2.7 remains one of 254. */
async function takesOver(pair: Pair, from: Side, daemon: Daemon, to: Side): Promise<void> {
  const position = to.watch.events.position;
  await daemon.terminate();
  await to.watch.gained(VIP, { from: position });
  assert.equal(await hear(pair, to, 2), to.daemonName === "holdfast" ? 255 : 254);
  assert.equal(from.watch.isHeld(VIP), false);
}

/** `first` is 192.168.1.5, so of two holdfasts it is the one that yields. 2.2.7 yields to whom it hears. */
async function oneStays(pair: Pair, earlier: Side, later: Side): Promise<void> {
  const early = pair.startDaemon(earlier, OWNER);
  await earlier.watch.gained(VIP);
  const late = pair.startDaemon(later, OWNER);
  await later.watch.gained(VIP);
  const lost = await Promise.race([
    earlier.watch.lost(VIP).then(() => earlier),
    later.watch.lost(VIP).then(() => later),
  ]);
  const kept = lost === earlier ? later : earlier;
  await Promise.any([early.logged(COMPLAINT), late.logged(COMPLAINT)]);
  await hear(pair, kept, 10);
  assert.equal(kept.watch.isHeld(VIP), true, "both gave up");
  assert.equal(lost.watch.isHeld(VIP), false, "it came back");
  if (pair.first.daemonName === pair.second.daemonName) assert.equal(kept, pair.second, "the lower address stayed");
  await takesOver(pair, kept, lost === earlier ? late : early, lost);
}

/** Of the better one nothing arrives at the other, which so does not give way. */
async function rivalPersists(pair: Pair): Promise<void> {
  await pair.network.cutFrom(pair.second.machine, pair.first.machine);
  const rival = pair.startDaemon(pair.first, OWNER);
  await pair.first.watch.gained(VIP);
  const better = pair.startDaemon(pair.second, OWNER);
  await pair.second.watch.gained(VIP);
  await better.logged(COMPLAINT);
  await better.logged(
    `${pair.first.machine.address} is still advertising as address owner, please resolve - reducing our priority`,
  );
  await pair.second.watch.lost(VIP);
  await hear(pair, pair.first, 10);
  assert.equal(pair.second.watch.isHeld(VIP), false);
  await takesOver(pair, pair.first, rival, pair.second);
}

describe("two address owners", { concurrency: 3 }, () => {
  const limits = { skip: whyNoLab(["dumpcap"]), timeout: 60_000 };
  for (const daemons of daemonPairs()) {
    const name = daemons.join(" and ");
    test(`one stays, the lower address first: ${name}`, limits, () =>
      withPair(FAST, daemons, (pair) => oneStays(pair, pair.first, pair.second)),
    );
    test(`one stays, the lower address last: ${name}`, limits, () =>
      withPair(FAST, daemons, (pair) => oneStays(pair, pair.second, pair.first)),
    );
    if (daemons[1] !== "holdfast") continue;
    test(`one that does not give way makes the other a backup: ${name}`, limits, () =>
      withPair(FAST, daemons, rivalPersists),
    );
  }
});
