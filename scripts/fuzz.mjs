/**
 * Builds the fuzz targets with clang and runs them one after another, starting from native/fuzz/corpus/<target>.
 * Usage: npm run fuzz -- [SECONDS] [TARGET...]     (60 seconds and all targets when left out)
 *        npm run fuzz -- INPUTSx [TARGET...]       (as many inputs, for example 10000000x)
 * What is found lies in build-fuzz/.
 */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fail, ROOT, run, say } from "./tools.mjs";

const BUILD = join(ROOT, "build-fuzz");
const FUZZ = join(ROOT, "native/fuzz");
/** Octets: longer than any of the messages that are decoded. */
const LENGTH_MAX = 1_200;

const [amount = "60", ...wanted] = process.argv.slice(2);
const [, number, isInputs] = /^([1-9]\d*)(x?)$/.exec(amount) ?? [];
const limit = isInputs ? `-runs=${number}` : `-max_total_time=${number}`;
const told = isInputs ? `${number} inputs` : `${number} s`;
const all = readdirSync(FUZZ)
  .filter((file) => file.endsWith("_fuzz.cc"))
  .map((file) => file.slice(0, -".cc".length));
const targets = wanted.length > 0 ? wanted : all;

function build() {
  const configure = ["-S", join(ROOT, "native"), "-B", BUILD, "-DHOLDFAST_FUZZ=ON"];
  if (!existsSync(join(BUILD, "CMakeCache.txt"))) configure.push("-DCMAKE_CXX_COMPILER=clang++-19");
  return run("cmake", configure) && run("cmake", ["--build", BUILD, "--target", ...targets]);
}

function runTarget(name) {
  const found = join(BUILD, "corpus", name);
  const seeds = join(FUZZ, "corpus", name);
  mkdirSync(found, { recursive: true });
  const words = [limit, `-max_len=${LENGTH_MAX}`, "-verbosity=0", "-print_final_stats=1"];
  words.push(`-artifact_prefix=${BUILD}/${name}-`, found);
  if (existsSync(seeds)) words.push(seeds);
  say(`fuzz: ${name}, ${told}`);
  return run(join(BUILD, name), words);
}

if (number === undefined) fail("fuzz: the first word is a number of seconds, or of inputs with an x behind it");
if (!build()) fail("fuzz: the targets do not compile");
const failed = targets.filter((name) => !runTarget(name));
if (failed.length > 0) fail(`fuzz: failed: ${failed.join(", ")}`);
say(`fuzz: ${targets.length} targets ran clean, ${told} each`);
