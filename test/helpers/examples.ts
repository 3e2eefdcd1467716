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
 * Commands after `$ ` in blocks whose fence says exactly this.
 * @param fence `console` runs anywhere; `console lab` on a machine of the lab
 */
export function examplesOf(page: string, fence: "console" | "console lab"): readonly Example[] {
  const text = readFileSync(join(ROOT, "docs", page), "utf8");
  const blocks = text.matchAll(new RegExp(`^\`\`\`${fence}\\n(.*?)^\`\`\`$`, "gms"));
  return [...blocks].flatMap(([, block = ""]) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const end = part.indexOf("\n");
        return { page, command: part.slice(0, end), output: part.slice(end + 1) };
      }),
  );
}
