import { loadConfiguration } from "../../src/config/load.ts";
import { createMemoryHost } from "../../src/config/memory-host.ts";
import { diffTables } from "../../src/ipvs/diff.ts";
import { NO_GROUPS } from "../../src/ipvs/groups.ts";
import type { CompleteConfiguration } from "../../src/model/complete.ts";
import { type Pool, Pools } from "../../src/runtime/lvs-pools.ts";
import type { BenchCase, Sample } from "../case.ts";

/** Verdicts that the probe loop may report at once. */
const BATCH = 256;

function load(pools: number, perPool: number): CompleteConfiguration {
  const text = Array.from({ length: pools }, (_, pool) => {
    const servers = Array.from({ length: perPool }, (_unused, server) => {
      return ` real_server 10.${pool}.${server >> 8}.${server & 255} 80 {\n  TCP_CHECK {\n  }\n }`;
    });
    return `virtual_server 192.0.2.${pool} 80 {\n lb_algo wlc\n lb_kind NAT\n protocol TCP\n${servers.join("\n")}\n}\n`;
  }).join("");
  const source = { path: "/bench.conf", workingDirectory: "/", configId: null, enforcesIncludes: false };
  return loadConfiguration(source, createMemoryHost({ files: { "/bench.conf": text } })).configuration;
}

function take({ virtualServers }: CompleteConfiguration): Pools {
  return Pools.take({
    virtualServers,
    groups: NO_GROUPS,
    before: Pools.empty(),
    verdictOf: () => "pending",
    applicationOf: () => ({ verdicts: [], weight: null }),
    takenOut: () => [],
    onEffect: () => undefined,
  });
}

/** All servers of all pools get one verdict, pool by pool, and the commands for it are worked out batch by batch. */
function judgeAll(pools: Pools, isUp: boolean): number {
  const began = performance.now();
  let touched = new Set<Pool>();
  let count = 0;
  const flush = (): void => {
    diffTables(pools.desiredOf(touched), new Map(), new Set());
    touched = new Set();
  };
  for (const [
    virtualServer,
    {
      virtualServer: { realServers },
    },
  ] of pools.all.entries()) {
    for (const server of realServers.keys()) {
      const pool = pools.judge({ virtualServer, server, checker: 0 }, isUp, false, () => undefined);
      if (pool !== null) touched.add(pool);
      count += 1;
      if (count % BATCH === 0) flush();
    }
  }
  flush();
  return performance.now() - began;
}

function trial(pools: number, perPool: number): Sample {
  const running = take(load(pools, perPool));
  judgeAll(running, false);
  judgeAll(running, true);
  const downMs = judgeAll(running, false);
  const upMs = judgeAll(running, true);
  return { downMs, upMs, perVerdictUs: ((downMs + upMs) * 500) / (pools * perPool) };
}

export const POLICY: BenchCase = {
  name: "policy",
  meaning:
    "the policy alone: every server of every pool goes down and up again, verdicts in batches, until the IPVS commands are known",
  variants: ["pools=100 servers=300", "pools=6 servers=5000"],
  smoke: "pools=2 servers=3",
  subjects: ["holdfast"],
  whyNot: () => null,
  async run(_subject, variant) {
    const [pools = 0, servers = 0] = variant.match(/\d+/g)?.map(Number) ?? [];
    return trial(pools, servers);
  },
};
