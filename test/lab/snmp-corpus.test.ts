/** All tables of both daemons, object by object, for configurations from the wild. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import { type CorpusEntry, chosen, corpusConfig, onCorpusMachine, withCorpusDaemon } from "./corpus.ts";
import { type DaemonName, VRRP_FLAGS } from "./daemon.ts";
import { differencesOf, settle } from "./dumps.ts";
import { daemonNames } from "./matrix.ts";
import { SNMP_SOCKET, SnmpMaster, whyNoSnmp } from "./snmp-master.ts";
import { comparableWalk, walkAll } from "./snmp-walks.ts";

const CONFIGS: readonly CorpusEntry[] = [
  ["pq-dump-data", "samson"],
  ["pq-1652a", "samson"],
  ["pq-920", "samson"],
  ["pq-1469"],
  ["danos-conftest-4763"],
  ["zillow-linuxgateway"],
  ["ka-vrrp-rules"],
  ["ka-track-interface"],
  ["openstack-test-jinja-cfg-66"],
  ["jiafengjason-group"],
];

/**
 * What differs only here is left out: keepalived asks for the machine's full name, counts scripts that
 * are not there, knows which routes the kernel refused, numbers tracked interfaces, tells the interface's address where another
 * source is configured, and walks the table of RFC 2787 no further than its first interface.
 */
const DIFFERENT_HERE = [
  /^\.1\.3\.6\.1\.4\.1\.9586\.100\.5\.1\.2\.0 /,
  /^\.1\.3\.6\.1\.4\.1\.9586\.100\.5\.2\.3\.1\.21\./,
  /^\.1\.3\.6\.1\.4\.1\.9586\.100\.5\.2\.1\.1\.5\./,
  /^\.1\.3\.6\.1\.4\.1\.9586\.100\.5\.2\.7\.1\.14\./,
  /^\.1\.3\.6\.1\.4\.1\.9586\.100\.5\.2\.(4|14)\.1\./,
  /^\.1\.3\.6\.1\.2\.1\.207\.1\.1\.1\.1\.[34]\./,
  /^\.1\.3\.6\.1\.2\.1\.68\.[12]\.[34]\./,
];

async function walkOf(name: DaemonName, config: string, host: string | undefined): Promise<readonly string[]> {
  const flags = [...VRRP_FLAGS, "-x", "-A", `unix:${SNMP_SOCKET}`];
  return onCorpusMachine(config, async (machine) => {
    const master = await SnmpMaster.start(machine);
    return withCorpusDaemon(machine, { name, config, flags, host }, async (daemon) => {
      await daemon.logged("AgentX subagent connected", { timeoutMs: 20_000 });
      await daemon.logged("Startup complete", { timeoutMs: 20_000 });
      await settle(machine, daemon);
      const rows = comparableWalk(await walkAll(master));
      return rows.filter((row) => !DIFFERENT_HERE.some((pattern) => pattern.test(row)));
    });
  });
}

describe("SNMP of configurations from the wild", {
  concurrency: 2,
  skip: whyNoLab() || whyNoSnmp() || (daemonNames().length < 2 && "needs both daemons"),
}, () => {
  for (const [name, host] of chosen(CONFIGS)) {
    test(name, { timeout: 180_000 }, async () => {
      const config = corpusConfig(name);
      const theirs = await walkOf("keepalived", config, host);
      const ours = await walkOf("holdfast", config, host);
      assert.equal(await differencesOf(theirs, ours), "");
    });
  }
});
