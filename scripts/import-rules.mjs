/**
 * Which folder of src/ may import from which. Exact where patterns on the words of an import are not:
 * every relative import is resolved to a file first. Cycles between files are Biome's (noImportCycles).
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

const PURE = ["config", "vrrp", "bfd", "checker", "ipvs", "addressing", "tracking", "snmp"];

/** @type {Readonly<Record<string, readonly string[]>>} folders an import may point to, besides its own */
const ALLOWED = {
  model: [],
  ...Object.fromEntries(PURE.map((folder) => [folder, ["model"]])),
  native: [],
  runtime: ["model", ...PURE, "native"],
  api: ["model", ...PURE, "native"],
  cli: ["model", ...PURE, "native", "runtime", "api"],
};

/** What pure folders speak in towards the addon: types only, so nothing is loaded. */
const CONTRACT = join("native", "contract.ts");

/** Modules that have no effects and no clock, so pure folders may use them. */
const PURE_MODULES = ["node:net"];

const IMPORT =
  /^\s*(?:import|export)\b[^;"']*?\bfrom\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/gm;

/** @returns {{ target: string, line: number, isType: boolean }[]} what a source imports */
export function importsOf(text) {
  return [...text.matchAll(IMPORT)].map((match) => ({
    target: match[1] ?? match[2] ?? match[3] ?? "",
    isType: /^\s*(?:import|export)\s+type\b/.test(match[0]),
    line: text.slice(0, match.index + match[0].length).split("\n").length,
  }));
}

/**
 * @param {string} file path below src/, for example `vrrp/machine.ts`
 * @param {string} target as written in the import
 * @param {boolean} isType whether it is an `import type`
 * @returns {string | null} why it is not allowed
 */
export function violation(file, target, isType = false) {
  const folder = file.split(sep)[0] ?? "";
  const allowed = ALLOWED[folder];
  if (allowed === undefined) return file.includes(sep) ? `folder src/${folder} has no import rule` : null;
  const isPure = folder === "model" || PURE.includes(folder);
  if (!target.startsWith(".")) {
    if (!isPure || PURE_MODULES.includes(target)) return null;
    return `src/${folder} is pure and must not import ${target}`;
  }
  const path = relative(".", resolve(dirname(file), target));
  const [to = "", ...rest] = path.split(sep);
  if (to === folder || allowed.includes(to)) return null;
  if (isType && path === CONTRACT && allowed.includes("model")) return null;
  // What is rendered for the outside is the runtime's own snapshots.
  if (isType && folder === "api" && to === "runtime") return null;
  return `src/${folder} must not import ${rest.length === 0 ? `src/${to}` : `from src/${to}`}`;
}

/**
 * @param {string} source the folder src/
 * @returns {string[]} one line per forbidden import
 */
export function checkImports(source) {
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  return files.flatMap((file) =>
    importsOf(readFileSync(join(source, file), "utf8")).flatMap(({ target, line, isType }) => {
      const why = violation(file, target, isType);
      return why === null ? [] : [`src/${file}:${line}: ${why}`];
    }),
  );
}
