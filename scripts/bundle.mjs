/**
 * Puts the compiled program into one file, dist/bundle/main.cjs, and V8's code cache for it beside it: finding, reading and
 * compiling 150 modules is half of the time from start to the first advert. `bin/holdfast` runs it when it is there and fresh.
 * The commands other than the daemon stay in modules of their own.
 * Usage: node scripts/bundle.mjs (after tsc; part of `npm run build:ts`)
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail, ROOT } from "./tools.mjs";

const FOLDER = join(ROOT, "dist", "bundle");
const BUNDLE = join(FOLDER, "main.cjs");
const CACHE = join(FOLDER, `main.${process.arch}.cache`);
/** Its command line parser can't be part of a CommonJS file. */
const APART = join(ROOT, "dist", "src", "cli", "subcommands.js");

async function bundle() {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, "dist", "src", "main.js")],
    outfile: BUNDLE,
    write: false,
    bundle: true,
    format: "cjs",
    platform: "node",
    target: "node20",
    packages: "external",
    external: [APART],
    define: { "import.meta.url": "MODULE_URL" },
    banner: { js: 'const MODULE_URL = require("node:url").pathToFileURL(__filename).href;' },
    logLevel: "warning",
  });
  // Code out of V8's cache can't import by itself; `bin/holdfast` does it for it.
  writeFileSync(BUNDLE, outputFiles[0].text.replaceAll(/\bimport\(/g, "importFor("));
}

/** The cache is good for this Node with `bin/holdfast`'s flags; another one finds out and does without. */
function writeCache() {
  const environment = { ...process.env, HOLDFAST_WRITE_CACHE: CACHE };
  const { status } = spawnSync(process.execPath, [join(ROOT, "bin", "holdfast"), "--version"], {
    env: environment,
    stdio: ["ignore", "ignore", 2],
  });
  if (status !== 0) fail(`bundle: ${BUNDLE} does not run`);
}

mkdirSync(FOLDER, { recursive: true });
// A cache that does not fit is worse than none, and one that an older build left would go into packages.
for (const name of readdirSync(FOLDER).filter((one) => one.endsWith(".cache"))) rmSync(join(FOLDER, name));
await bundle();
writeCache();
