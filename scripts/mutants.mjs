/**
 * Good adverts with random faults against the decoder, under ASan and UBSan. g++ and cmake are all it needs.
 * Usage: node scripts/mutants.mjs [COUNT] [SEED]     (10 million and seed 1 when left out)
 */
import { join } from "node:path";
import { fail, packageProgram, ROOT, run, say } from "./tools.mjs";

const [count = "10000000", seed = "1"] = process.argv.slice(2);
if (![count, seed].every((word) => /^\d+$/.test(word))) fail("mutants: COUNT and SEED are numbers");

const cmakeJs = [packageProgram("cmake-js/bin/cmake-js"), "-d", "native", "-O", "build-cmake"];
if (!run(process.execPath, [...cmakeJs, "build", "--target", "vrrp_packet_mutants"])) {
  fail("mutants: the program does not compile");
}
if (!run(join(ROOT, "build-cmake/vrrp_packet_mutants"), [count, seed])) fail("mutants: failed, see above");
say(`mutants: ${count} ran clean`);
