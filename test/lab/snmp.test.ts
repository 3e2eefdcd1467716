import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { describe, test } from "node:test";
import { sendSignal } from "../helpers/process.ts";
import { findProgram } from "../helpers/repository.ts";
import { whyNoLab } from "./capabilities.ts";
import { Daemon, type DaemonName, VRRP_FLAGS } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";

const SOCKET = "/run/lab/agentx";
const SNMPD = `rocommunity public
master agentx
agentXSocket unix:${SOCKET}
`;
const AGENT = "127.0.0.1:1161";
const KEEPALIVED = ".1.3.6.1.4.1.9586.100.5";
const ROOTS = [KEEPALIVED, ".1.3.6.1.2.1.207", ".1.3.6.1.2.1.68"];

const CONFIG = `global_defs {
  router_id LAB
  script_user root
  notification_email {
    a@example.org
    b@example.org
  }
  notification_email_from k@example.org
  smtp_server 192.0.2.25 2525
  smtp_connect_timeout 7
  enable_traps
  snmp_socket unix:${SOCKET}
  vrrp_garp_master_delay 3
}
track_file speed {
  file /run/lab/speed
  weight 2
}
vrrp_script probe {
  script "/usr/bin/true x"
  interval 3
  timeout 2
  weight 5
  rise 2
  fall 3
}
static_ipaddress {
  10.9.0.1/24 dev eth0
}
static_routes {
  10.77.0.0/16 via 192.168.1.254 dev eth0 metric 5
}
static_rules {
  from 10.5.0.0/16 table 100 priority 1000
}
vrrp_sync_group G1 {
  group {
    V4
    V6
  }
  notify_master "/usr/bin/true m"
  notify /usr/bin/true
}
vrrp_instance V4 {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority 150
  advert_int 1
  smtp_alert
  garp_master_delay 4
  authentication {
    auth_type PASS
    auth_pass secret
  }
  virtual_ipaddress {
    192.168.1.100/24 dev eth0 label eth0:v
    192.168.1.101
  }
  virtual_ipaddress_excluded {
    192.168.1.102
  }
  virtual_routes {
    10.88.0.0/16 via 192.168.1.253 dev eth0
    src 192.168.1.100 to 10.89.0.0/16 via 192.168.1.253 dev eth0 metric 7
  }
  virtual_rules {
    from 10.6.0.0/16 table 101 priority 1001
    to 10.7.0.0/16 table 102 priority 1002
    from 10.8.0.0/16 to 10.10.0.0/16 fwmark 3/7 tos 4 priority 1003 table 103
    iif eth0 blackhole priority 1004
  }
  notify_backup "/usr/bin/true b"
}
vrrp_instance V6 {
  state BACKUP
  interface eth0
  virtual_router_id 52
  priority 90
  version 3
  advert_int 0.5
  nopreempt
  virtual_ipaddress {
    fe80::100/64
    2001:db8::100/64
  }
}
vrrp_instance W3 {
  state BACKUP
  interface eth0
  version 3
  virtual_router_id 53
  virtual_ipaddress {
    192.168.1.103/24
  }
  track_script {
    probe weight 7
  }
  track_file {
    speed weight 1
  }
}
`;

/**
 * Where the two differ on purpose: the version's text; whether the own interface is tracked (keepalived says so only of
 * those that are listed); which addresses are advertised (keepalived says so of the first instance only); the weight with
 * which a file is tracked (keepalived shows the file's own); the master's address in VRRP-MIB
 * (keepalived has none while it is the master itself); how long a
 * router has been up; and what a script or file said last, which is not served.
 */
const DIFFERENT = [
  /^\.1\.3\.6\.1\.4\.1\.9586\.100\.5\.1\.1\.0 /,
  /^\.1\.3\.6\.1\.4\.1\.9586\.100\.5\.2\.3\.1\.11\./,
  /^\.1\.3\.6\.1\.4\.1\.9586\.100\.5\.2\.6\.1\.11\./,
  /^\.1\.3\.6\.1\.4\.1\.9586\.100\.5\.2\.9\.1\.6\./,
  /^\.1\.3\.6\.1\.4\.1\.9586\.100\.5\.2\.13\.1\.4\./,
  /^\.1\.3\.6\.1\.4\.1\.9586\.100\.5\.2\.12\.1\.3\./,
  /^\.1\.3\.6\.1\.2\.1\.207\.1\.1\.1\.1\.12\./,
  /^\.1\.3\.6\.1\.2\.1\.68\.1\.3\.1\.7\./,
  /^\.1\.3\.6\.1\.2\.1\.68\.1\.3\.1\.13\./,
];

function startMaster(machine: Machine): ChildProcess {
  machine.writeFile("/run/lab/snmpd.conf", SNMPD);
  return machine.spawn(["snmpd", "-f", "-C", "-c", "/run/lab/snmpd.conf", "-Lf", "/dev/null", `udp:${AGENT}`]);
}

async function untilMasterIsThere(machine: Machine): Promise<void> {
  // snmpd says so itself, but not when it can be asked.
  const ask = "until snmpget -v2c -c public -r 0 -t 1 127.0.0.1:1161 .1.3.6.1.2.1.1.3.0; do :; done";
  await machine.runOk(["sh", "-c", ask]);
}

async function walk(machine: Machine, root: string): Promise<readonly string[]> {
  const text = await machine.runOk(["snmpwalk", "-v2c", "-c", "public", "-On", "-t", "10", AGENT, root], {
    timeoutMs: 60_000,
  });
  return text
    .trim()
    .split("\n")
    .map((line) => line.trim());
}

async function isServed(machine: Machine): Promise<boolean> {
  const words = ["snmpget", "-v2c", "-c", "public", "-On", AGENT, `${KEEPALIVED}.1.2.0`];
  return (await machine.run(words)).stdout.includes('"LAB"');
}

async function serve(
  name: DaemonName,
  use: (machine: Machine, daemon: Daemon, master: ChildProcess) => Promise<void>,
): Promise<void> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
    machine.writeFile("/run/lab/speed", "3\n");
    // snmpd asks for the names of who asks; no name server is there to be waited for.
    await machine.runOk(["mount", "--bind", "/dev/null", "/etc/resolv.conf"]);
    const master = startMaster(machine);
    await untilMasterIsThere(machine);
    const daemon = new Daemon(machine, { name, config: CONFIG, flags: [...VRRP_FLAGS, "-x"] });
    await daemon.logged("AgentX subagent connected", { timeoutMs: 20_000 });
    for (const instance of ["V4", "V6", "W3"])
      await daemon.logged(`(${instance}) Entering MASTER STATE`, { timeoutMs: 20_000 });
    await use(machine, daemon, master);
    await daemon.terminate();
  } finally {
    await network.close();
  }
}

const NO_PROGRAMS = ["snmpd", "snmpwalk"].some((name) => findProgram(name) === null) && "snmpd or snmpwalk is missing";

describe("SNMP beside keepalived, by net-snmp's master", { skip: whyNoLab() || NO_PROGRAMS }, () => {
  const walks = new Map<DaemonName, readonly string[]>();
  for (const name of daemonNames()) {
    test(`${name} serves its tables`, async () => {
      await serve(name, async (machine) => {
        const rows: string[] = [];
        for (const root of ROOTS) rows.push(...(await walk(machine, root)));
        walks.set(name, rows);
        assert.ok(rows.includes(`${KEEPALIVED}.2.3.1.2.1 = STRING: "V4"`), rows.join("\n"));
        assert.ok(rows.includes(`${KEEPALIVED}.2.3.1.4.1 = INTEGER: 2`), rows.join("\n"));
        assert.ok(rows.length > 300, rows.join("\n"));
      });
    });
  }

  test("both serve the same rows", { skip: daemonNames().length < 2 && "needs both daemons" }, () => {
    const common = (rows: readonly string[] | undefined): readonly string[] =>
      (rows ?? []).filter((row) => !DIFFERENT.some((pattern) => pattern.test(row)));
    const [first, second] = [...walks.values()];
    assert.deepEqual(common(first), common(second));
  });

  test("holdfast finds a master that was started again, and a walk by bulk requests sees the same", async () => {
    await serve("holdfast", async (machine, daemon, master) => {
      const table = `${KEEPALIVED}.2.3`;
      const words = ["snmpbulkwalk", "-v2c", "-c", "public", "-On", AGENT, table];
      const rows = (await machine.runOk(words)).trim().split("\n");
      assert.deepEqual(
        rows.map((line) => line.trim()),
        await walk(machine, table),
      );
      const from = daemon.log.position;
      sendSignal(machine.pidOf(master) ?? 0, "SIGTERM");
      await daemon.logged("disconnected us", { timeoutMs: 10_000 });
      startMaster(machine);
      await daemon.logged("AgentX subagent connected", { from, timeoutMs: 30_000 });
      await untilMasterIsThere(machine);
      assert.equal(await isServed(machine), true);
    });
  });
});
