import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "../test/helpers/repository.ts";

const SOURCE = join(ROOT, "bench/preload/ipvs-preload.c");
const LIBRARY = join(ROOT, "build/bench/ipvs-preload.so");

/** What lets keepalived run on a kernel without IPVS; compiled unless that is done. @returns its environment */
export function imaginedIpvs(): NodeJS.ProcessEnv {
  const isFresh = existsSync(LIBRARY) && statSync(LIBRARY).mtimeMs > statSync(SOURCE).mtimeMs;
  if (!isFresh) compile();
  return { LD_PRELOAD: LIBRARY };
}

function compile(): void {
  mkdirSync(dirname(LIBRARY), { recursive: true });
  const words = ["-O2", "-Wall", "-shared", "-fPIC", "-o", LIBRARY, SOURCE, "-ldl"];
  const { status, stderr } = spawnSync("cc", words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`cc ${words.join(" ")}: ${stderr}`);
}
