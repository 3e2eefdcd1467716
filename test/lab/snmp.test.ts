import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sendSignal } from "../helpers/process.ts";
import { whyNoLab } from "./capabilities.ts";
import { Daemon, type DaemonName, VRRP_FLAGS } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";
import { KEEPALIVED_ROOT, SNMP_SOCKET, SnmpMaster, whyNoSnmp } from "./snmp-master.ts";
import { comparableWalk, walkAll } from "./snmp-walks.ts";

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
  snmp_socket unix:${SNMP_SOCKET}
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
vrrp_script failing {
  script /usr/bin/false
  interval 1
  weight 2
}
vrrp_script idle {
  script /usr/bin/true
}
vrrp_track_process sleepers {
  process sleep
  quorum 200
  quorum_max 300
  weight 4
}
vrrp_track_process nothing {
  process nothing-of-that-name
}
bfd_instance up_there {
  neighbor_ip 192.168.1.77
  source_ip 192.168.1.5
  weight 6
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
    10.90.0.0/16 encap ip id 7 dst 10.1.1.1 src 10.1.1.2 tos 4 ttl 9 via 192.168.1.253 dev eth0
    2001:db8:90::/48 via 2001:db8::77 dev eth0 pref high metric 5
    10.92.0.0/16 via 192.168.1.253 dev eth0 fastopen_no_cookie 1
    10.91.0.0/16 nexthop via 192.168.1.251 dev eth0 weight 2 nexthop encap ip id 9 dst 10.1.1.3 via 192.168.1.252 dev eth0
  }
  virtual_rules {
    from 10.6.0.0/16 table 101 priority 1001
    to 10.7.0.0/16 table 102 priority 1002
    from 10.8.0.0/16 to 10.10.0.0/16 fwmark 3/7 tos 4 priority 1003 table 103
    iif eth0 blackhole priority 1004
    to 10.11.0.0/16 oif eth0 table 9 priority 1005 suppress_prefixlength 5 suppress_ifgroup 6
    from 10.12.0.0/16 table 9 priority 1006 protocol 4 no_track
    from 10.13.0.0/16 table 9 priority 1007 ipproto 6 sport 80-90 dport 443 l3mdev uidrange 5-7
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
    failing
  }
  track_file {
    speed weight 1
  }
  track_process {
    sleepers
    nothing weight 3
  }
  track_bfd {
    up_there
  }
}
`;

async function serve(
  name: DaemonName,
  use: (machine: Machine, daemon: Daemon, master: SnmpMaster) => Promise<void>,
): Promise<void> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24", "2001:db8::5/64"] });
    machine.writeFile("/run/lab/speed", "3\n");
    machine.spawn(["sleep", "1000"]);
    machine.spawn(["sleep", "1000"]);
    const master = await SnmpMaster.start(machine);
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

describe("SNMP beside keepalived, by net-snmp's master", { skip: whyNoLab() || whyNoSnmp() }, () => {
  const walks = new Map<DaemonName, readonly string[]>();
  for (const name of daemonNames()) {
    test(`${name} serves its tables`, async () => {
      await serve(name, async (_machine, daemon, master) => {
        await daemon.logged("VRRP_Script(failing) failed", { timeoutMs: 20_000 });
        await daemon.logged("VRRP_Script(probe) succeeded", { timeoutMs: 20_000 });
        const rows = await walkAll(master);
        walks.set(name, rows);
        assert.ok(rows.includes(`${KEEPALIVED_ROOT}.2.3.1.2.1 = STRING: "V4"`), rows.join("\n"));
        assert.ok(rows.includes(`${KEEPALIVED_ROOT}.2.3.1.4.1 = INTEGER: 2`), rows.join("\n"));
        assert.ok(rows.length > 300, rows.join("\n"));
        if (name === "holdfast")
          assert.ok(rows.includes(`${KEEPALIVED_ROOT}.2.8.1.33.1.6 = INTEGER: 5`), rows.join("\n"));
      });
    });
  }

  test("both serve the same rows", { skip: daemonNames().length < 2 && "needs both daemons" }, () => {
    const [first = [], second = []] = [...walks.values()];
    assert.deepEqual(comparableWalk(first), comparableWalk(second));
  });

  test("holdfast finds a master that was started again, and a walk by bulk requests sees the same", async () => {
    await serve("holdfast", async (machine, daemon, master) => {
      const table = `${KEEPALIVED_ROOT}.2.3`;
      assert.deepEqual(await master.walk(table, "snmpbulkwalk"), await master.walk(table));
      const from = daemon.log.position;
      sendSignal(machine.pidOf(master.process) ?? 0, "SIGTERM");
      await daemon.logged("disconnected us", { timeoutMs: 10_000 });
      const next = await SnmpMaster.start(machine);
      await daemon.logged("AgentX subagent connected", { from, timeoutMs: 30_000 });
      assert.equal(await next.get(`${KEEPALIVED_ROOT}.1.2.0`), 'STRING: "LAB"');
    });
  });
});
