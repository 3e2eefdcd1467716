import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { TrackFile } from "../../../src/model/tracking.ts";
import { FileTrackers } from "../../../src/runtime/tracking-files.ts";

const place = { file: "k.conf", line: 1, column: 1 };

function track(context: TestContext, path: string, initialise: TrackFile["initialise"] = null): number {
  const file: TrackFile = { name: "f", path, weight: 1, isReversed: false, initialise, place };
  const clock = { nowUs: () => 0, after: () => () => undefined };
  const trackers = new FileTrackers({ clock, log: () => undefined, onNews: () => undefined });
  trackers.configure([file], initialise === null);
  context.after(() => trackers.close());
  return trackers.valueOf("f");
}

test("a tracked file gives its number; what is no regular file is never waited for", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-track-"));
  context.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "number"), "-12\n");
  symlinkSync("/dev/zero", join(folder, "endless"));
  assert.equal(spawnSync("mkfifo", [join(folder, "fifo")]).status, 0);
  assert.equal(track(context, join(folder, "number")), -12);
  for (const name of ["missing", "endless", "fifo"]) assert.equal(track(context, join(folder, name)), 0);
  const initialise = { value: 7, overwrites: true };
  for (const name of ["number", "new"]) assert.equal(track(context, join(folder, name), initialise), 7);
  assert.equal(track(context, join(folder, "fifo"), initialise), 0);
});

test("init_file is for every file that is defined; a reload writes those that are missing", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-track-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const clock = { nowUs: () => 0, after: () => () => undefined };
  const trackers = new FileTrackers({ clock, log: () => undefined, onNews: () => undefined });
  context.after(() => trackers.close());
  const defined = ["a", "b"].map((name): TrackFile => {
    const initialise = { value: 7, overwrites: true };
    return { name, path: join(folder, name), weight: 1, isReversed: false, initialise, place };
  });
  const textOf = (name: string): string => readFileSync(join(folder, name), "utf8");
  trackers.configure(defined.slice(0, 1), false, defined);
  assert.deepEqual(["a", "b"].map(textOf), ["7\n", "7\n"]);
  writeFileSync(join(folder, "a"), "3\n");
  rmSync(join(folder, "b"));
  trackers.configure(defined, true, defined);
  assert.deepEqual(["a", "b"].map(textOf), ["3\n", "7\n"]);
  assert.deepEqual(
    ["a", "b"].map((name) => trackers.valueOf(name)),
    [3, 7],
  );
});
