// Preloaded into a Node process under test. When the file named by HOLDFAST_BLOCK_FILE appears, the main thread stands
// still for HOLDFAST_BLOCK_MS, once, and says when.
import { existsSync, writeSync } from "node:fs";

const STDERR = 2;
const LOOK_EVERY_MS = 20;
const file = process.env.HOLDFAST_BLOCK_FILE ?? "";
const blockedMs = Number(process.env.HOLDFAST_BLOCK_MS);

const timer = setInterval(() => {
  if (!existsSync(file)) return;
  clearInterval(timer);
  writeSync(STDERR, "main thread blocked\n");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockedMs);
  writeSync(STDERR, "main thread free\n");
}, LOOK_EVERY_MS);
timer.unref();
