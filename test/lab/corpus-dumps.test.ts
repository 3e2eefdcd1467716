/** Data, JSON and statistics files of both daemons for configurations from the wild. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import { type CorpusEntry, chosen, corpusConfig, onCorpusMachine, withCorpusDaemon } from "./corpus.ts";
import { type DaemonName, VRRP_FLAGS } from "./daemon.ts";
import { comparableData, comparableJson, comparableStatistics, differencesOf, dumpsOf, settle } from "./dumps.ts";
import { daemonNames } from "./matrix.ts";

const CONFIGS: readonly CorpusEntry[] = [
  ["pq-dump-data", "samson"],
  ["pq-1652a", "samson"],
  ["pq-1912", "samson"],
  ["pq-920", "samson"],
  ["pq-679-track-script-conf-small", "samson"],
  ["pq-keepalived-crash", "samson"],
  ["pq-notify3", "samson"],
  ["pq-1469"],
  ["pq-1515-1"],
  ["denissubbota-node-10-30-50-115"],
  ["danos-conftest-4497"],
  ["danos-conftest-4763"],
  ["zillow-linuxgateway"],
  ["ka-vrrp-rules"],
  ["ka-track-interface"],
  ["ka-vrrp-static-ipaddress"],
  ["openstack-test-jinja-cfg-66"],
  ["jiafengjason-group"],
  ["ka-ssl-get"],
];

const FILES = ["keepalived.data", "keepalived.json", "keepalived.stats"] as const;
type Dumped = Readonly<Record<(typeof FILES)[number], string>>;

async function dumpBy(name: DaemonName, config: string, host: string | undefined): Promise<Dumped> {
  return onCorpusMachine(config, (machine) =>
    withCorpusDaemon(machine, { name, config, flags: VRRP_FLAGS, host }, async (daemon) => {
      await daemon.logged("Startup complete", { timeoutMs: 20_000 });
      await settle(machine, daemon);
      return await dumpsOf(machine, daemon, FILES);
    }),
  );
}

function linesOfJson(text: string): readonly string[] {
  return JSON.stringify(comparableJson(text), null, 1).split("\n");
}

describe("dumps of configurations from the wild", {
  concurrency: 2,
  skip: whyNoLab() || (daemonNames().length < 2 && "needs both daemons"),
}, () => {
  for (const [name, host] of chosen(CONFIGS)) {
    test(name, { timeout: 180_000 }, async () => {
      const config = corpusConfig(name);
      const theirs = await dumpBy("keepalived", config, host);
      const ours = await dumpBy("holdfast", config, host);
      const differences = [
        await differencesOf(comparableData(theirs["keepalived.data"]), comparableData(ours["keepalived.data"])),
        await differencesOf(linesOfJson(theirs["keepalived.json"]), linesOfJson(ours["keepalived.json"])),
        await differencesOf(
          comparableStatistics(theirs["keepalived.stats"]),
          comparableStatistics(ours["keepalived.stats"]),
        ),
      ];
      assert.equal(differences.join(""), "");
    });
  }
});
