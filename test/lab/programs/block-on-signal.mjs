// Preloaded into a daemon under test: SIGPWR makes its main thread stand still.
const BLOCKED_MS = 10_000;
const never = new Int32Array(new SharedArrayBuffer(4));

process.on("SIGPWR", () => {
  Atomics.wait(never, 0, 0, BLOCKED_MS);
});
