import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { linesOf } from "../../helpers/process.ts";
import { ROOT } from "../../helpers/repository.ts";
import { ALL_FLAGS, Daemon, type DaemonName } from "../daemon.ts";
import { daemonNames } from "../matrix.ts";
import { Network } from "../network.ts";
import { KEEPALIVED_ROOT, SNMP_SOCKET, SnmpMaster, whyNoSnmp } from "../snmp-master.ts";

const WEB_SERVER = join(ROOT, "dist/test/lab/programs/web-server.js");
const VIP = "192.168.1.100";
/** Of the service that has traffic. */
const NAT_VIP = "192.168.1.102";
const REAL = "192.168.1.7";
const SCHEDULERS = ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "dh", "sed", "nq", "mh", "fo", "ovf"];

const CONFIG = `global_defs {
  router_id LAB
  script_user root
  enable_traps
  snmp_socket unix:${SNMP_SOCKET}
  lvs_sync_daemon eth0 id 7 maxlen 1400 port 8849 ttl 3 group 224.0.0.82
  lvs_timeouts tcp 700 tcpfin 70 udp 200
  smtp_alert_checker on
  notification_email {
    a@example.org
  }
  smtp_server 192.0.2.25
}
virtual_server_group web {
  192.168.1.120 80
  192.168.1.121-123 81
  fwmark 9
  fwmark 10
}
virtual_server_group six {
  2001:db8::120 80
}
virtual_server ${VIP} 80 {
  lb_algo rr
  lb_kind DR
  protocol TCP
  delay_loop 2
  persistence_timeout 50
  persistence_granularity 255.255.255.0
  virtualhost www.example.org
  quorum 2
  hysteresis 1
  quorum_up "/usr/bin/true up"
  quorum_down /usr/bin/true
  retry 2
  delay_before_retry 1
  snmp_name first
  sorry_server 192.168.1.9 80
  real_server ${REAL} 80 {
    weight 3
    uthreshold 20
    lthreshold 10
    inhibit_on_failure
    notify_up "/usr/bin/true a b"
    notify_down /usr/bin/true
    virtualhost real.example.org
    snmp_name one
    TCP_CHECK {
      connect_timeout 2
      retry 1
      warmup 0
    }
  }
  real_server 192.168.1.8 80 {
    weight 2
    TCP_CHECK {
      connect_timeout 1
      retry 0
      warmup 0
    }
    MISC_CHECK {
      misc_path /bin/false
      warmup 0
      retry 0
    }
  }
}
virtual_server 192.168.1.101 53 {
  lb_algo wrr
  lb_kind NAT
  protocol UDP
  ops
  ha_suspend
  alpha
  omega
  warmup 3
  connect_timeout 9
  weight 5
  inhibit_on_failure
  real_server 10.0.0.1 5353 {
    alpha
    delay_loop 7
    retry 4
    delay_before_retry 2
    warmup 1
    smtp_alert
  }
  sorry_server 127.0.0.1 53
}
virtual_server fwmark 7 {
  lb_algo sh
  sh-port
  sh-fallback
  lb_kind TUN type gue port 6080
  real_server 192.168.1.8 0 {
    lvs_method TUN type gre csum
  }
  real_server 192.168.1.9 0 {
  }
}
virtual_server group web {
  lb_algo mh
  mh-port
  mh-fallback
  lb_kind TUN type ipip
  protocol UDP
  hashed
  real_server 192.168.1.8 80 {
    lvs_method DR
  }
}
virtual_server group six {
  lb_algo wlc
  lb_kind NAT
  protocol TCP
  persistence_timeout 60
  persistence_granularity 64
  real_server 2001:db8:1::8 8080 {
  }
}
virtual_server 2001:db8::100 80 {
  lb_algo wlc
  lb_kind NAT
  protocol SCTP
  persistence_timeout 60
  persistence_granularity 64
  real_server 2001:db8:1::7 8080 {
    weight 0
  }
}
virtual_server ${NAT_VIP} 9 {
  lb_algo rr
  lb_kind NAT
  protocol UDP
  real_server ${REAL} 9 {
  }
  real_server 192.168.1.8 9 {
  }
}
${SCHEDULERS.map(
  (name, at) => `virtual_server 192.168.1.${130 + at} 80 {
  lb_algo ${name}
  lb_kind NAT
  flag-1
  flag-3
  real_server 10.0.0.${at + 1} 8080 {
  }
}
`,
).join("")}`;

/** Of the virtual server with traffic: connections, packets in, bytes in, and the same in 64 bits. */
const COUNTED = [
  ".3.3.1.27.7 = Gauge32: 4",
  ".3.3.1.28.7 = Counter32: 4",
  ".3.3.1.30.7 = Counter64: 1112",
  ".3.3.1.38.7 = Counter64: 4",
  ".3.3.1.39.7 = Counter64: 4",
];

/** By prefix of what differs on purpose: the version, and a hysteresis that keepalived takes below zero. */
const DIFFERENT = [".1.1.0 ", ".3.3.1.26.6 "];

/** Whether the column is a rate, of which two runs see different numbers. keepalived's lower halves are always 0. */
function isRate(table: string, column: number): boolean {
  if (table === "3") return (column >= 32 && column <= 36) || (column >= 41 && column <= 50);
  return table === "4" && ((column >= 22 && column <= 26) || (column >= 30 && column <= 39));
}

/** @param rows of a walk; of rates only the type is left */
function comparable(rows: readonly string[]): readonly string[] {
  return rows
    .map((row) => row.slice(KEEPALIVED_ROOT.length))
    .filter((row) => !DIFFERENT.some((start) => row.startsWith(start)))
    .map((row) => {
      const [, table = "", column = ""] = /^\.3\.(\d+)\.1\.(\d+)\./.exec(row) ?? [];
      return isRate(table, Number(column)) ? row.replace(/: \d+$/, ": a rate") : row;
    });
}

/** Takes datagrams and is silent: the kernel would refuse some of them by ICMP, as many as its rate limit allows. */
const SILENT = `require("node:dgram").createSocket("udp4").bind(9, () => console.log("ready"))`;

async function walkOf(network: Network, name: DaemonName): Promise<readonly string[]> {
  const director = await network.addMachine({ name: "director", addresses: ["192.168.1.1/24", `${NAT_VIP}/24`] });
  const real = await network.addMachine({ name: "real", addresses: [`${REAL}/24`] });
  const client = await network.addMachine({ name: "client", addresses: ["192.168.1.200/24"] });
  const server = real.spawn([process.execPath, WEB_SERVER, "real", "80"]);
  await linesOf(server.stdout, server.stderr).waitFor("the server", (line) => line.text === "ready");
  const silent = real.spawn([process.execPath, "-e", SILENT]);
  await linesOf(silent.stdout, silent.stderr).waitFor("the silent server", (line) => line.text === "ready");
  // Nobody is there; the kernel would say so to the client after a while, which counts as an answer.
  await director.ip("neigh replace 192.168.1.8 lladdr 02:00:00:00:00:08 dev eth0 nud permanent");
  const master = await SnmpMaster.start(director);
  const daemon = new Daemon(director, { name, config: CONFIG, flags: [...ALL_FLAGS, "-C", "-x"] });
  try {
    await daemon.logged("AgentX subagent connected", { timeoutMs: 30_000 });
    await daemon.logged("Removing service [192.168.1.8]:tcp:80", { timeoutMs: 30_000 });
    for (const [at] of [..."abcd"].entries()) {
      await client.runOk(["bash", "-c", `printf '%${100 * at + 100}s' > /dev/udp/${NAT_VIP}/9`]);
    }
    const served = `${KEEPALIVED_ROOT}.3.3.1.27.7`;
    let count = "";
    for (let turn = 0; turn < 100 && count !== "Gauge32: 4"; turn += 1) count = await master.get(served);
    return await master.walk(KEEPALIVED_ROOT);
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}\n${daemon.text}`, { cause: error });
  } finally {
    await daemon.terminate();
  }
}

describe("KEEPALIVED-MIB of virtual servers", { skip: whyNoSnmp() }, () => {
  const walks: (readonly string[])[] = [];
  for (const name of daemonNames()) {
    test(`${name} serves tables and counters`, { timeout: 120_000 }, async () => {
      const network = await Network.build();
      try {
        const rows = comparable(await walkOf(network, name));
        walks.push(rows);
        for (const row of COUNTED) assert.ok(rows.includes(row), `${row} is not in\n${rows.join("\n")}`);
      } finally {
        await network.close();
      }
    });
  }

  test("object by object the same", { skip: daemonNames().length < 2 && "needs both daemons" }, () => {
    const [first, second] = walks;
    assert.deepEqual(first, second);
  });
});
