import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { waitUntil } from "../helpers/event-log.ts";
import { whyNoLab } from "./capabilities.ts";
import { CONFIG_PATH, Daemon, type DaemonName } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";

const FOLDER = "/run/lab";
const FIFO = `${FOLDER}/fifo`;

/** What a daemon told, in order. Scripts of one change run side by side in keepalived, so each kind has its own file. */
interface Record {
  readonly states: readonly string[];
  readonly calls: readonly string[];
  readonly fifo: string;
}

const STATE_SCRIPT = `#!/bin/sh\necho "$*" >> ${FOLDER}/states\n`;
// One write a call: scripts of several instances run at the same time.
const CALL_SCRIPT = `#!/bin/sh\nwords=$(printf '[%s]' "$@")\necho "$words" >> ${FOLDER}/calls\n`;

function instance(name: string, vrid: number, address: string): string {
  const states = ["master", "backup", "fault", "stop"].map(
    (state) => `notify_${state} "${FOLDER}/state.sh ${name} ${state}"`,
  );
  return `vrrp_instance ${name} {
  state BACKUP
  interface eth0
  virtual_router_id ${vrid}
  priority 100
  advert_int 0.2
  virtual_ipaddress {
    ${address}
  }
  ${states.join("\n  ")}
  notify "${FOLDER}/call.sh 'two words'"
}
`;
}

const GLOBAL = `global_defs {
  router_id LAB
  vrrp_version 3
  script_user root
  vrrp_notify_fifo ${FIFO}
  vrrp_notify_priority_changes
}
`;
const GROUP = `vrrp_sync_group G {
  group {
    VI_1
    VI_2
  }
  notify "${FOLDER}/call.sh"
}
`;
const TWO = `${GLOBAL}${GROUP}${instance("VI_1", 51, "192.168.1.100")}${instance("VI_2", 52, "192.168.1.101")}`;
const ONE = `${GLOBAL}${instance("VI_1", 51, "192.168.1.100")}`;

async function prepare(machine: Machine): Promise<void> {
  machine.writeFile(`${FOLDER}/state.sh`, STATE_SCRIPT);
  machine.writeFile(`${FOLDER}/call.sh`, CALL_SCRIPT);
  for (const name of ["states", "calls", "told"]) machine.writeFile(`${FOLDER}/${name}`, "");
  await machine.runOk(["sh", "-ec", `chmod 755 ${FOLDER}/*.sh; mkfifo ${FIFO}`]);
  // Opened for writing too, so that the reader outlives a daemon that closes the FIFO.
  machine.spawn(["sh", "-c", `exec cat <>${FIFO} >${FOLDER}/told`]);
}

function linesOf(machine: Machine, name: string): readonly string[] {
  return machine.readFile(`${FOLDER}/${name}`).trim().split("\n");
}

/** Waits until that many state scripts and calls of `notify` have run. */
async function settled(machine: Machine, states: number, calls: number): Promise<void> {
  await waitUntil(`${states} state scripts and ${calls} calls`, () => {
    const isThere = (name: string, count: number): boolean => linesOf(machine, name).length >= count;
    return isThere("states", states) && isThere("calls", calls) && isThere("told", calls) ? true : null;
  });
}

/** Start, takeover, fault, recovery, a reload that changes nothing, one that removes an instance, stop. */
async function live(machine: Machine, daemon: Daemon): Promise<void> {
  await settled(machine, 4, 6);
  await machine.ip("link set eth0 down");
  await settled(machine, 6, 9);
  await machine.ip("link set eth0 up");
  await settled(machine, 10, 15);
  daemon.signal("SIGHUP");
  await daemon.logged("Reload complete");
  const from = daemon.log.position;
  machine.writeFile(CONFIG_PATH, ONE);
  daemon.signal("SIGHUP");
  await daemon.logged("Reload complete", { from });
  await settled(machine, 10, 16);
  assert.equal((await daemon.terminate()).status, 0);
  await settled(machine, 11, 17);
}

async function record(name: DaemonName): Promise<Record> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
    await prepare(machine);
    const daemon = new Daemon(machine, { name, config: TWO });
    try {
      await live(machine, daemon);
    } catch (error) {
      const told = ["states", "calls", "told"].map((file) => machine.readFile(`${FOLDER}/${file}`));
      throw new Error(`${String(error)}\n${told.join("\n")}\n${daemon.text}`, { cause: error });
    }
    return {
      states: linesOf(machine, "states"),
      calls: linesOf(machine, "calls"),
      fifo: machine.readFile(`${FOLDER}/told`),
    };
  } finally {
    await network.close();
  }
}

/** The two instances of the group change at the same time, so neighbours in the record are put in the order of names. */
function ordered(lines: readonly string[]): readonly string[] {
  const state = (line: string): string =>
    /\b(MASTER|BACKUP|FAULT|STOP|master|backup|fault|stop)\b/.exec(line)?.[0] ?? "";
  const runs: string[][] = [];
  for (const line of lines) {
    const last = runs.at(-1);
    if (last !== undefined && state(last[0] ?? "") === state(line)) last.push(line);
    else runs.push([line]);
  }
  return runs.flatMap((run) => run.sort());
}

/** keepalived: an instance that a reload removes has a fault, which only `notify` and the FIFO are told. */
const EXPECTED_STATES = [
  ...["backup", "master", "fault", "backup", "master"].flatMap((state) => [`VI_1 ${state}`, `VI_2 ${state}`]),
  "VI_1 stop",
];

describe("notify scripts and FIFOs beside keepalived", { skip: whyNoLab() }, () => {
  const records = new Map<DaemonName, Record>();
  for (const name of daemonNames()) {
    test(`${name} calls every script with the words it should`, async () => {
      const told = await record(name);
      records.set(name, told);
      assert.deepEqual(ordered(told.states), EXPECTED_STATES);
      assert.ok(told.calls.includes("[two words][INSTANCE][VI_1][MASTER][100]"), told.calls.join("\n"));
      assert.ok(told.fifo.startsWith('GROUP "G" BACKUP 0\nINSTANCE "VI_'), told.fifo);
    });
  }

  test("both tell the same", { skip: daemonNames().length < 2 && "needs both daemons" }, () => {
    const [first, second] = [...records.values()];
    assert.deepEqual(ordered(first?.calls ?? []), ordered(second?.calls ?? []));
    assert.deepEqual(ordered(first?.fifo.split("\n") ?? []), ordered(second?.fifo.split("\n") ?? []));
  });
});
