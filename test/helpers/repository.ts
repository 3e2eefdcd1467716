import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/** The repository's top folder. */
export const ROOT: string = findRoot();

/** @returns where a program is installed, or null; the system folders count even when PATH lacks them */
export function findProgram(name: string): string | null {
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin"];
  const found = folders.find((folder) => folder !== "" && existsSync(join(folder, name)));
  return found === undefined ? null : join(found, name);
}
