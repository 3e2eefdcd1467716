import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Override } from "../../../src/checker/override.ts";
import { decodeOverrides, encodeOverrides, overrideStore } from "../../../src/cli/override-file.ts";
import { createLogger } from "../../../src/runtime/log.ts";
import { OverrideKeeper } from "../../../src/runtime/override-keeper.ts";
import { realServer, tcpChecker, virtualServer } from "../checker/samples.ts";
import { configuration, createBench, flush, tableLines } from "./lvs-fakes.ts";

const folder = mkdtempSync(join(tmpdir(), "overrides-"));
after(() => rmSync(folder, { recursive: true }));

const A = "192.168.1.7";
const B = "192.168.1.8";
const SIMPLE = configuration([
  virtualServer([A, B].map((address) => realServer(address, { checkers: [tcpChecker(address, 80)] }))),
]);

function said(address: string, action: Override["action"], expiresMs: number | null = null): Override {
  const names = { virtualServer: "[192.168.1.100]:tcp:80", realServer: `[${address}]:tcp:80` };
  return { ...names, action, owner: "ann", reason: "new kernel", sinceMs: 1, expiresMs };
}

function create(bench: ReturnType<typeof createBench>): { keeper: OverrideKeeper; log: string[] } {
  const log: string[] = [];
  const keeper = new OverrideKeeper({
    nowMs: () => bench.clock.nowUs() / 1000,
    after: (delayMs, callback) => bench.clock.after(delayMs * 1000, callback),
    log: createLogger({
      sinks: [{ write: ({ message }) => log.push(message), close: async () => {} }],
      detailLevel: 0,
      nowMs: () => 0,
    }),
  });
  keeper.attach(bench.runtime);
  return { keeper, log };
}

const weights = async (bench: ReturnType<typeof createBench>): Promise<string[]> =>
  (await tableLines(bench.table)).map((line) =>
    line
      .replace(/.*> 192\.168\.1\.(\d+) ?:?.*w(\d+)/, "$1=$2")
      .replace(/.*> 192\.168\.1\.(\d+):80 \w+ w(\d+)/, "$1=$2"),
  );

test("what was said holds over reloads and a restart, until it expires", async () => {
  const path = join(folder, "a/overrides.json");
  const bench = createBench([`${A}:80`, `${B}:80`]);
  const { keeper, log } = create(bench);
  keeper.open(overrideStore(path));
  await bench.runtime.start(SIMPLE);
  const expiresMs = bench.clock.nowUs() / 1000 + 5000;
  assert.equal(keeper.set([said(A, { kind: "weight", weight: 7 }, expiresMs), said(B, { kind: "disable" })]), true);
  await flush();
  assert.deepEqual(await weights(bench), ["7=7"]);
  await bench.runtime.reload(SIMPLE);
  assert.deepEqual(await weights(bench), ["7=7"]);

  const again = createBench([`${A}:80`, `${B}:80`]);
  const next = create(again);
  next.keeper.open(overrideStore(path));
  await again.runtime.start(SIMPLE);
  assert.deepEqual(await weights(again), ["7=7"]);
  await again.clock.advance(6_000_000);
  assert.deepEqual(await weights(again), ["7=1"]);
  assert.deepEqual(next.log, ["override expired"]);
  next.keeper.clear([`${said(B, { kind: "disable" }).virtualServer} [${B}]:tcp:80`]);
  await flush();
  assert.deepEqual(await weights(again), ["7=1", "8=1"]);
  assert.deepEqual(overrideStore(path).load(), []);
  assert.deepEqual(log, ["override set", "override set"]);
});

test("a drain without connections ends in taking the server out", async () => {
  const bench = createBench([`${A}:80`, `${B}:80`]);
  const { keeper, log } = create(bench);
  await bench.runtime.start(SIMPLE);
  assert.equal(keeper.set([said(A, { kind: "drain", deadlineMs: null, isDone: false })]), false);
  await flush();
  assert.deepEqual(await weights(bench), ["7=0", "8=1"]);
  await bench.clock.advance(1_500_000);
  assert.deepEqual(await weights(bench), ["8=1"]);
  assert.deepEqual(log, ["override set", "server drained"]);
});

test("the file comes back as it was; rubbish and files of others are refused, and the daemon does without", async () => {
  const all = [
    said(A, { kind: "drain", deadlineMs: 7, isDone: false }),
    said(A, { kind: "disable" }, 8),
    said(B, { kind: "weight", weight: 0 }),
  ];
  assert.deepEqual(decodeOverrides(encodeOverrides(all)), all);
  const bad = ["", "{}", "[]", "null", '{"version":2,"overrides":[]}', '{"version":1,"overrides":[null]}'];
  const weighty = encodeOverrides([said(A, { kind: "weight", weight: 1 })]).replace('"weight": 1', '"weight": 65536');
  for (const text of [...bad, weighty]) assert.throws(() => decodeOverrides(text));
  const path = join(folder, "loose.json");
  writeFileSync(path, encodeOverrides(all), { mode: 0o666, flag: "w" });
  const { keeper, log } = create(createBench());
  writeFileSync(path, "{");
  keeper.open(overrideStore(path));
  assert.deepEqual([keeper.list(), log], [[], ["overrides not loaded"]]);
});

test("a drain does not end because the daemon starts or stops", async () => {
  const bench = createBench([`${A}:80`, `${B}:80`]);
  const { keeper, log } = create(bench);
  keeper.set([said(A, { kind: "drain", deadlineMs: null, isDone: false })]);
  await bench.clock.advance(3_000_000);
  assert.deepEqual(log, ["override set"], "before the table is known");
  await bench.runtime.start(SIMPLE);
  await bench.runtime.stop();
  await bench.clock.advance(3_000_000);
  assert.deepEqual(log, ["override set"], "after the end");
});
