import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createLogger } from "../../../src/runtime/log.ts";
import { ReloadSchedule } from "../../../src/runtime/reload-schedule.ts";

interface Trial {
  readonly schedule: ReloadSchedule;
  readonly file: string;
  /** Log messages and reloads, in order. */
  readonly told: string[];
  /** Passes time on the virtual clock; its timers run when they are due. */
  readonly pass: (ms: number) => void;
}

function createTrial(context: TestContext, text: string): Trial {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-reload-"));
  const file = join(folder, "when");
  writeFileSync(file, text);
  const told: string[] = [];
  let nowMs = new Date(2026, 10, 29, 12, 0, 0).getTime();
  let timers: { readonly atMs: number; readonly run: () => void }[] = [];
  const schedule = new ReloadSchedule({
    nowMs: () => nowMs,
    clock: {
      after: (delayUs, run) => {
        const timer = { atMs: nowMs + delayUs / 1000, run };
        timers.push(timer);
        return () => {
          timers = timers.filter((other) => other !== timer);
        };
      },
    },
    log: createLogger({
      sinks: [{ write: ({ message }) => told.push(message), close: async () => {} }],
      detailLevel: 2,
      nowMs: () => nowMs,
    }),
    reload: () => told.push("reload"),
  });
  context.after(() => {
    schedule.close();
    rmSync(folder, { recursive: true });
  });
  const pass = (ms: number): void => {
    const endMs = nowMs + ms;
    for (;;) {
      const next = timers.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      timers = timers.filter((other) => other !== next);
      nowMs = Math.max(nowMs, next.atMs);
      next.run();
    }
    nowMs = endMs;
  };
  return { schedule, file, told, pass };
}

test("a reload happens at the time and takes the file away", (context) => {
  const { schedule, file, told, pass } = createTrial(context, "13:30:00\n");
  schedule.configure({ timeFile: file, repeatsDaily: false });
  pass(90 * 60_000 - 1);
  assert.deepEqual(told, ["reload scheduled"]);
  pass(1);
  assert.deepEqual(told, ["reload scheduled", "reload"]);
  assert.equal(existsSync(file), false);
  pass(25 * 3_600_000);
  assert.equal(told.length, 2);
});

test("reload_repeat keeps a time of day, not a date", (context) => {
  const daily = createTrial(context, "13:30:00\n");
  daily.schedule.configure({ timeFile: daily.file, repeatsDaily: true });
  daily.pass(48 * 3_600_000);
  assert.equal(daily.told.filter((message) => message === "reload").length, 2);
  assert.equal(existsSync(daily.file), true);
  const dated = createTrial(context, "26-11-29 13:30:00\n");
  dated.schedule.configure({ timeFile: dated.file, repeatsDaily: true });
  dated.pass(48 * 3_600_000);
  assert.deepEqual(dated.told, ["reload scheduled", "reload"]);
  assert.equal(existsSync(dated.file), false);
});

test("a configuration without the file forgets the time, and a nonsensical file says so", (context) => {
  const { schedule, file, told, pass } = createTrial(context, "13:30:00\n");
  schedule.configure({ timeFile: file, repeatsDaily: false });
  schedule.configure({ timeFile: file, repeatsDaily: true });
  schedule.configure({ timeFile: null, repeatsDaily: false });
  pass(48 * 3_600_000);
  assert.deepEqual(told, ["reload scheduled"]);
  writeFileSync(file, "soon\n");
  schedule.configure({ timeFile: file, repeatsDaily: false });
  writeFileSync(file, "2026-11-29 11:00:00\n");
  schedule.configure({ timeFile: null, repeatsDaily: false });
  schedule.configure({ timeFile: file, repeatsDaily: false });
  pass(48 * 3_600_000);
  assert.deepEqual(told, ["reload scheduled", "reload time invalid", "reload time past"]);
});

test("the file is followed", async (context) => {
  const { schedule, file, told, pass } = createTrial(context, "13:30:00\n");
  schedule.configure({ timeFile: file, repeatsDaily: false });
  const untilTold = async (message: string): Promise<void> => {
    for (let left = 500; left > 0 && !told.includes(message); left--) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      pass(200);
    }
    assert.ok(told.includes(message), told.join("\n"));
  };
  writeFileSync(file, "14:00:00\n");
  await untilTold("reload time updated");
  rmSync(file);
  await untilTold("reload unscheduled");
});
