/** keepalived_check.data of both daemons for configurations from the wild. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type CorpusEntry, chosen, corpusConfig, onCorpusMachine, withCorpusDaemon } from "../corpus.ts";
import { ALL_FLAGS, type DaemonName } from "../daemon.ts";
import { comparableChecks, differencesOf, readDump } from "../dumps.ts";
import { daemonNames } from "../matrix.ts";

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

async function dumpBy(name: DaemonName, config: string, host: string | undefined): Promise<readonly string[]> {
  return onCorpusMachine(config, (machine) =>
    withCorpusDaemon(machine, { name, config, flags: [...ALL_FLAGS, "-C"], host }, async (daemon) => {
      await daemon.logged("Startup complete", { timeoutMs: 30_000 });
      daemon.signal("SIGUSR1");
      return comparableChecks(await readDump(machine, "keepalived_check.data"));
    }),
  );
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
