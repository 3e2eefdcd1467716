import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CONTRACT_VERSION, type NativeAddon } from "./contract.ts";

const ADDON = "holdfast.node";
/** Built here, else as it came with the package. `bin/holdfast` looks in the same places. */
const FOLDERS = [join("build", "Release"), join("prebuilds", `linux-${process.arch}`)] as const;
const RUNNER = "holdfast-runner";

/** The package's root: the first folder upwards that holds package.json. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error("holdfast: package.json not found above the program");
    folder = parent;
  }
  return folder;
}

function addonPath(): string {
  const root = packageRoot();
  const paths = FOLDERS.map((folder) => join(root, folder, ADDON));
  return process.env["HOLDFAST_ADDON"] ?? paths.find((path) => existsSync(path)) ?? join(root, FOLDERS[0], ADDON);
}

/** The helper process that starts scripts; it lies beside the addon. */
export function runnerProgram(): string {
  return join(dirname(addonPath()), RUNNER);
}

/** @throws Error with the command that mends it, when the addon is missing or of another build */
export function loadNative(): NativeAddon {
  const path = addonPath();
  if (!existsSync(path)) throw new Error(`holdfast: addon ${path} is missing; run: npm run build:native`);
  const addon = createRequire(import.meta.url)(path) as NativeAddon;
  if (addon.contractVersion !== CONTRACT_VERSION) {
    throw new Error(
      `holdfast: addon ${path} speaks contract ${addon.contractVersion}, this program ${CONTRACT_VERSION}; run: npm run build:native`,
    );
  }
  return addon;
}
