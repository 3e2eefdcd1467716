import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./repository.ts";

/** A command of a page in docs/, with the lines that follow it. */
export interface Example {
  readonly page: string;
  readonly command: string;
  readonly output: string;
}

/**
 * Where the commands of a block run: `console` anywhere; `lab` on a machine of the lab; `systemd` on one where the Debian
 * package is installed; the others in a root that is thrown away: `package` with what this repository builds, `arm64` what it
 * builds for another machine, `download` with Debian's packages.
 */
export type Fence = `console${"" | " lab" | " systemd" | " package" | " arm64" | " download"}`;

/** What stands in blocks whose fence says exactly this. */
export function blocksOf(page: string, fence: string): readonly string[] {
  const text = readFileSync(join(ROOT, "docs", page), "utf8");
  const blocks = text.matchAll(new RegExp(`^\`\`\`${fence}\\n(.*?)^\`\`\`$`, "gms"));
  return [...blocks].map(([, block = ""]) => block);
}

/** Commands after `$ ` in such blocks. */
export function examplesOf(page: string, fence: Fence): readonly Example[] {
  return blocksOf(page, fence).flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const end = part.indexOf("\n");
        return { page, command: part.slice(0, end), output: part.slice(end + 1) };
      }),
  );
}
