/** keepalived_check.data of both daemons for configurations from the wild. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { addInterfacesFor, type CorpusEntry, chosen, corpusConfig } from "../corpus.ts";
import { ALL_FLAGS, Daemon, type DaemonName } from "../daemon.ts";
import { comparableChecks, differencesOf, readDump } from "../dumps.ts";
import { daemonNames } from "../matrix.ts";
import { Network } from "../network.ts";

const CONFIGS: readonly CorpusEntry[] = [
  ["pq-1555b", "samson"],
  ["pq-test-t", "samson"],
  ["pq-831", "samson"],
  ["pq-297a"],
  ["ka-sample"],
  ["ka-ssl-get"],
  ["ka-udp-check"],
  ["ka-status-code"],
  ["ka-misc-check"],
  ["ka-fwmark"],
  ["ka-inhibit"],
  ["shidg-note"],
  ["shidg-note-2"],
  ["rootsongjc-kubernetes-handbook"],
];

async function dumpBy(daemonName: DaemonName, config: string, host: string | undefined): Promise<readonly string[]> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24", "2001:db8::5/64"] });
    await addInterfacesFor(machine, config);
    const flags = [...ALL_FLAGS, "-C", ...(host === undefined ? [] : ["-i", host])];
    const daemon = new Daemon(machine, { name: daemonName, config, flags });
    try {
      await daemon.logged("Startup complete", { timeoutMs: 30_000 });
      daemon.signal("SIGUSR1");
      return comparableChecks(await readDump(machine, "keepalived_check.data"));
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

describe("keepalived_check.data of configurations from the wild", {
  skip: daemonNames().length < 2 && "needs both daemons",
}, () => {
  for (const [name, host] of chosen(CONFIGS)) {
    test(name, { timeout: 120_000 }, async () => {
      const config = corpusConfig(name);
      const theirs = await dumpBy("keepalived", config, host);
      const ours = await dumpBy("holdfast", config, host);
      assert.equal(await differencesOf(theirs, ours), "");
    });
  }
});
