/** keepalived.data, keepalived_bfd.data, keepalived.json and keepalived.stats of both daemons for one configuration. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import { Daemon, type DaemonName, VRRP_FLAGS } from "./daemon.ts";
import { comparableData, comparableJson, comparableStatistics, dumpsOf } from "./dumps.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";

const CONFIG = `global_defs {
  router_id LAB
  script_user root
  enable_script_security
  notification_email {
    a@example.org
    b@example.org
  }
  notification_email_from k@example.org
  smtp_server 192.0.2.25 2525
  smtp_helo_name lab.example
  smtp_connect_timeout 7
  smtp_alert on
  smtp_alert_vrrp off
  enable_traps
  vrrp_garp_master_delay 3
  vrrp_garp_master_refresh 60
  vrrp_garp_master_refresh_repeat 2
  vrrp_garp_interval 0.001
  vrrp_gna_interval 0.002
  vrrp_notify_fifo /run/lab/fifo
  vrrp_notify_fifo_script /usr/bin/true
  notify_fifo /run/lab/gfifo
  vrrp_lower_prio_no_advert
  vrrp_higher_prio_send_advert
  vrrp_check_unicast_src
  vrrp_version 3
  checker_priority -3
  dynamic_interfaces
  max_auto_priority 20
  lvs_flush_on_stop VS
  default_interface eth0
}
track_file speed {
  file /run/lab/speed
  weight 2
}
track_file plain {
  file /run/lab/plain
}
vrrp_script probe {
  script "/usr/bin/true x"
  interval 3
  timeout 2
  weight 5
  rise 2
  fall 3
}
vrrp_script bad {
  script /usr/bin/false
  interval 1
  weight -4 reverse
  init_fail
  user nobody nogroup
}
vrrp_script unused {
  script /usr/bin/true
}
vrrp_track_process sleepers {
  process nothing-of-that-name x
  param_match initial
  quorum 1
  quorum_max 3
  weight 3
  fork_delay 0.5
  terminate_delay 1
}
vrrp_track_process shells {
  process nothing-else
  weight 2
  full_command
}
bfd_instance b1 {
  neighbor_ip 192.168.1.77
  source_ip 192.168.1.5
  min_rx 200
  min_tx 300
  multiplier 4
  weight 6
}
bfd_instance b2 {
  neighbor_ip 192.168.1.78
  passive
  ttl 100
  max_hops 5
}
track_group TG {
  group {
    V4
    V6
  }
}
garp_group {
  interfaces {
    eth0
    eth1
  }
  garp_interval 0.5
  gna_interval 0.25
}
static_ipaddress {
  10.9.0.1/24 dev eth0
  10.9.1.1/24 dev eth1 no_track
  2001:db8:9::1/64 dev eth0 home
}
static_routes {
  10.77.0.0/16 via 192.168.1.254 dev eth0 metric 5
  10.78.0.0/16 dev eth0 table 200 track_group TG
  blackhole 10.79.0.0/16
}
static_rules {
  from 10.5.0.0/16 table 100 priority 1000
  to 2001:db8:5::/48 table 101 priority 1001
}
vrrp_sync_group G1 {
  group {
    V4
    V6
  }
  track_script {
    probe
  }
  track_interface {
    eth1 weight 4
  }
  sync_group_tracking_weight
  notify_master "/usr/bin/true m"
  notify /usr/bin/true
  smtp_alert
}
vrrp_instance V4 {
  state BACKUP
  interface eth0
  version 2
  virtual_router_id 51
  priority 150
  advert_int 1
  smtp_alert
  garp_master_delay 4
  garp_lower_prio_delay 2
  garp_lower_prio_repeat 3
  preempt_delay 5
  authentication {
    auth_type PASS
    auth_pass secret
  }
  virtual_ipaddress {
    192.168.1.100/24 dev eth0 label eth0:v
    192.168.1.101
    192.168.1.105/24 brd 192.168.1.255 dev eth1 scope link
  }
  virtual_ipaddress_excluded {
    192.168.1.102
    2001:db8::102/64
  }
  virtual_routes {
    10.88.0.0/16 via 192.168.1.253 dev eth0
    src 192.168.1.100 to 10.89.0.0/16 via 192.168.1.253 dev eth0 metric 7 mtu lock 1400
    10.90.0.0/16 nexthop via 192.168.1.251 dev eth0 weight 2 nexthop via 192.168.1.252 dev eth0 weight 3
    10.91.0.0/16 encap ip id 7 dst 10.1.1.1 src 10.1.1.2 tos 4 ttl 9 via 192.168.1.253 dev eth0
  }
  virtual_rules {
    from 10.6.0.0/16 table 101 priority 1002
    from 10.8.0.0/16 to 10.10.0.0/16 fwmark 3/7 tos 4 priority 1003 table 103
    iif eth0 blackhole priority 1004
  }
  track_interface {
    lo
  }
  track_script {
    bad
  }
  track_file {
    speed weight 1
  }
  track_process {
    sleepers
    shells
  }
  track_bfd {
    b1 weight 3
  }
  notify_backup "/usr/bin/true b"
  notify_master /usr/bin/true
  notify_fault /usr/bin/true
  notify_stop /usr/bin/true
  notify "/usr/bin/true any"
  notify_deleted
  notify_priority_changes true
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
vrrp_instance U {
  state BACKUP
  interface eth1
  virtual_router_id 53
  priority 120
  version 3
  unicast_src_ip 192.168.2.5
  unicast_ttl 64
  unicast_peer {
    192.168.2.6
    192.168.2.7 min_ttl 250 max_ttl 255
  }
  strict_mode false
  accept
  virtual_ipaddress {
    192.168.2.103/24
  }
}
vrrp_instance M {
  state BACKUP
  interface eth1
  use_vmac vm1
  vmac_xmit_base
  virtual_router_id 54
  priority 100
  version 3
  no_accept
  virtual_ipaddress {
    192.168.2.104/24
  }
}
vrrp_instance N {
  state BACKUP
  interface eth9
  virtual_router_id 55
  priority 100
  track_interface {
    eth8 weight -10
  }
  virtual_ipaddress {
    192.168.3.104/24
    192.168.3.105/24 dev eth7
  }
}
`;

const FILES = [
  "keepalived.data",
  "keepalived_parent.data",
  "keepalived_bfd.data",
  "keepalived.json",
  "keepalived.stats",
] as const;
type Dumped = Readonly<Record<(typeof FILES)[number], string>>;

async function dumpOf(name: DaemonName): Promise<Dumped> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24", "2001:db8::5/64"] });
    await machine.ip("link add eth1 type veth peer name other");
    await machine.ip("link set eth1 up");
    await machine.ip("link set other up");
    await machine.ip("address add 192.168.2.5/24 dev eth1");
    machine.writeFile("/run/lab/speed", "3\n");
    const daemon = new Daemon(machine, { name, config: CONFIG, flags: VRRP_FLAGS });
    for (const instance of ["V4", "V6", "U", "M"])
      await daemon.logged(`(${instance}) Entering MASTER STATE`, { timeoutMs: 20_000 });
    await daemon.logged("VRRP_Script(bad) failed", { timeoutMs: 20_000 });
    const dumped = await dumpsOf(machine, daemon, FILES);
    await daemon.terminate();
    return dumped;
  } finally {
    await network.close();
  }
}

describe("dumps beside keepalived's", {
  skip: whyNoLab() || (daemonNames().length < 2 && "needs both daemons"),
}, () => {
  const dumps: Dumped[] = [];
  for (const name of daemonNames()) {
    test(`${name} writes its files`, { timeout: 90_000 }, async () => {
      const dumped = await dumpOf(name);
      dumps.push(dumped);
      assert.match(dumped["keepalived.data"], /^------< Global definitions >------$/m);
    });
  }

  test("keepalived.data: the same lines in the same order", () => {
    const [first, second] = dumps.map((dumped) => comparableData(dumped["keepalived.data"]));
    assert.deepEqual(first, second);
  });

  test("keepalived_parent.data: the same global settings", () => {
    // keepalived's first process does not work out what only the others need.
    const untold = /^ (Gratuitous ARP lower priority|Default script uid:gid|Max auto priority)/;
    const [first, second] = dumps.map((dumped) =>
      comparableData(dumped["keepalived_parent.data"]).filter((line) => !untold.test(line)),
    );
    assert.deepEqual(first, second);
  });

  test("keepalived_bfd.data: the same sessions in the same order", () => {
    // keepalived's BFD process does not work out what only VRRP needs of the global settings before them.
    const sessions = (text: string): string => text.slice(text.indexOf("------< BFD Topology"));
    const [first, second] = dumps.map((dumped) => comparableData(sessions(dumped["keepalived_bfd.data"])));
    assert.deepEqual(first, second);
  });

  test("keepalived.json: the same keys and values", () => {
    const [first, second] = dumps;
    assert.ok(first !== undefined && second !== undefined);
    assert.deepEqual(comparableJson(first["keepalived.json"]), comparableJson(second["keepalived.json"]));
  });

  test("keepalived.stats: the same lines, and holdfast's reasons after them", () => {
    const [first, second] = dumps.map((dumped) => comparableStatistics(dumped["keepalived.stats"]));
    assert.deepEqual(first, second);
  });
});
