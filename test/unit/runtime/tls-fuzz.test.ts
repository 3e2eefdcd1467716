import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadNative } from "../../../src/native/load.ts";
import { makeCertificate } from "../../helpers/certificate.ts";
import { findProgram } from "../../helpers/repository.ts";
import { fuzzTls } from "../../helpers/tls-fuzz.ts";

test("whatever a TLS server sends, the verdict is that of what it sent", {
  skip: findProgram("openssl") === null ? "needs openssl" : false,
  timeout: 120_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-tls-fuzz-"));
  try {
    const { keyFile, certificateFile } = makeCertificate(folder);
    const credentials = { key: readFileSync(keyFile), cert: readFileSync(certificateFile) };
    const counts = await fuzzTls(loadNative(), { count: 400, seed: 1, ...credentials });
    // The inputs reach every part: handshakes that fail, responses that pass, and each reason not to.
    for (const name of ["records other handshake", "wire passes", "http passes", "http mismatch status"]) {
      assert.ok((counts.get(name) ?? 0) > 0, `${name}: ${JSON.stringify([...counts])}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
