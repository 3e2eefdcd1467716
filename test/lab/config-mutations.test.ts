/** Real configurations with one slip of an editor each: what the test of both daemons makes of them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadConfiguration } from "../../src/config/load.ts";
import { createTestHost } from "../../src/runtime/config-host.ts";
import { integersOf, seededRandom } from "../../src/runtime/seeded-random.ts";
import { type Draw, type Mutation, mutate } from "../helpers/config-mutations.ts";
import { whyNoLab } from "./capabilities.ts";
import { corpusConfig, onCorpusMachine } from "./corpus.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";

/** Those of which keepalived says nothing here. */
const CLEAN = [
  ...["danos-conftest-6002", "ka-http-get-port", "ka-inhibit", "ka-sample", "ka-smtp-check", "ka-status-code"],
  ...["ka-udp-check", "ka-vrrp", "nfhook-opensips-cluster", "pq-1151", "pq-1462"],
];

/** HOLDFAST_MUTATIONS (for example `500@7`) makes others: how many, and the seed. */
const [COUNT = 10, SEED = 1] = (process.env["HOLDFAST_MUTATIONS"] ?? "10@1").split("@").map(Number);

/** What `docs/compatibility.md` tells, or what is keepalived's slip. */
const KNOWN: readonly RegExp[] = [/^5 0: .*Unknown keyword '(nat_mask|lvs_id)'/, /^0 5: .*a prefix length is a number/];

const PATH = "/run/lab/etc/mutated.conf";
const MACHINE_INTERFACES = ["lo", "eth0", "eth1"];

interface Verdicts {
  readonly keepalived: string;
  readonly holdfast: string;
  readonly said: string;
}

async function judge(machine: Machine, text: string): Promise<Verdicts> {
  machine.writeFile(PATH, text);
  const { status, signal, stderr } = await machine.run(["keepalived", "-t", "-f", PATH, "-i", "mut"]);
  const source = { path: PATH, workingDirectory: "/", configId: "mut", enforcesIncludes: false };
  const host = createTestHost(null);
  const plain = { isLoopback: false, supportsMulticast: true, mtuBytes: 1500, isVmac: false };
  const { testExitCode, diagnostics } = loadConfiguration(source, {
    ...host,
    readFile: (path) => (path === PATH ? { kind: "text", text } : host.readFile(path)),
    interfaces: new Map(MACHINE_INTERFACES.map((name) => [name, { ...plain, isLoopback: name === "lo" }])),
  });
  const said = diagnostics.map(({ place, message }) => `${place?.line ?? "-"} ${message}`).join("\n");
  return { keepalived: signal ?? String(status), holdfast: String(testExitCode), said: `${stderr}\n${said}` };
}

/** @returns what is told of a difference, empty without one */
function differenceOf({ name, line, text }: Mutation, { keepalived, holdfast, said }: Verdicts): string {
  // A process that dies has judged nothing.
  if (keepalived === holdfast || keepalived.startsWith("SIG")) return "";
  const told = `${keepalived} ${holdfast}: ${said.replaceAll("\n", " | ")}`;
  if (KNOWN.some((pattern) => pattern.test(told))) return "";
  return `${name} at line ${line}: keepalived ${keepalived}, holdfast ${holdfast}\n${said}\n${text}`;
}

describe("tests of mutated configurations end with keepalived's exit code", {
  skip: whyNoLab() || (daemonNames().length < 2 && "needs both daemons"),
}, () => {
  const integer = integersOf(seededRandom(SEED));
  const draw: Draw = (below) => integer(0, below - 1);
  for (const name of CLEAN) {
    test(name, { timeout: 300_000 }, async () => {
      const config = corpusConfig(name);
      await onCorpusMachine("interface eth1", async (machine) => {
        assert.equal((await judge(machine, config)).keepalived, "0", "keepalived has no complaint to begin with");
        for (let count = 0; count < COUNT; count++) {
          const mutation = mutate(config, draw);
          assert.equal(differenceOf(mutation, await judge(machine, mutation.text)), "");
        }
      });
    });
  }
});
