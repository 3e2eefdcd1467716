/**
 * Puts the compiled addon and runner where an installed package looks for them (prebuilds/linux-ARCH/), so that it needs no
 * compiler. Usage: node scripts/prebuild.mjs [--arm64]   (--arm64: for that one, on any machine)
 */
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { buildNative } from "./build-native.mjs";
import { ARM64_STRIP, buildForArm64 } from "./cross-build.mjs";
import { fail, packageProgram, ROOT, run } from "./tools.mjs";

const isCrossBuilt = process.argv.includes("--arm64") && process.arch !== "arm64";
const built = isCrossBuilt ? buildForArm64() : buildNative() ? join(ROOT, "build", "Release") : null;
if (built === null) fail("prebuild: the addon does not compile");
if (!run(process.execPath, [packageProgram("typescript/bin/tsc"), "-b"])) fail("prebuild: TypeScript does not compile");
const folder = join(ROOT, "prebuilds", `linux-${isCrossBuilt ? "arm64" : process.arch}`);
mkdirSync(folder, { recursive: true });
for (const name of ["holdfast.node", "holdfast-runner"]) {
  copyFileSync(join(built, name), join(folder, name));
  const strip = isCrossBuilt ? ARM64_STRIP : "strip";
  if (!run(strip, ["--strip-unneeded", join(folder, name)])) fail(`prebuild: ${name} can't be stripped`);
}
