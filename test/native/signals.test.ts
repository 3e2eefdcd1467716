import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { loadNative } from "../../src/native/load.ts";

const native = loadNative();

test("real-time signals reach the callback by number", async () => {
  const heard: number[] = [];
  const all = new Promise<void>((resolve) => {
    const isWatching = native.watchSignals([36, 63], (signal) => {
      heard.push(signal);
      if (heard.length === 2) resolve();
    });
    assert.equal(isWatching, true);
  });
  // The watch does not keep the process alive, so something else has to.
  const alive = setInterval(() => {}, 1000);
  process.kill(process.pid, 36);
  process.kill(process.pid, 63);
  await all;
  clearInterval(alive);
  assert.deepEqual(heard.sort(), [36, 63]);
});

test("a signal that nobody may watch is refused, none is fine", () => {
  assert.equal(
    native.watchSignals([9], () => {}),
    false,
  );
  assert.equal(
    native.watchSignals([], () => {}),
    true,
  );
});

test("wrong words throw a TypeError that names the argument", () => {
  const watch = (...words: readonly unknown[]): unknown => Reflect.apply(native.watchSignals, native, words);
  for (const signals of [undefined, 36, ["36"], [0], [65], [Number.NaN]]) {
    assert.throws(() => watch(signals, () => {}), { name: "TypeError", message: /^signals: / });
  }
  assert.throws(() => watch([36]), { name: "TypeError", message: /^onSignal: / });
  assert.throws(() => watch([36], "f"), { name: "TypeError", message: /^onSignal: / });
});

test("an environment that ends takes its watch with it", async () => {
  const load = new URL("../../src/native/load.js", import.meta.url).href;
  const script = `import(${JSON.stringify(load)}).then(({ loadNative }) => loadNative().watchSignals([40], () => {}))`;
  const [code] = await once(new Worker(script, { eval: true }), "exit");
  assert.equal(code, 0);
});
