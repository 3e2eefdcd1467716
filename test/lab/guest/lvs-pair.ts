import assert from "node:assert/strict";
import { test } from "node:test";
import { waitUntil } from "../../helpers/event-log.ts";
import type { AddressWatch } from "../address-watch.ts";
import { ALL_FLAGS, Daemon, type DaemonName } from "../daemon.ts";
import { ipvsTable, poolOf } from "../ipvs.ts";
import type { Machine } from "../machine.ts";
import { daemonPairs } from "../matrix.ts";
import { QUICK_TIMING, REAL_SERVERS, Tutorial, tutorialConfig, VIP } from "../tutorial.ts";

/** A service that somebody else made by hand. */
const STRANGER = "192.168.1.200";
const SECOND_VIP = "192.168.1.101";
const SERVICE_NAME = `VS [${VIP}]:tcp:80`;

interface Cluster {
  readonly tutorial: Tutorial;
  readonly daemons: readonly [Daemon, Daemon];
  readonly backupWatch: AddressWatch;
}

async function waitForPool(machine: Machine, expected: readonly string[]): Promise<void> {
  await waitUntil(`the pool ${expected.join(", ") || "(empty)"} on ${machine.name}`, () => {
    return poolOf(machine, VIP, 80)?.join() === expected.join() ? true : null;
  });
}

/** A connection that is being moved may get no answer; which server answers is what counts. */
async function waitForAnswers(tutorial: Tutorial, expected: readonly string[]): Promise<void> {
  const seen: string[] = [];
  for (let round = 0; round < 5; round += 1) {
    const answers = await tutorial.requests(4);
    seen.push(answers.join(" "));
    if ([...new Set(answers)].sort().join() === expected.join()) return;
  }
  assert.fail(`expected answers of ${expected.join(", ")}, got ${seen.join("; ")}`);
}

function addStranger(machine: Machine): Promise<string> {
  return machine.runOk(["ipvsadm", "-R"], {
    input: `-A -t ${STRANGER}:80 -s wlc\n-a -t ${STRANGER}:80 -r 192.168.1.9:80 -g -w 3\n`,
  });
}

function startDaemon(machine: Machine, name: DaemonName, state: "MASTER" | "BACKUP", priority: number): Daemon {
  return new Daemon(machine, { name, config: tutorialConfig(state, priority, QUICK_TIMING), flags: ALL_FLAGS });
}

async function start(tutorial: Tutorial, names: readonly [DaemonName, DaemonName]): Promise<Cluster> {
  const masterWatch = await tutorial.master.watchAddresses();
  const backupWatch = await tutorial.backup.watchAddresses();
  await addStranger(tutorial.master);
  const master = startDaemon(tutorial.master, names[0], "MASTER", 100);
  await masterWatch.gained(VIP);
  const backup = startDaemon(tutorial.backup, names[1], "BACKUP", 50);
  await backup.logged("Entering BACKUP STATE");
  return { tutorial, daemons: [master, backup], backupWatch };
}

async function servesBoth({ tutorial }: Cluster): Promise<void> {
  await waitForPool(tutorial.master, REAL_SERVERS);
  await waitForPool(tutorial.backup, REAL_SERVERS);
  const [service] = ipvsTable(tutorial.master).filter((entry) => entry.address === VIP);
  assert.deepEqual(
    { ...service, destinations: service?.destinations.map(({ forward, weight }) => ({ forward, weight })) },
    {
      protocol: "TCP",
      address: VIP,
      port: 80,
      scheduler: "rr",
      destinations: [
        { forward: "Route", weight: 1 },
        { forward: "Route", weight: 1 },
      ],
    },
  );
  await waitForAnswers(tutorial, ["real1", "real2"]);
}

async function followsHealth({ tutorial, daemons: [master] }: Cluster): Promise<void> {
  const [first, second] = tutorial.realServers;
  assert.ok(first !== undefined && second !== undefined);
  tutorial.stopWebServer(first);
  await waitForPool(tutorial.master, [second.address]);
  await master.logged(`Removing service [${first.address}]:tcp:80 from ${SERVICE_NAME}`);
  await waitForAnswers(tutorial, ["real2"]);
  await tutorial.startWebServer(first);
  await waitForPool(tutorial.master, REAL_SERVERS);
  await master.logged(`Adding service [${first.address}]:tcp:80 to ${SERVICE_NAME}`);
  await waitForAnswers(tutorial, ["real1", "real2"]);
}

/**
 * Connections counted by the service since it was made: starts at 0 when somebody removes and adds it. The kernel
 * brings the number up to date every two seconds.
 */
async function connectionsOf(machine: Machine): Promise<number> {
  const text = await machine.runOk(["ipvsadm", "-Ln", "--stats", "--exact", "-t", `${VIP}:80`]);
  return Number(/^TCP +\S+ +(\d+)/m.exec(text)?.[1]);
}

/** SIGHUP with one more service: the old one is not even touched. */
async function reloads({ tutorial, daemons: [master] }: Cluster): Promise<void> {
  const before = await connectionsOf(tutorial.master);
  const old = tutorialConfig("MASTER", 100, QUICK_TIMING);
  const more = `virtual_server ${SECOND_VIP} 80 {\n  lb_algo wrr\n  lb_kind DR\n  real_server 192.168.1.7 80 {\n  }\n}\n`;
  master.reload(`${old}\n${more}`);
  await waitUntil("the new service", () => poolOf(tutorial.master, SECOND_VIP, 80));
  assert.deepEqual(poolOf(tutorial.master, VIP, 80), REAL_SERVERS);
  await waitForAnswers(tutorial, ["real1", "real2"]);
  const after = await connectionsOf(tutorial.master);
  assert.ok(before >= 8 && after >= before, `${before} connections before the reload, ${after} after it`);
  master.reload(old);
  await waitUntil("the new service to go", () => (poolOf(tutorial.master, SECOND_VIP, 80) === null ? true : null));
}

/** After a good-bye nothing of ours is left, and what is not ours is untouched. */
async function leavesInOrder({ tutorial, daemons: [master] }: Cluster): Promise<void> {
  const strangers = ipvsTable(tutorial.master).filter((entry) => entry.address === STRANGER);
  assert.equal(strangers.length, 1);
  assert.deepEqual(await master.terminate(), { status: 0, signal: null });
  assert.deepEqual(ipvsTable(tutorial.master), strangers);
  assert.deepEqual(strangers[0]?.destinations, [{ address: "192.168.1.9", port: 80, forward: "Route", weight: 3 }]);
}

async function failsOver({ tutorial, daemons: [, backup], backupWatch }: Cluster): Promise<void> {
  await backupWatch.gained(VIP);
  await backup.logged("Entering MASTER STATE");
  await waitForAnswers(tutorial, ["real1", "real2"]);
  assert.deepEqual(await backup.terminate(), { status: 0, signal: null });
  assert.deepEqual(ipvsTable(tutorial.backup), []);
}

const STEPS: readonly (readonly [string, (cluster: Cluster) => Promise<void>])[] = [
  ["both real servers answer in turn", servesBoth],
  ["a dead real server leaves and returns", followsHealth],
  ["SIGHUP adds and removes a service and leaves the other alone", reloads],
  ["after SIGTERM only a stranger's service is left", leavesInOrder],
  ["the backup takes over and serves", failsOver],
];

for (const names of daemonPairs()) {
  await test(`the tutorial's LVS pair, ${names.join(" and ")}`, { timeout: 150_000 }, async (context) => {
    const tutorial = await Tutorial.build();
    try {
      const cluster = await start(tutorial, names);
      for (const [name, step] of STEPS) {
        await context.test(`${name} (${names.join(" and ")})`, () =>
          step(cluster).catch((error: unknown) => {
            const logs = cluster.daemons.map((daemon) => `--- ${daemon.name}\n${daemon.text}`).join("\n");
            throw new Error(`${error instanceof Error ? error.message : error}\n${logs}`, { cause: error });
          }),
        );
      }
    } finally {
      await tutorial.close();
    }
  });
}
