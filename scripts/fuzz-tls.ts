/**
 * The long run of the TLS fuzzer, whose short one is a unit test.
 * Usage: node dist/scripts/fuzz-tls.js [COUNT [SEED]]     (10,000 inputs, seed 1)
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadNative } from "../src/native/load.ts";
import { makeCertificate } from "../test/helpers/certificate.ts";
import { fuzzTls } from "../test/helpers/tls-fuzz.ts";

/** Inputs between two lines of progress. */
const PART = 5_000;

const [count = 10_000, seed = 1] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), "holdfast-tls-fuzz-"));
try {
  const { keyFile, certificateFile } = makeCertificate(folder);
  const credentials = { key: readFileSync(keyFile), cert: readFileSync(certificateFile) };
  const total = new Map<string, number>();
  for (let done = 0; done < count; done += PART) {
    const part = Math.min(PART, count - done);
    const counts = await fuzzTls(loadNative(), { count: part, seed: seed + done / PART, ...credentials });
    for (const [name, times] of counts) total.set(name, (total.get(name) ?? 0) + times);
    process.stdout.write(`${done + part} inputs, ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB\n`);
  }
  for (const [name, times] of [...total].sort()) process.stdout.write(`${name}: ${times}\n`);
} finally {
  rmSync(folder, { recursive: true });
}
