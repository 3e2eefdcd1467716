/**
 * Which folder of src/ may import from which. Exact where patterns on the words of an import are not:
 * every relative import is resolved to a file first. Cycles between files are Biome's (noImportCycles).
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

const PURE = ["config", "vrrp", "bfd", "checker", "ipvs", "addressing"];

/** @type {Readonly<Record<string, readonly string[]>>} folders an import may point to, besides its own */
const ALLOWED = {
  model: [],
  ...Object.fromEntries(PURE.map((folder) => [folder, ["model"]])),
  native: [],
  runtime: ["model", ...PURE, "native"],
  api: ["model", ...PURE, "native"],
  cli: ["model", ...PURE, "native", "runtime", "api"],
};

/** Modules that have no effects and no clock, so pure folders may use them. */
const PURE_MODULES = ["node:net"];

const IMPORT =
  /^\s*(?:import|export)\b[^;"']*?\bfrom\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/gm;

/** @returns {{ target: string, line: number }[]} what a source imports */
export function importsOf(text) {
  return [...text.matchAll(IMPORT)].map((match) => ({
    target: match[1] ?? match[2] ?? match[3] ?? "",
    line: text.slice(0, match.index + match[0].length).split("\n").length,
  }));
}

/**
 * @param {string} file path below src/, for example `vrrp/machine.ts`
 * @param {string} target as written in the import
 * @returns {string | null} why it is not allowed
 */
export function violation(file, target) {
  const folder = file.split(sep)[0] ?? "";
  const allowed = ALLOWED[folder];
  if (allowed === undefined) return file.includes(sep) ? `folder src/${folder} has no import rule` : null;
  const isPure = folder === "model" || PURE.includes(folder);
  if (!target.startsWith(".")) {
    if (!isPure || PURE_MODULES.includes(target)) return null;
    return `src/${folder} is pure and must not import ${target}`;
  }
  const [to = "", ...rest] = relative(".", resolve(dirname(file), target)).split(sep);
  if (to === folder || allowed.includes(to)) return null;
  return `src/${folder} must not import ${rest.length === 0 ? `src/${to}` : `from src/${to}`}`;
}

/**
 * @param {string} source the folder src/
 * @returns {string[]} one line per forbidden import
 */
export function checkImports(source) {
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  return files.flatMap((file) =>
    importsOf(readFileSync(join(source, file), "utf8")).flatMap(({ target, line }) => {
      const why = violation(file, target);
      return why === null ? [] : [`src/${file}:${line}: ${why}`];
    }),
  );
}
