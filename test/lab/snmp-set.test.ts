import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { waitUntil } from "../helpers/event-log.ts";
import { whyNoLab } from "./capabilities.ts";
import { Daemon, type DaemonName, VRRP_FLAGS } from "./daemon.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";
import { KEEPALIVED_ROOT, SNMP_SOCKET, SnmpMaster, whyNoSnmp } from "./snmp-master.ts";

const CONFIG = `global_defs {
  router_id LAB
  snmp_socket unix:${SNMP_SOCKET}
}
vrrp_instance V {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority 100
  virtual_ipaddress {
    192.168.1.100
  }
}
vrrp_instance W {
  state BACKUP
  version 3
  interface eth0
  virtual_router_id 52
  priority 100
  virtual_ipaddress {
    192.168.1.101
  }
}
`;

const PRIORITY = `${KEEPALIVED_ROOT}.2.3.1.7.1`;
const PREEMPT = `${KEEPALIVED_ROOT}.2.3.1.13.1`;
const EFFECTIVE = `${KEEPALIVED_ROOT}.2.3.1.8.1`;

/** What is set in turn, by number of its column or in full, and how net-snmp names the error; both daemons agree. */
const SETS: readonly (readonly [oid: string, type: string, value: string, error: string | null])[] = [
  [PRIORITY, "i", "150", null],
  [PRIORITY, "i", "0", "wrongValue"],
  [PRIORITY, "i", "256", "wrongValue"],
  [PRIORITY, "s", "x", "wrongType"],
  [PRIORITY, "u", "120", "wrongType"],
  [PREEMPT, "i", "2", null],
  [PREEMPT, "i", "3", "wrongValue"],
  [PREEMPT, "i", "0", "wrongValue"],
  [PREEMPT, "u", "1", "wrongType"],
  [`${KEEPALIVED_ROOT}.2.3.1.13.9`, "i", "2", "notWritable"],
  [`${KEEPALIVED_ROOT}.2.3.1.7.9`, "i", "120", "notWritable"],
  [`${KEEPALIVED_ROOT}.2.3.1.2.1`, "s", "Z", "notWritable"],
  [`${KEEPALIVED_ROOT}.2.3.1.27.1`, "i", "1", "notWritable"],
  [`${KEEPALIVED_ROOT}.2.3.1.28.1`, "i", "1", "notWritable"],
  [`${KEEPALIVED_ROOT}.2.3.1.33.1`, "i", "1", "notWritable"],
  [`${KEEPALIVED_ROOT}.1.2.0`, "s", "Z", "notWritable"],
  [".1.3.6.1.2.1.207.1.1.1.1.6.2.52.1", "u", "99", "notWritable"],
  [".1.3.6.1.2.1.68.1.2.0", "i", "1", "notWritable"],
];

async function withDaemon(name: DaemonName, use: (master: SnmpMaster, daemon: Daemon) => Promise<void>): Promise<void> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
    const master = await SnmpMaster.start(machine);
    const daemon = new Daemon(machine, { name, config: CONFIG, flags: [...VRRP_FLAGS, "-x"] });
    await daemon.logged("AgentX subagent connected", { timeoutMs: 20_000 });
    for (const instance of ["V", "W"])
      await daemon.logged(`(${instance}) Entering MASTER STATE`, { timeoutMs: 20_000 });
    await use(master, daemon);
    await daemon.terminate();
  } finally {
    await network.close();
  }
}

async function shows(master: SnmpMaster, oid: string, value: string): Promise<void> {
  let last = "";
  for (let turn = 0; turn < 100 && last !== value; turn += 1) last = await master.get(oid);
  assert.equal(last, value, oid);
}

describe("sets over SNMP", { skip: whyNoLab() || whyNoSnmp() }, () => {
  for (const name of daemonNames()) {
    test(`a priority can be set, and nothing that keepalived refuses (${name})`, { timeout: 60_000 }, async () => {
      await withDaemon(name, async (master) => {
        for (const [oid, type, value, error] of SETS)
          assert.equal(await master.set(oid, type, value), error, `${oid} ${value}`);
        await shows(master, PRIORITY, "INTEGER: 150");
        await shows(master, EFFECTIVE, "INTEGER: 150");
        assert.equal(await master.set(PRIORITY, "i", "100"), null);
        await shows(master, EFFECTIVE, "INTEGER: 100");
        await shows(master, PREEMPT, "INTEGER: 2");
        await shows(master, `${KEEPALIVED_ROOT}.2.3.1.13.2`, "INTEGER: 1");
        assert.equal(await master.set(PREEMPT, "i", "1"), null);
        await shows(master, PREEMPT, "INTEGER: 1");
      });
    });
  }

  test("preemption that is set holds until the next reload", async () => {
    await withDaemon("holdfast", async (master, daemon) => {
      assert.equal(await master.set(PREEMPT, "i", "2"), null);
      await shows(master, PREEMPT, "INTEGER: 2");
      await daemon.logged("(V) snmp: does not preempt until the next reload");
      daemon.reload(CONFIG);
      await shows(master, PREEMPT, "INTEGER: 1");
    });
  });

  test("what is set is an operator's word, and setting what is configured takes it back", async () => {
    await withDaemon("holdfast", async (master, daemon) => {
      assert.equal(await master.set(PRIORITY, "i", "150"), null);
      await daemon.logged("(V) snmp: priority 150 (SNMP set)");
      // keepalived takes these.
      assert.equal(await master.set(PRIORITY, "i", "255"), "wrongValue");
      assert.equal(await master.set(PRIORITY, "i", "-1"), "wrongValue");
      const from = daemon.log.position;
      assert.equal(await master.set(PRIORITY, "i", "100"), null);
      await waitUntil("the order to go", () =>
        daemon.log.items.slice(from).some(({ text }) => text.includes("(V)")) ? true : null,
      );
      await shows(master, EFFECTIVE, "INTEGER: 100");
    });
  });
});
