// Prints the addon's C++ sources, one per line: every .cc under native/ but tests and fuzz targets.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const PARTS = ["binding", "crypto", "loop", "netlink", "vrrp", "bfd", "probe"];

for (const part of PARTS) {
  const folder = join("native", part);
  if (!existsSync(folder)) continue;
  for (const name of readdirSync(folder).sort()) {
    if (name.endsWith(".cc")) console.log(join(folder, name));
  }
}
