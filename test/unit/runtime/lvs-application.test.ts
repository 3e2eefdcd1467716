import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { ApplicationCheck, ApplicationChecker } from "../../../src/model/checks.ts";
import type { CheckerTiming, RealServer } from "../../../src/model/lvs.ts";
import type { TrackFile } from "../../../src/model/tracking.ts";
import type { LvsConfiguration } from "../../../src/runtime/lvs-types.ts";
import type { ScriptEnd } from "../../../src/runtime/script-runner.ts";
import { realServer, virtualServer } from "../checker/samples.ts";
import { type Bench, configuration, createBench, tableLines } from "./lvs-fakes.ts";

const SECOND_US = 1_000_000;
const A = "192.168.1.7";
const S = "[192.168.1.7]:tcp:80";
const V = "[192.168.1.100]:tcp:80";
const SCRIPT = "/nowhere/check";
const PLACE = { file: "test.conf", line: 1, column: 1 };

function checker(check: ApplicationCheck, timing: Partial<CheckerTiming> = {}, logsAll = false): ApplicationChecker {
  return {
    check,
    timing: {
      delayLoopUs: 4 * SECOND_US,
      delayBeforeRetryUs: SECOND_US,
      retries: 0,
      warmupUs: 0,
      connectTimeoutUs: 2 * SECOND_US,
      isAlpha: false,
      ...timing,
    },
    logsAllFailures: logsAll,
    place: PLACE,
  };
}

function misc(fields: Partial<Extract<ApplicationCheck, { kind: "misc" }>> = {}): ApplicationCheck {
  const command = { argv: [SCRIPT, "word"], user: null, place: PLACE };
  return { kind: "misc", command, timeoutUs: 0, setsWeight: false, ...fields };
}

function checked(checks: readonly ApplicationChecker[], weight = 10): LvsConfiguration {
  const server: RealServer & { readonly applicationCheckers: readonly ApplicationChecker[] } = {
    ...realServer(A, { checkers: [], weight }),
    applicationCheckers: checks,
  };
  return configuration([virtualServer([server])]);
}

function exited(...statuses: readonly number[]): ScriptEnd[] {
  return statuses.map((status) => ({ kind: "exited", status }));
}

function take(bench: Bench): string[] {
  return bench.lines.splice(0);
}

const row = (weight: number): string[] => [`tcp 192.168.1.100:80 rr > ${A}:80 droute w${weight}`];

test("a script takes its server out and in, in keepalived's words", async () => {
  const bench = createBench();
  bench.scripts.ends.set(SCRIPT, exited(0, 1, 0));
  await bench.runtime.start(checked([checker(misc())]));
  assert.equal(take(bench).at(-1), `Activating healthchecker for service ${S} for VS ${V}`);
  await bench.clock.advance(1.5 * SECOND_US);
  assert.deepEqual(take(bench), [`Misc check for [${S} VS ${V}] by [${SCRIPT}] succeeded.`]);
  await bench.clock.advance(4 * SECOND_US);
  assert.deepEqual(take(bench), [
    `Misc check for [${S} VS ${V}] by [${SCRIPT}] failed with retry disabled (exited with status 1).`,
    `Removing service ${S} from VS ${V}`,
    `Lost quorum 1-0=1 > 0 for VS ${V}`,
  ]);
  assert.deepEqual(await tableLines(bench.table), ["tcp 192.168.1.100:80 rr"]);
  await bench.clock.advance(4 * SECOND_US);
  assert.deepEqual(await tableLines(bench.table), row(10));
});

test("a first result that fails is told with the retries that there are, although none was made", async () => {
  const bench = createBench();
  bench.scripts.ends.set(SCRIPT, exited(3));
  await bench.runtime.start(checked([checker(misc(), { retries: 2 })]));
  take(bench);
  await bench.clock.advance(1.5 * SECOND_US);
  assert.equal(
    take(bench)[0],
    `Misc check for [${S} VS ${V}] by [${SCRIPT}] failed after 2 retries (exited with status 3).`,
  );
});

test("runs begin a delay loop apart however long they take, and last no longer than the limit", async () => {
  const bench = createBench();
  bench.scripts.runUs = 3 * SECOND_US;
  bench.scripts.ends.set(SCRIPT, [{ kind: "signalled", signal: 15 }]);
  await bench.runtime.start(checked([checker(misc({ timeoutUs: 2 * SECOND_US }))]));
  take(bench);
  await bench.clock.advance(10 * SECOND_US);
  const [first, second, third] = bench.scripts.starts;
  assert.equal(first?.timeoutMs, 2000);
  assert.equal((second?.atUs ?? 0) - (first?.atUs ?? 0), 4 * SECOND_US);
  assert.equal((third?.atUs ?? 0) - (second?.atUs ?? 0), 4 * SECOND_US);
  assert.equal(take(bench)[0], `Misc check for [${S} VS ${V}] by [${SCRIPT}] timed out with retry disabled.`);
});

test("misc_dynamic edits the entry, and 0 gives the configured weight back", async () => {
  const bench = createBench();
  bench.scripts.ends.set(SCRIPT, exited(5, 0));
  await bench.runtime.start(checked([checker(misc({ setsWeight: true }))]));
  take(bench);
  await bench.clock.advance(1.5 * SECOND_US);
  assert.equal(take(bench)[0], `Changing weight from 10 to 3 for active service ${S} of VS ${V}`);
  assert.deepEqual(await tableLines(bench.table), row(3));
  await bench.clock.advance(4 * SECOND_US);
  assert.deepEqual(take(bench), [`Changing weight from 3 to 10 for active service ${S} of VS ${V}`]);
  assert.deepEqual(await tableLines(bench.table), row(10));
  assert.deepEqual(
    bench.table.commands.filter((kind) => kind.startsWith("destination")),
    ["destination-add", "destination-edit", "destination-edit"],
  );
});

test("with log_all_failures each failure to be retried is told, those of a server that is out are not", async () => {
  const bench = createBench();
  bench.scripts.ends.set(SCRIPT, exited(0, 1));
  await bench.runtime.start(checked([checker(misc(), { retries: 2 }, true)]));
  await bench.clock.advance(1.5 * SECOND_US);
  take(bench);
  await bench.clock.advance(20 * SECOND_US);
  const said = take(bench).filter((line) => line.startsWith("Misc"));
  assert.deepEqual(
    said.map((line) => line.slice(line.indexOf(SCRIPT) + SCRIPT.length + 2)),
    [
      "failed, will do 2 retries (exited with status 1).",
      "failed on retry 1/2 (exited with status 1).",
      "failed after 2 retries (exited with status 1).",
    ],
  );
});

test("the weight that comes with a recovery is set without a word", async () => {
  const bench = createBench();
  bench.scripts.ends.set(SCRIPT, exited(5, 1, 0));
  await bench.runtime.start(checked([checker(misc({ setsWeight: true }))]));
  await bench.clock.advance(6 * SECOND_US);
  take(bench);
  await bench.clock.advance(4 * SECOND_US);
  assert.deepEqual(take(bench).slice(0, 2), [
    `Misc check for [${S} VS ${V}] by [${SCRIPT}] succeeded.`,
    `Adding service ${S} to VS ${V}`,
  ]);
  assert.deepEqual(await tableLines(bench.table), row(10));
});

test("a script that could not be started says nothing of the server", async () => {
  const bench = createBench();
  bench.scripts.ends.set(SCRIPT, [{ kind: "not-started", reason: "EAGAIN" }, ...exited(0)]);
  await bench.runtime.start(checked([checker(misc())]));
  take(bench);
  await bench.clock.advance(1.5 * SECOND_US);
  assert.deepEqual(take(bench), [`Misc check script [${SCRIPT}] could not be started: EAGAIN`]);
  assert.deepEqual(await tableLines(bench.table), row(10));
  await bench.clock.advance(4 * SECOND_US);
  assert.deepEqual(take(bench), [`Misc check for [${S} VS ${V}] by [${SCRIPT}] succeeded.`]);
});

test("a reload keeps verdict, weight and rhythm, and what is not configured any more is ended", async () => {
  const bench = createBench();
  bench.scripts.ends.set(SCRIPT, exited(5));
  const same = checked([checker(misc({ setsWeight: true }))]);
  await bench.runtime.start(same);
  await bench.clock.advance(2 * SECOND_US);
  await bench.runtime.reload(same);
  assert.deepEqual(await tableLines(bench.table), row(3));
  assert.equal(bench.scripts.starts.length, 1);
  await bench.clock.advance(3.05 * SECOND_US);
  assert.equal(bench.scripts.starts.length, 2);
  await bench.runtime.reload(checked([]));
  assert.equal(bench.scripts.terminated, 1);
  await bench.clock.advance(20 * SECOND_US);
  assert.equal(bench.scripts.starts.length, 2);
  assert.deepEqual(await tableLines(bench.table), row(10));
});

test("an alpha server is out until its script succeeds", async () => {
  const bench = createBench();
  await bench.runtime.start(checked([checker(misc(), { isAlpha: true })]));
  assert.deepEqual(await tableLines(bench.table), ["tcp 192.168.1.100:80 rr"]);
  await bench.clock.advance(1.5 * SECOND_US);
  assert.deepEqual(await tableLines(bench.table), row(10));
});

function trackFile(context: TestContext, text: string): { readonly file: TrackFile; readonly config: TrackFile[] } {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-file-check-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "value");
  writeFileSync(path, text);
  const file: TrackFile = { name: "f", path, weight: 1, isReversed: false, initialise: null, place: PLACE };
  return { file, config: [file] };
}

function fileCheck(weight: number): ApplicationChecker {
  return checker({ kind: "file", trackFile: "f", weight, isReversed: false }, { isAlpha: true });
}

/** Lets the kernel tell of the change, then time pass. */
async function untilNews(bench: Bench, pending: number): Promise<void> {
  const signal = AbortSignal.timeout(5_000);
  while (bench.clock.pending <= pending) {
    signal.throwIfAborted();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await bench.clock.advance(0.2 * SECOND_US);
}

test("the value of a file, times its weight, is added to the server's weight at once", async (context) => {
  const { file, config } = trackFile(context, "3\n");
  const bench = createBench();
  await bench.runtime.start({ ...checked([fileCheck(2)]), trackFiles: config });
  assert.deepEqual(await tableLines(bench.table), row(16));
  take(bench);
  const { pending } = bench.clock;
  writeFileSync(file.path, "-4\n");
  await untilNews(bench, pending);
  assert.deepEqual(take(bench), [`Changing weight from 16 to 2 for active service ${S} of VS ${V}`]);
  assert.deepEqual(await tableLines(bench.table), row(2));
  await bench.runtime.stop();
});

test("without a weight a file that is not 0 takes the server out", async (context) => {
  const { file, config } = trackFile(context, "1\n");
  const bench = createBench();
  await bench.runtime.start({ ...checked([fileCheck(0)]), trackFiles: config });
  assert.deepEqual(await tableLines(bench.table), ["tcp 192.168.1.100:80 rr"]);
  const { pending } = bench.clock;
  take(bench);
  writeFileSync(file.path, "0\n");
  await untilNews(bench, pending);
  assert.deepEqual(take(bench).slice(0, 2), [
    `(${S}): tracked file f leaving FAULT state`,
    `Adding service ${S} to VS ${V}`,
  ]);
  assert.deepEqual(await tableLines(bench.table), row(10));
  await bench.runtime.stop();
});

test("a BFD check follows its session from the first word about it, and over a reload", async () => {
  const bench = createBench();
  const watched = checked([checker({ kind: "bfd", bfdInstance: "uplink" })]);
  await bench.runtime.start(watched);
  assert.deepEqual(await tableLines(bench.table), row(10));
  take(bench);
  bench.runtime.bfdChanged("uplink", false);
  assert.equal(take(bench)[0], `BFD check of [uplink] RS(${S}) is DOWN`);
  bench.runtime.bfdChanged("other", true);
  bench.runtime.bfdChanged("uplink", true);
  assert.deepEqual(take(bench).slice(0, 2), [`BFD check of [uplink] RS(${S}) is UP`, `Adding service ${S} to VS ${V}`]);
  await bench.clock.advance(0.1 * SECOND_US);
  assert.deepEqual(await tableLines(bench.table), row(10));
  await bench.runtime.reload(watched);
  assert.deepEqual(await tableLines(bench.table), row(10));
  take(bench);
  bench.runtime.bfdChanged("uplink", false);
  assert.equal(take(bench)[0], `BFD check of [uplink] RS(${S}) is DOWN`);
  await bench.clock.advance(0.1 * SECOND_US);
  assert.deepEqual(await tableLines(bench.table), ["tcp 192.168.1.100:80 rr"]);
});

test("an alpha BFD check keeps its server out until its session is up, and tells of the first bad word", async () => {
  const bench = createBench();
  await bench.runtime.start(checked([checker({ kind: "bfd", bfdInstance: "uplink" }, { isAlpha: true })]));
  assert.deepEqual(await tableLines(bench.table), ["tcp 192.168.1.100:80 rr"]);
  take(bench);
  bench.runtime.bfdChanged("uplink", false);
  bench.runtime.bfdChanged("uplink", false);
  assert.deepEqual(take(bench), [`BFD check of [uplink] RS(${S}) is DOWN`]);
  bench.runtime.bfdChanged("uplink", true);
  await bench.clock.advance(0.1 * SECOND_US);
  assert.deepEqual(await tableLines(bench.table), row(10));
});
