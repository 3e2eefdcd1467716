import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { waitUntil } from "../../helpers/event-log.ts";
import { linesOf } from "../../helpers/process.ts";
import { ROOT } from "../../helpers/repository.ts";
import { ALL_FLAGS, Daemon, type DaemonName } from "../daemon.ts";
import { ipvsTable, savedTable } from "../ipvs.ts";
import type { Machine } from "../machine.ts";
import { daemonNames } from "../matrix.ts";
import { Network } from "../network.ts";
import { steadyTable } from "../steady-table.ts";
import { isOfCase, OPEN_PORT, SHIFTED_CONFIG, TABLE_CASES, TABLE_CONFIG } from "../table-words.ts";

const LISTENER = join(ROOT, "dist/test/lab/programs/web-server.js");
/** Longer than a check that fails takes, retries included. */
const STEADY = { steadyMs: 6_000 };

/** @param first configuration, before a reload brings all cases */
async function tableBy(machine: Machine, name: DaemonName, first = TABLE_CONFIG): Promise<readonly string[]> {
  const daemon = new Daemon(machine, { name, config: first, flags: [...ALL_FLAGS, "-C"] });
  try {
    await daemon.logged("Startup complete", { timeoutMs: 40_000 });
    const table = await steadyTable(machine, STEADY);
    if (first === TABLE_CONFIG) return table;
    daemon.reload(TABLE_CONFIG);
    await daemon.logged("Reload complete");
    return await steadyTable(machine, STEADY);
  } finally {
    await daemon.terminate();
  }
}

/** Seconds for tcp, tcpfin and udp before a daemon comes. */
const BEFORE = ["901", "121", "301"];
const TIMEOUTS = [
  ["tcp 100", "100 121 301"],
  ["tcpfin 20 udp 30", "901 20 30"],
  ["tcp 7 tcpfin 8 udp 9", "7 8 9"],
] as const;

async function timeoutsBy(
  machine: Machine,
  name: DaemonName,
  words: string,
): Promise<{ readonly during: string; readonly after: string }> {
  const look = (): Promise<string> => machine.runOk(["ipvsadm", "-L", "--timeout"]);
  const config = `global_defs {\n lvs_timeouts ${words}\n}\n${TABLE_CASES[0]?.config}`;
  const daemon = new Daemon(machine, { name, config, flags: [...ALL_FLAGS, "-C"] });
  await waitUntil("the table", () =>
    ipvsTable(machine).some(({ destinations }) => destinations.length > 0) ? true : null,
  );
  const during = await look();
  await daemon.terminate();
  return { during, after: await look() };
}

const names = daemonNames();
const skip = names.includes("keepalived") ? false : "needs keepalived";

describe("every word that shows in the IPVS table", { skip }, () => {
  // Restricted to keepalived, the test proves itself.
  const subject = names.includes("holdfast") ? "holdfast" : "keepalived";
  let network: Network;
  let machine: Machine;
  let expected: readonly string[] = [];
  let actual: readonly string[] = [];
  before(
    async () => {
      network = await Network.build();
      machine = await network.addMachine({ name: "director", addresses: ["192.168.1.5/24"] });
      const listener = machine.spawn([process.execPath, LISTENER, "open", String(OPEN_PORT)]);
      await linesOf(listener.stdout, listener.stderr).waitFor("the listener", ({ text }) => text === "ready");
      expected = await tableBy(machine, "keepalived");
      assert.deepEqual(await savedTable(machine), [], "keepalived left something behind");
      actual = await tableBy(machine, subject);
    },
    { timeout: 200_000 },
  );
  after(() => network.close());

  for (const { name, number, onPurpose } of TABLE_CASES) {
    test(`in the table as keepalived's: ${name}`, () => {
      const own = (lines: readonly string[]): readonly string[] => lines.filter((line) => isOfCase(line, number));
      assert.ok(own(expected).length > 0, "keepalived shows nothing of it");
      const [theirs, ours] = (subject === "holdfast" && onPurpose) || ["", ""];
      assert.ok(own(expected).some((line) => line.includes(theirs)));
      const wanted = own(expected).map((line) => line.replace(theirs, ours));
      assert.deepEqual(own(actual), wanted);
    });
  }
  test("no line but those of the cases, and none left at the end", async () => {
    const strange = actual.filter((line) => !TABLE_CASES.some(({ number }) => isOfCase(line, number)));
    assert.deepEqual(strange, []);
    assert.equal(actual.length, expected.length);
    assert.deepEqual(await savedTable(machine), []);
  });

  test("a reload that changes every service ends in the table of a cold start", { timeout: 120_000 }, async () => {
    assert.deepEqual(await tableBy(machine, subject, SHIFTED_CONFIG), actual);
  });

  for (const [words, unit] of TIMEOUTS) {
    test(`lvs_timeouts ${words}: as with keepalived, and restored at the end`, { timeout: 60_000 }, async () => {
      await machine.runOk(["ipvsadm", "--set", ...BEFORE]);
      const theirs = await timeoutsBy(machine, "keepalived", words);
      assert.ok(theirs.during.includes(unit), theirs.during);
      assert.deepEqual(await timeoutsBy(machine, subject, words), theirs);
    });
  }
});
