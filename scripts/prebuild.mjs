/**
 * Puts the compiled addon and runner where an installed package looks for them (prebuilds/linux-ARCH/), so that it needs no
 * compiler. Usage: node scripts/prebuild.mjs
 */
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { buildNative } from "./build-native.mjs";
import { fail, packageProgram, ROOT, run } from "./tools.mjs";

if (!buildNative()) fail("prebuild: the addon does not compile");
if (!run(process.execPath, [packageProgram("typescript/bin/tsc"), "-b"])) fail("prebuild: TypeScript does not compile");
const folder = join(ROOT, "prebuilds", `linux-${process.arch}`);
mkdirSync(folder, { recursive: true });
for (const name of ["holdfast.node", "holdfast-runner"]) {
  copyFileSync(join(ROOT, "build", "Release", name), join(folder, name));
  if (!run("strip", ["--strip-unneeded", join(folder, name)])) fail(`prebuild: ${name} can't be stripped`);
}
