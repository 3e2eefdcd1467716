// Preloaded into a Node process under test: its main thread then stands still nearly all the time.
const BLOCKED_MS = 2_000;
const FREE_MS = 20;
const START_MS = 3_000;

const never = new Int32Array(new SharedArrayBuffer(4));

function block() {
  Atomics.wait(never, 0, 0, BLOCKED_MS);
  setTimeout(block, FREE_MS).unref();
}
setTimeout(block, START_MS).unref();
