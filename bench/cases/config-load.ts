import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfiguration } from "../../src/config/load.ts";
import { createMemoryHost } from "../../src/config/memory-host.ts";
import { ROOT } from "../../test/helpers/repository.ts";
import { daemonProgram } from "../../test/lab/daemon.ts";
import { type BenchCase, daemonNameOf, type Sample, type Subject } from "../case.ts";

const TIME = "/usr/bin/time";
const SERVERS_PER_SERVICE = 4;
const SERVICES_PER_NETWORK = 250;
const WARM_UP_LOADS = 2;
const LOADS = 5;

/** Services with four real servers each, every one with a TCP_CHECK: about 100 octets for a real server. */
function configOf(count: number): string {
  const services = Array.from({ length: count / SERVERS_PER_SERVICE }, (_, index) => {
    const network = `${Math.floor(index / SERVICES_PER_NETWORK)}.${index % SERVICES_PER_NETWORK}`;
    const head = `virtual_server 10.${network}.1 80 {\n delay_loop 6\n lb_algo rr\n lb_kind NAT\n protocol TCP\n`;
    const servers = Array.from({ length: SERVERS_PER_SERVICE }, (_, nth) => {
      const check = "  TCP_CHECK {\n   connect_timeout 3\n  }\n";
      return ` real_server 172.${16 + nth}.${network} 80 {\n  weight 1\n${check} }\n`;
    });
    return `${head}${servers.join("")}}\n`;
  });
  return `global_defs {\n router_id LVS\n}\n${services.join("")}`;
}

/** Node reads this file at every start, which is none of the program's doing. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _certificates, ...rest } = process.env;
  return rest;
}

function commandOf(subject: Subject, path: string): readonly string[] {
  if (subject === "keepalived") return ["keepalived", "-t", "-f", path];
  return [process.execPath, join(ROOT, "bin/holdfast"), "-t", "-f", path];
}

/** The test of a configuration by the whole program, as GNU time sees it. */
function testWhole(subject: Subject, text: string): Sample {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  try {
    const path = join(folder, "keepalived.conf");
    writeFileSync(path, text, { mode: 0o644 });
    const words = ["-f", "%U %S %M", ...commandOf(subject, path)];
    const startMs = performance.now();
    const { status, stderr } = spawnSync(TIME, words, { encoding: "utf8", env: plainEnvironment() });
    const wallMs = performance.now() - startMs;
    if (status !== 0) throw new Error(`${subject} ended with ${status}: ${stderr.slice(-500)}`);
    const [user, system, kib] = (stderr.trim().split("\n").at(-1) ?? "").split(" ").map(Number);
    return {
      wallMs,
      cpuMs: ((user ?? Number.NaN) + (system ?? Number.NaN)) * 1_000,
      maxRssMiB: (kib ?? Number.NaN) / 1_024,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The library alone, warm: from text to the frozen model. */
function parseOnly(text: string): Sample {
  const host = createMemoryHost({ files: { "/keepalived.conf": text } });
  const source = { path: "/keepalived.conf", workingDirectory: "/", configId: null, enforcesIncludes: false };
  for (let i = 0; i < WARM_UP_LOADS; i++) loadConfiguration(source, host);
  const startMs = performance.now();
  for (let i = 0; i < LOADS; i++) loadConfiguration(source, host);
  const spentSec = (performance.now() - startMs) / 1_000;
  return { parseMBPerSec: (text.length * LOADS) / spentSec / 1e6 };
}

export const CONFIG_LOAD: BenchCase = {
  name: "config-load",
  meaning:
    "-t of a configuration with 20,000 real servers in 5,000 virtual servers (2 MB), the whole process; and the loading library alone, warm",
  variants: ["real_servers=20000"],
  smoke: "real_servers=40",
  subjects: ["keepalived", "holdfast"],
  whyNot(subject) {
    if (!existsSync(TIME)) return "GNU time is not there";
    return daemonProgram(daemonNameOf(subject)) === null ? `${subject} is not there` : null;
  },
  run(subject, variant) {
    const text = configOf(Number(variant.split("=")[1]));
    const whole = testWhole(subject, text);
    return Promise.resolve(subject === "keepalived" ? whole : { ...whole, ...parseOnly(text) });
  },
};
