/** keepalived_check.data of both daemons for the same configuration: the same keys in the same layout. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ALL_FLAGS, Daemon, type DaemonName } from "../daemon.ts";
import { comparableChecks, differencesOf, readDump } from "../dumps.ts";
import type { Machine } from "../machine.ts";
import { daemonNames } from "../matrix.ts";
import { Network } from "../network.ts";

const CONFIG = `global_defs {
  router_id LAB
}
bfd_instance far {
  neighbor_ip 192.168.1.77
}
bfd_instance idle {
  neighbor_ip 192.168.1.78
}
track_file load {
  file /run/load
  weight 1
}
virtual_server_group G {
  192.168.1.30-32 80
  192.168.1.40 80
  fwmark 7
}
virtual_server 192.168.1.10 80 {
  snmp_name shop
  delay_loop 60
  lb_algo wrr
  lb_kind NAT
  persistence_timeout 50
  protocol TCP
  quorum 2
  hysteresis 1
  quorum_up "/usr/bin/true up"
  sorry_server 192.168.1.99 80
  real_server 192.168.1.2 80 {
    weight 3
    virtualhost b.example
    snmp_name first
    inhibit_on_failure
    notify_down "/usr/bin/true down"
    TCP_CHECK {
      connect_timeout 3
      connect_port 81
      bindto 192.168.1.5
    }
  }
  real_server 192.168.1.3 80 {
    HTTP_GET {
      url {
        path /a
        status_code 200
        regex "up[0-9]"
      }
      retry 2
    }
  }
}
virtual_server fwmark 5 {
  lb_algo rr
  lb_kind DR
  real_server 192.168.1.4 0 {
    uthreshold 9
    PING_CHECK {
    }
  }
}
virtual_server group G {
  lb_algo mh
  lb_kind TUN
  protocol UDP
  ops
  alpha
  omega
  virtualhost a.example
  real_server 192.168.1.6 80 {
    SSL_GET {
      url {
        path /b
        digest 0123456789abcdef0123456789abcdef
      }
    }
  }
  real_server 192.168.1.8 80 {
    MISC_CHECK {
      misc_path "/usr/bin/true a"
      misc_timeout 4
    }
    SMTP_CHECK {
      helo_name lab.example
    }
    DNS_CHECK {
      name example.org
      type A
    }
    FILE_CHECK {
      track_file load
      weight 2
    }
  }
  real_server 192.168.1.9 80 {
    BFD_CHECK {
      name far
    }
  }
  real_server 192.168.1.7 80 {
    UDP_CHECK {
      connect_port 53
      require_reply
    }
  }
}
`;

/** Checks that rest (nobody holds the address), a file that asks for less than no weight, prefix lengths as by default and not. */
const MORE = `virtual_server 2001:db8::10 80 {
  lb_algo rr
  lb_kind DR
  protocol TCP
  persistence_timeout 50
  persistence_granularity 128
  ha_suspend
  real_server 2001:db8::2 80 {
    TCP_CHECK {
    }
    MISC_CHECK {
      misc_path /usr/bin/true
    }
    FILE_CHECK {
      track_file load
      weight -2
    }
    BFD_CHECK {
      name idle
    }
  }
}
virtual_server 2001:db8::11 80 {
  lb_algo rr
  lb_kind DR
  protocol TCP
  persistence_timeout 50
  persistence_granularity 64
  delay_loop 3600
  real_server 2001:db8::2 80 {
    weight 4
    MISC_CHECK {
      misc_path "/usr/bin/sh -c 'exit 9'"
    }
  }
}
`;

/** A reload with another weight for one server. */
const WHOLE = CONFIG + MORE;
const RELOADED = WHOLE.replace("    weight 3\n", "    weight 8\n");

async function ask(machine: Machine, daemon: Daemon): Promise<string> {
  await machine.run(["rm", "-f", "/tmp/keepalived_check.data"]);
  daemon.signal("SIGUSR1");
  return await readDump(machine, "keepalived_check.data");
}

/** At the start, and after the reload. */
async function dumpsBy(machine: Machine, name: DaemonName): Promise<readonly [string, string]> {
  machine.writeFile("/run/load", "3\n");
  const daemon = new Daemon(machine, { name, config: WHOLE, flags: [...ALL_FLAGS, "-C"] });
  try {
    await daemon.logged("Startup complete");
    const first = await ask(machine, daemon);
    daemon.reload(RELOADED);
    await daemon.logged("Reload complete");
    return [first, await ask(machine, daemon)];
  } finally {
    await daemon.terminate();
  }
}

describe("keepalived_check.data", () => {
  let network: Network;
  let machine: Machine;
  before(async () => {
    network = await Network.build();
    machine = await network.addMachine({ name: "director", addresses: ["192.168.1.5/24", "2001:db8::5/64"] });
  });
  after(() => network.close());

  const dumps = new Map<DaemonName, readonly [string, string]>();
  for (const name of daemonNames()) {
    test(`${name} writes it`, { timeout: 60_000 }, async () => {
      const texts = await dumpsBy(machine, name);
      dumps.set(name, texts);
      assert.match(texts[0], /^ {3}RIP = 192\.168\.1\.2, RPORT = 80, WEIGHT = 3 EFF WEIGHT = 3$/m);
    });
  }
  for (const [at, when] of ["at the start", "after a reload"].entries()) {
    test(`both have the same keys and the same layout ${when}`, {
      skip: daemonNames().length < 2 && "needs both daemons",
    }, async () => {
      const [theirs = "", ours = ""] = (["keepalived", "holdfast"] as const).map((name) => dumps.get(name)?.[at]);
      assert.equal(await differencesOf(comparableChecks(theirs), comparableChecks(ours)), "");
    });
  }
});
