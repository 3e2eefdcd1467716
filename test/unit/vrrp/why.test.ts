import assert from "node:assert/strict";
import { test } from "node:test";
import { step } from "../../../src/vrrp/machine.ts";
import type { RecordedStep } from "../../../src/vrrp/recording.ts";
import { Recorder } from "../../../src/vrrp/recording.ts";
import { type FaultReason, INITIAL_STATE } from "../../../src/vrrp/types.ts";
import { explainRecording } from "../../../src/vrrp/why.ts";
import { virtualRouter } from "../../helpers/virtual-router.ts";
import { Bench, NO_GROUPS, PEER } from "../../helpers/vrrp-bench.ts";

const ROUTER = virtualRouter();

function recorded(bench: Bench): readonly RecordedStep[] {
  return bench.runtime.snapshot()[0]?.recording ?? [];
}

function causes(bench: Bench): readonly string[] {
  return explainRecording(ROUTER, recorded(bench)).map(({ from, to, cause }) => `${from} -> ${to}: ${cause}`);
}

test("silence and faults are named", async () => {
  const bench = new Bench([ROUTER]);
  await bench.start();
  await bench.host.advanceTo(1_000_000);
  await bench.hear(200);
  await bench.host.advanceTo(9_000_000);
  assert.deepEqual(causes(bench).slice(0, 1), [
    `backup -> active: adverts of the active router ${PEER} (priority 200) stopped coming`,
  ]);
  bench.tracking = { weight: 0, faults: ["tracked script chk"], isPending: false };
  bench.runtime.refreshTracking();
  await bench.host.settle();
  assert.equal(causes(bench)[0], "active -> fault: a fault came up: tracked script chk");
});

test("what an operator holds back is a backup, as soon as something breaks a fault, and a backup again", async () => {
  const bench = new Bench([ROUTER]);
  await bench.start();
  await bench.host.advanceTo(5_000_000);
  const track = async (...faults: readonly FaultReason[]): Promise<unknown> => {
    bench.tracking = { weight: 0, faults, isPending: false };
    bench.runtime.refreshTracking();
    await bench.host.settle();
    return bench.runtime.snapshot()[0]?.state;
  };
  assert.equal(bench.runtime.snapshot()[0]?.state, "active");
  assert.equal(await track("held by operator"), "backup");
  await bench.host.advanceTo(60_000_000);
  assert.equal(bench.runtime.snapshot()[0]?.state, "backup");
  assert.equal(await track("held by operator", "tracked script chk"), "fault");
  assert.equal(await track("held by operator"), "backup");
  assert.equal(await track(), "backup");
  await bench.host.advanceTo(65_000_000);
  assert.equal(bench.runtime.snapshot()[0]?.state, "active");
  assert.deepEqual(causes(bench).slice(0, 5), [
    "backup -> active: no active router was heard since it became backup",
    "backup -> backup: an operator has released it",
    "fault -> backup: its last fault has gone: tracked script chk",
    "backup -> fault: a fault came up: tracked script chk",
    "active -> backup: an operator holds it back; holdfast status says who",
  ]);
  const counted = bench.runtime.snapshot()[0]?.transitions?.map(({ from, to, cause }) => `${from} ${to} ${cause}`);
  assert.ok(counted?.includes("active backup operator"), counted?.join());
});

test("a recording replays through the machine, step by step, as JSON as well", async () => {
  const bench = new Bench([ROUTER]);
  await bench.start();
  await bench.host.advanceTo(5_000_000);
  await bench.hear(200);
  await bench.hear(0);
  await bench.host.advanceTo(8_000_000);
  const steps: readonly RecordedStep[] = JSON.parse(JSON.stringify(recorded(bench)));
  assert.ok(steps.length >= 4);
  let state: unknown = steps[0]?.before;
  for (const one of steps) {
    assert.deepEqual(one.before, state);
    state = step(ROUTER, one.before, one.event).state;
  }
  const told = explainRecording(ROUTER, steps);
  assert.deepEqual(
    told.map(({ from, to, cause }) => `${from} -> ${to}: ${cause.replace(/\d+\.\d\d s/, "N s")}`),
    [
      `backup -> active: the active router ${PEER} stopped in good order (priority 0, N s before)`,
      `active -> backup: ${PEER} sent an advert of priority 200, higher than its own 100`,
      "backup -> active: no active router was heard since it became backup",
      "initialize -> backup: it was started",
    ],
  );
  assert.match(told[0]?.evidence.join("\n") ?? "", /before: .* said something new, priority 0/);
});

test("the evidence names priorities that moved, adverts that were dropped and an own loop that was late", () => {
  const weighed = step(ROUTER, step(ROUTER, INITIAL_STATE, { kind: "startup", isDelayed: false }).state, {
    kind: "weight",
    weight: -30,
  });
  const counts = { advertsSent: 0, advertsReceived: 4, dropped: { password: 9, ttl: 0 }, maxLatenessUs: 250_000 };
  const [told] = explainRecording(ROUTER, [
    {
      atUs: 5_000_000,
      before: { ...weighed.state, weight: 0 },
      event: { kind: "weight", weight: -30 },
      basePriority: 100,
      counts: null,
    },
    { atUs: 9_000_000, before: weighed.state, event: { kind: "active-down" }, basePriority: 100, counts },
  ]);
  assert.deepEqual(told?.evidence, [
    "adverts were due every 1.00 s, and none came for the 3.73 s that it waits",
    "4.00 s before: own priority changed from 100 to 70",
    "4 adverts were received since the change before",
    "9 adverts were dropped since the change before: password",
    "its own loop has been late by 250.0 ms",
  ]);
});

test("what a reload changes later does not falsify the evidence", async () => {
  const bench = new Bench([ROUTER]);
  await bench.start();
  bench.tracking = { weight: -30, faults: [], isPending: false };
  bench.runtime.refreshTracking();
  await bench.host.advanceTo(2_000_000);
  await bench.finish(bench.runtime.reload([{ ...ROUTER, priority: 50 }], NO_GROUPS));
  await bench.host.advanceTo(9_000_000);
  assert.equal(bench.state(), "active");
  const [told] = explainRecording({ ...ROUTER, priority: 50 }, recorded(bench));
  assert.ok(
    told?.evidence.some((line) => line.endsWith("own priority changed from 100 to 70")),
    told?.evidence.join("\n"),
  );
});

test("a recorder keeps the last steps only", () => {
  const recorder = new Recorder(3);
  for (let atUs = 1; atUs <= 20; atUs += 1) {
    recorder.add({ atUs, before: INITIAL_STATE, event: { kind: "adver" }, basePriority: 100, counts: null });
  }
  assert.deepEqual(
    recorder.steps().map(({ atUs }) => atUs),
    [18, 19, 20],
  );
});
