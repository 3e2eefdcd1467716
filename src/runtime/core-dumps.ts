import { readFileSync, writeFileSync } from "node:fs";
import { errorText } from "./error-code.ts";
import type { Logger } from "./log.ts";

/** One for the whole machine. */
const PATTERN_PATH = "/proc/sys/kernel/core_pattern";

export interface CoreDumpDependencies {
  /** `NativeAddon.unlimitCoreDumps` */
  readonly unlimit: () => void;
  readonly log: Pick<Logger, "warning">;
}

/**
 * `-m` and `-M`: a crash of this process leaves a core file. Nothing of it is needed to run, so what fails is only told.
 * @param wanted null: nothing is done
 * @returns a function that gives the kernel its own pattern back
 */
export function allowCoreDumps(
  wanted: { readonly pattern: string | null } | null,
  { unlimit, log }: CoreDumpDependencies,
): () => void {
  if (wanted === null) return () => {};
  try {
    unlimit();
  } catch (error) {
    log.warning("core dumps limited", { reason: errorText(error) });
  }
  const { pattern } = wanted;
  if (pattern === null) return () => {};
  try {
    const before = readFileSync(PATTERN_PATH, "utf8");
    writeFileSync(PATTERN_PATH, `${pattern}\n`);
    return () => putBack(before, pattern);
  } catch (error) {
    log.warning("core pattern not set", { pattern, path: PATTERN_PATH, reason: errorText(error) });
    return () => {};
  }
}

/** What others have written meanwhile stays. */
function putBack(before: string, ours: string): void {
  try {
    if (readFileSync(PATTERN_PATH, "utf8").trimEnd() === ours) writeFileSync(PATTERN_PATH, before);
  } catch {
    // The log is closing, and writing it worked before.
  }
}
