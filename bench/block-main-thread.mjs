// Preloaded into a Node process under test: its main thread then stands still nearly all the time, and fills its heap
// with BENCH_HEAP_MIB of objects in between.
const BLOCKED_MS = Number(process.env["BENCH_BLOCK_MS"] ?? 2_000);
const HEAP_MIB = Number(process.env["BENCH_HEAP_MIB"] ?? 0);
const OBJECTS_PER_MIB = 8_192;
const FREE_MS = 20;
const START_MS = 3_000;

const never = new Int32Array(new SharedArrayBuffer(4));
let kept = [];

function block() {
  kept = Array.from({ length: HEAP_MIB * OBJECTS_PER_MIB }, (_, index) => ({ index, text: `object ${index}` }));
  Atomics.wait(never, 0, 0, BLOCKED_MS);
  setTimeout(block, kept.length > 0 ? 2 * FREE_MS : FREE_MS).unref();
}
setTimeout(block, START_MS).unref();
