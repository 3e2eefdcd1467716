/** All tables of both daemons, object by object, for configurations from the wild. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import { addInterfacesFor, type CorpusEntry, chosen, corpusConfig } from "./corpus.ts";
import { Daemon, type DaemonName, VRRP_FLAGS } from "./daemon.ts";
import { differencesOf, settle } from "./dumps.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";
import { SNMP_SOCKET, SnmpMaster, whyNoSnmp } from "./snmp-master.ts";
import { comparableWalk, walkAll } from "./snmp-walks.ts";

const CONFIGS: readonly CorpusEntry[] = [
  ["pq-dump-data", "samson"],
  ["pq-955p", "samson"],
  ["pq-one", "samson"],
  ["pq-2013", "samson"],
  ["pq-unicast-vmac6", "samson"],
  ["pq-1941-after", "samson"],
  ["danos-conftest-4763"],
  ["zillow-linuxgateway"],
  ["ka-vrrp-rules"],
  ["openstack-test-jinja-cfg-66"],
];

async function walkOf(daemonName: DaemonName, config: string, host: string | undefined): Promise<readonly string[]> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24", "2001:db8::5/64"] });
    await addInterfacesFor(machine, config);
    const master = await SnmpMaster.start(machine);
    const flags = [...VRRP_FLAGS, "-x", "-A", `unix:${SNMP_SOCKET}`, ...(host === undefined ? [] : ["-i", host])];
    const daemon = new Daemon(machine, { name: daemonName, config, flags });
    try {
      await daemon.logged("AgentX subagent connected", { timeoutMs: 20_000 });
      await daemon.logged("Startup complete", { timeoutMs: 20_000 });
      await settle(machine, daemon);
      return comparableWalk(await walkAll(master));
    } catch (error) {
      throw new Error(`${daemonName}: ${error instanceof Error ? error.message : error}\n${daemon.text}`, {
        cause: error,
      });
    } finally {
      await daemon.terminate();
    }
  } finally {
    await network.close();
  }
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
