import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../helpers/repository.ts";

/** Where setup unpacks Debian packages that can't be installed beside others. @see scripts/packages.mjs */
const FOLDER = join(ROOT, "build", "debian");

/** @returns where such a package's root is, or null when it is not there */
export function unpackedPackage(name: string): string | null {
  const root = join(FOLDER, name);
  return existsSync(root) ? root : null;
}
