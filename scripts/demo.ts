/**
 * The tutorial's LVS pair on one machine: directly where the kernel has IPVS, else inside a User-Mode Linux kernel.
 * Usage: npm run demo [-- keepalived]   (keepalived: the same with the original, to compare)
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../test/helpers/repository.ts";
import { whyNoLab } from "../test/lab/capabilities.ts";
import type { DaemonName } from "../test/lab/daemon.ts";
import { runInUml, whyNoUml } from "../test/lab/uml.ts";
import { runDemo } from "./demo-cluster.ts";

const GUEST_TIMEOUT_MS = 240_000;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function hasIpvs(): boolean {
  if (existsSync("/proc/net/ip_vs")) return true;
  spawnSync("modprobe", ["ip_vs"], { stdio: "ignore" });
  return existsSync("/proc/net/ip_vs");
}

async function inGuest(name: DaemonName): Promise<number> {
  const result = await runInUml({
    words: [process.execPath, join(ROOT, "dist/scripts/demo-cluster.js"), name],
    timeoutMs: GUEST_TIMEOUT_MS,
    onLine: say,
  });
  if (result.status === null) say(`the guest ended early:\n${result.kernelLog}`);
  return result.status ?? 1;
}

async function main(): Promise<number> {
  const name = process.argv[2] === "keepalived" ? "keepalived" : "holdfast";
  const whyNotHere = whyNoLab(["ipvsadm"]) || (hasIpvs() ? false : "this kernel has no IPVS");
  if (whyNotHere === false) {
    await runDemo(name);
    return 0;
  }
  const whyNotThere = whyNoUml();
  if (whyNotThere !== false) {
    say(`demo: not possible here: ${whyNotHere}; a User-Mode Linux guest ${whyNotThere}`);
    return 1;
  }
  say(`demo: ${whyNotHere}, so all of it runs inside a User-Mode Linux kernel that is booted now`);
  return await inGuest(name);
}

// The machines live as long as this process: leaving is cleaning up.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    say("\ndemo: interrupted; all machines are gone again");
    process.exit(130);
  });
}
process.exitCode = await main();
