/** What keepalived did beside holdfast, done again by the machine: the same adverts at the same times, the same lines. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { comparableLines, defendsLonger, readRecording, recordedOutcome, replay } from "../../helpers/replay.ts";

const FOLDER = join("test", "vectors", "recordings");
/** What the recording machine added to keepalived's timers. */
const LATE_US = 100_000;

const files = readdirSync(FOLDER).filter((name) => name.endsWith(".jsonl"));

describe("recorded exchanges of keepalived", () => {
  it("are there", () => assert.ok(files.length >= 20, `${files.length} recordings`));
  for (const file of files) {
    const recording = readRecording(join(FOLDER, file));
    it(`${file}: ${recording.header.about}`, () => {
      const recorded = recordedOutcome(recording);
      const ours = replay(recording);
      assert.deepEqual(comparableLines(recording, ours.lines), comparableLines(recording, recorded.lines));
      const adverts = defendsLonger(recording) ? ours.adverts.slice(0, recorded.adverts.length) : ours.adverts;
      assert.deepEqual(
        adverts.map(({ priority }) => priority),
        recorded.adverts.map(({ priority }) => priority),
      );
      for (const [index, { atUs, priority }] of adverts.entries()) {
        const differenceUs = (recorded.adverts[index]?.atUs ?? Infinity) - atUs;
        const what = `advert ${index} of priority ${priority} at ${atUs} us: keepalived ${differenceUs} us later`;
        assert.ok(Math.abs(differenceUs) <= LATE_US, what);
      }
    });
  }
});
