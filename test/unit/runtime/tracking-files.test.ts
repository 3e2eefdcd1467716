import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
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
