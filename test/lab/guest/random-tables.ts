/**
 * Random configurations: the same table as keepalived's, and a reload ends where a cold start does. HOLDFAST_TABLES:
 * how many pairs, and the first seed, as `100,7`.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { linesOf } from "../../helpers/process.ts";
import { ROOT } from "../../helpers/repository.ts";
import { ALL_FLAGS, Daemon, type DaemonName } from "../daemon.ts";
import { savedTable } from "../ipvs.ts";
import type { Machine } from "../machine.ts";
import { daemonNames } from "../matrix.ts";
import { Network } from "../network.ts";
import { OPEN_PORT, randomConfigs } from "../random-lvs.ts";
import { steadyTable } from "../steady-table.ts";

const LISTENER = join(ROOT, "dist/test/lab/programs/web-server.js");
const [ROUNDS = 2, FIRST_SEED = 1] = (process.env["HOLDFAST_TABLES"] ?? "2,1").split(",").map(Number);
const SERVICES = 25;
/** Longer than the first check of a server takes. */
const STEADY = { steadyMs: 3_500 };

interface Tables {
  readonly first: readonly string[];
  /** Null where a reload is not what is compared. */
  readonly reloaded: readonly string[] | null;
  readonly cold: readonly string[];
}

/**
 * The tables of a cold start of A, of a reload from A to B, and of a cold start of B. Without the reload of keepalived
 * 2.2.7, which leaves services of groups behind.
 */
async function tablesBy(machine: Machine, name: DaemonName, [a, b]: readonly [string, string]): Promise<Tables> {
  const first = await running(machine, name, a, async (daemon) => {
    const table = await stateOf(machine);
    if (name !== "holdfast") return { table, reloaded: null };
    daemon.reload(b);
    await daemon.logged("Reload complete", { timeoutMs: 40_000 });
    return { table, reloaded: await stateOf(machine) };
  });
  const cold = await running(machine, name, b, () => stateOf(machine));
  return { first: first.table, reloaded: first.reloaded, cold };
}

/** The table, and what else the kernel's IPVS has been told. */
async function stateOf(machine: Machine): Promise<readonly string[]> {
  const table = await steadyTable(machine, STEADY);
  const more = [
    await machine.runOk(["ipvsadm", "-L", "--timeout"]),
    await machine.runOk(["ipvsadm", "-L", "--daemon"]),
  ];
  return [...table, ...more.flatMap((text) => text.split("\n")).filter((line) => line !== "")];
}

/**
 * What is found out while a daemon runs, which has to leave nothing behind. keepalived 2.2.7 leaves services of groups of
 * which the kernel has refused a server.
 */
async function running<Found>(
  machine: Machine,
  name: DaemonName,
  config: string,
  find: (daemon: Daemon) => Promise<Found>,
): Promise<Found> {
  const daemon = new Daemon(machine, { name, config, flags: [...ALL_FLAGS, "-C"] });
  try {
    await daemon.logged("Startup complete", { timeoutMs: 40_000 });
    return await find(daemon);
  } finally {
    await daemon.terminate();
    if (name === "keepalived") await machine.runOk(["ipvsadm", "-C"]);
    assert.deepEqual(await savedTable(machine), [], `${name} left something behind`);
  }
}

/** Of long tables only what differs is worth reading. */
function assertSame(when: string, actual: readonly string[], expected: readonly string[]): void {
  const alone = (lines: readonly string[], others: readonly string[]): readonly string[] => {
    const known = new Set(others);
    return lines.filter((line) => !known.has(line));
  };
  const differing = [
    ...alone(actual, expected).map((line) => `+ ${line}`),
    ...alone(expected, actual).map((line) => `- ${line}`),
  ];
  assert.ok(differing.length === 0, `${when}:\n${differing.join("\n")}`);
  assert.equal(actual.length, expected.length, when);
}

/** keepalived 2.2.7 takes a prefix length for IPv4 for the last octets of a mask, and we for none. */
function onPurpose(theirs: readonly string[]): readonly string[] {
  return theirs.map((line) => line.replace(/ -M 0\.0\.0\.\d+/, "")).sort();
}

const names = daemonNames();
const skip = names.length === 2 ? false : "needs both daemons";

describe("tables of random configurations", { skip }, () => {
  let network: Network;
  const machines = new Map<DaemonName, Machine>();
  before(async () => {
    network = await Network.build();
    for (const [index, name] of names.entries()) {
      const machine = await network.addMachine({ name, addresses: [`192.168.1.${5 + index}/24`] });
      const listener = machine.spawn([process.execPath, LISTENER, "open", String(OPEN_PORT)]);
      await linesOf(listener.stdout, listener.stderr).waitFor("the listener", ({ text }) => text === "ready");
      machines.set(name, machine);
    }
  });
  after(() => network.close());

  async function both(pair: readonly [string, string]): Promise<readonly Tables[]> {
    const all = await Promise.allSettled([...machines].map(([name, machine]) => tablesBy(machine, name, pair)));
    return all.map((one) => {
      if (one.status === "rejected") throw one.reason;
      return one.value;
    });
  }

  for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed += 1) {
    test(`random configurations ${seed}: keepalived's tables, after a reload as after a cold start`, {
      timeout: 120_000,
    }, async () => {
      const [a = "", b = ""] = randomConfigs(2, SERVICES, seed);
      const [ours, theirs] = await both([a, b]);
      assert.ok(ours !== undefined && ours.first.length > SERVICES);
      assertSame("after the start", ours.first, onPurpose(theirs?.first ?? []));
      assertSame("after another start", ours.cold, onPurpose(theirs?.cold ?? []));
      assertSame("after a reload", ours.reloaded ?? [], ours.cold);
    });
  }
});
