import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "../test/helpers/repository.ts";

const FOLDER = join(ROOT, "build/bench");

export interface Compilation {
  /** Below bench/. */
  readonly source: string;
  /** Of the library or program. */
  readonly name: string;
  /** Compiler and flags. */
  readonly words: readonly string[];
  /** Behind the source. */
  readonly libraries?: readonly string[];
}

/** Compiles unless that is done. @returns the path of the result. @throws Error with the compiler's own words */
export function compiled({ source, name, words, libraries = [] }: Compilation): string {
  const from = join(ROOT, "bench", source);
  const path = join(FOLDER, name);
  if (existsSync(path) && statSync(path).mtimeMs > statSync(from).mtimeMs) return path;
  mkdirSync(dirname(path), { recursive: true });
  // Several trials may begin together: each one finds a whole file or none.
  const own = `${path}.${process.pid}`;
  const [command = "", ...flags] = words;
  const all = [...flags, "-o", own, from, ...libraries];
  const { status, stderr, error } = spawnSync(command, all, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${all.join(" ")}: ${error?.message ?? stderr}`);
  renameSync(own, path);
  return path;
}

/** @returns the path of a library for LD_PRELOAD */
export function preloadLibrary(name: string): string {
  const words = ["cc", "-O2", "-Wall", "-shared", "-fPIC"];
  return compiled({ source: `preload/${name}.c`, name: `${name}.so`, words, libraries: ["-ldl"] });
}
