import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runOk } from "../helpers/process.ts";
import { findProgram, ROOT } from "../helpers/repository.ts";
import { replayGuestTests } from "./guest-tests.ts";

const skip =
  existsSync("/lib/systemd/systemd") && findProgram("dpkg-deb") !== null
    ? false
    : "needs Debian's systemd and dpkg-deb";

if (skip !== false) test("the package and its service under systemd", { skip }, () => {});
else {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-systemd-"));
  try {
    await runOk([process.execPath, join(ROOT, "dist/scripts/package-deb.js"), folder], { timeoutMs: 240_000 });
    const deb = join(folder, readdirSync(folder).find((name) => name.endsWith(".deb")) ?? "");
    const env = { HOLDFAST_DEB: deb };
    await replayGuestTests("systemd-service.js", 480_000, { hasSystemd: true, folders: [folder], env });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
