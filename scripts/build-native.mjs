/**
 * Builds the addon when a source is newer than it.
 * Usage: node scripts/build-native.mjs [--sanitize] [--force]
 * `--sanitize` makes an ASan and UBSan build in build-asan/; use it with
 *   LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)"
 *   ASAN_OPTIONS=detect_leaks=0 HOLDFAST_ADDON=build-asan/build/Release/holdfast.node
 */
import { copyFileSync, existsSync, mkdirSync, rmSync, statSync, symlinkSync, utimesSync } from "node:fs";
import { availableParallelism, freemem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fail, newestMtimeMs, nodeHeaders, packageProgram, ROOT, run, say } from "./tools.mjs";

const OUTPUT = "build/Release/holdfast.node";
/** What a compiler may take, with room to spare. */
const BYTES_PER_JOB = 512 << 20;
const SANITIZE = "-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g -O1";

/**
 * node-gyp knows one output folder, so another build gets a folder that links to the sources.
 * @param {string} name below the repository's root
 */
export function linkedFolder(name) {
  const folder = join(ROOT, name);
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(ROOT, "binding.gyp"), join(folder, "binding.gyp"));
  copyFileSync(join(ROOT, "package.json"), join(folder, "package.json"));
  for (const part of ["native", "node_modules", "scripts"]) {
    rmSync(join(folder, part), { force: true });
    symlinkSync(join("..", part), join(folder, part));
  }
  return folder;
}

/** @returns {number} how many compilers run at once: one for each processor, as far as memory goes */
export function jobs() {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(freemem() / BYTES_PER_JOB)));
}

function sanitizeEnvironment() {
  return {
    ...process.env,
    CXXFLAGS: `${SANITIZE} -fno-lto -U_FORTIFY_SOURCE`,
    LDFLAGS: `${SANITIZE} -fno-lto`,
  };
}

function isCurrent(folder, isSanitized) {
  const output = join(folder, OUTPUT);
  if (!existsSync(output)) return false;
  const sources = [join(ROOT, "native"), join(ROOT, "binding.gyp")];
  if (isSanitized) sources.push(fileURLToPath(import.meta.url));
  return statSync(output).mtimeMs >= Math.max(...sources.map(newestMtimeMs));
}

/**
 * @param {{ isSanitized?: boolean, isForced?: boolean }} [options]
 * @returns {boolean} whether the addon is there and up to date
 */
export function buildNative({ isSanitized = false, isForced = false } = {}) {
  if (!existsSync(join(ROOT, "binding.gyp"))) {
    say("build: no binding.gyp, so no addon to build");
    return true;
  }
  const folder = isSanitized ? linkedFolder("build-asan") : ROOT;
  if (!isForced && isCurrent(folder, isSanitized)) return true;
  say(`build: compiling the addon${isSanitized ? " with ASan and UBSan" : ""}`);
  const headers = nodeHeaders();
  if (headers === null) say("build: this Node has no headers beside it; node-gyp fetches them");
  const words = [packageProgram("node-gyp/bin/node-gyp.js"), "configure", "build", "--silent", `--jobs=${jobs()}`];
  if (headers !== null) words.push(`--nodedir=${headers}`);
  const env = isSanitized ? sanitizeEnvironment() : process.env;
  if (!run(process.execPath, words, { cwd: folder, env })) return false;
  // make leaves the file alone when a change did not concern it; mark it as checked.
  utimesSync(join(folder, OUTPUT), new Date(), new Date());
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = { isSanitized: process.argv.includes("--sanitize"), isForced: process.argv.includes("--force") };
  if (!buildNative(options)) fail("build: the addon does not compile");
}
