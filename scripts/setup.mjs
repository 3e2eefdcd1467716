/**
 * Makes a fresh clone ready to run: npm packages, Debian packages, addon, compiled TypeScript.
 * Needs only Node and npm, may be run at any time, and is quick when all is there.
 * Usage: node scripts/setup.mjs [--for build|demo|test|lint|fuzz|arm64|all]
 */
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildNative } from "./build-native.mjs";
import { ensurePackages, isPurpose } from "./packages.mjs";
import { fail, packageProgram, ROOT, run, say } from "./tools.mjs";

const OLDEST_NODE = [20, 19];

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isNewEnough = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  if (!isNewEnough)
    fail(`setup: Node ${process.versions.node} is too old; holdfast needs ${OLDEST_NODE.join(".")} or later`);
  if (process.platform !== "linux") fail("setup: holdfast runs on Linux only");
}

function ensureModules() {
  const stamp = join(ROOT, "node_modules", ".holdfast-lock");
  const lock = createHash("sha256")
    .update(readFileSync(join(ROOT, "package-lock.json")))
    .digest("hex");
  const isThere = existsSync(packageProgram("typescript/package.json"));
  if (isThere && existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  if (!isThere || existsSync(stamp)) {
    say("setup: installing npm packages (npm ci)");
    // npm ci empties the folder that a link leads to, which belongs to another checkout.
    const folder = join(ROOT, "node_modules");
    if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) unlinkSync(folder);
    // None of them needs its install script, and npm 11 warns of those that it leaves out.
    if (!run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"])) fail("setup: npm ci failed");
  }
  writeFileSync(stamp, lock);
}

function buildTypeScript() {
  if (!run(process.execPath, [packageProgram("typescript/bin/tsc"), "-b"])) fail("setup: TypeScript does not compile");
  if (!run(process.execPath, [join(ROOT, "scripts", "bundle.mjs")])) fail("setup: the program can't be bundled");
}

function main() {
  const at = process.argv.indexOf("--for");
  const purpose = at < 0 ? "build" : (process.argv[at + 1] ?? "");
  if (!isPurpose(purpose)) fail(`setup: unknown purpose "${purpose}"`);
  checkNode();
  ensureModules();
  ensurePackages(purpose);
  if (purpose === "lint" || purpose === "fuzz") return;
  if (!buildNative()) fail("setup: the addon does not compile");
  buildTypeScript();
  if (at < 0) say("setup: done; bin/holdfast --help shows what there is");
}

main();
