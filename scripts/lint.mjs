/**
 * All style checks of both languages.
 * Usage: node scripts/lint.mjs [--write]   (--write formats and mends what can be mended)
 */
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { checkImports } from "./import-rules.mjs";
import { hasProgram, nodeHeaders, packageProgram, ROOT, run, say } from "./tools.mjs";

const IS_WRITING = process.argv.includes("--write");

function biome() {
  const words = [packageProgram("@biomejs/biome/bin/biome"), "check", "--error-on-warnings"];
  return run(process.execPath, IS_WRITING ? [...words, "--write"] : words);
}

function imports() {
  const violations = checkImports(join(ROOT, "src"));
  for (const line of violations) say(line);
  return violations.length === 0;
}

function cppFiles() {
  if (!existsSync(join(ROOT, "native"))) return [];
  return readdirSync(join(ROOT, "native"), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(cc|h)$/.test(file) && !file.startsWith("build"))
    .map((file) => join("native", file));
}

/** @returns {boolean | null} null: not done, and why has been said */
function clangFormat(files) {
  if (!hasProgram("clang-format-19")) return skip("clang-format-19 is not installed");
  return run("clang-format-19", [IS_WRITING ? "-i" : "--dry-run", "--Werror", ...files]);
}

/** The binding is left out: the headers of Node and node-addon-api cost 9 s per file. */
function clangTidy(files) {
  if (IS_WRITING) return true;
  if (!hasProgram("clang-tidy-19")) return skip("clang-tidy-19 is not installed");
  const sources = files.filter((file) => file.endsWith(".cc") && !/native\/(binding|test|fuzz)\//.test(file));
  if (sources.length === 0) return true;
  const headers = nodeHeaders() ?? "/usr";
  const flags = ["-std=c++20", "-Inative", `-isystem${join(headers, "include/node")}`];
  const script = `exec clang-tidy-19 --quiet "$@" -- ${flags.join(" ")}`;
  const parallel = ["-P", String(availableParallelism()), "-n", "4", "sh", "-c", script, "clang-tidy"];
  return run("xargs", parallel, { input: sources.join("\n"), stdio: ["pipe", 2, 2] });
}

function skip(why) {
  say(`lint: skipped: ${why}`);
  return null;
}

function main() {
  const files = cppFiles();
  const checks = [
    ["biome", biome],
    ["import rules", imports],
    ["clang-format", () => files.length === 0 || clangFormat(files)],
    ["clang-tidy", () => files.length === 0 || clangTidy(files)],
  ];
  const failed = checks.filter(([, check]) => check() === false).map(([name]) => name);
  say(failed.length === 0 ? "lint: clean" : `lint: failed: ${failed.join(", ")}`);
  process.exit(failed.length === 0 ? 0 : 1);
}

main();
