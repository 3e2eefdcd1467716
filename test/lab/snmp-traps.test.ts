import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { waitUntil } from "../helpers/event-log.ts";
import { whyNoLab } from "./capabilities.ts";
import { Daemon, type DaemonName, VRRP_FLAGS } from "./daemon.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";
import { SNMP_SOCKET, SnmpMaster, whyNoSnmp } from "./snmp-master.ts";
import { TrapLog } from "./trap-log.ts";

function config(keyword: string): string {
  return `global_defs {
  router_id LAB
  enable_traps
  snmp_socket unix:${SNMP_SOCKET}
  ${keyword}
}
vrrp_sync_group G {
  group {
    V
    W
  }
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
  state MASTER
  version 3
  interface eth0
  virtual_router_id 52
  priority 100
  virtual_ipaddress {
    192.168.1.101
  }
}
vrrp_instance X {
  state MASTER
  version 3
  interface eth0
  virtual_router_id 53
  priority 100
  virtual_ipaddress {
    2001:db8::53
  }
}
`;
}

/** Keyword, and how many notifications there are until all are active, in fault, active again, and stopped. */
const CASES: readonly (readonly [keyword: string, counts: readonly [number, number, number, number]])[] = [
  ["enable_snmp_vrrp", [8, 4, 8, 4]],
  ["enable_snmp_rfcv2", [1, 0, 1, 0]],
  ["enable_snmp_rfcv3", [3, 0, 3, 0]],
];

async function trapsOf(name: DaemonName, keyword: string, counts: readonly number[]): Promise<readonly string[][]> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24", "2001:db8::5/64"] });
    const traps = await TrapLog.start(machine);
    await SnmpMaster.start(machine, TrapLog.place);
    const daemon = new Daemon(machine, { name, config: config(keyword), flags: VRRP_FLAGS });
    const moves = [
      () => daemon.logged("(X) Entering MASTER STATE", { timeoutMs: 20_000 }),
      () => machine.ip("link set eth0 down"),
      () => machine.ip("link set eth0 up"),
      () => daemon.terminate(),
    ];
    const phases: string[][] = [];
    for (const [at, move] of moves.entries()) {
      const before = phases.flat().length;
      await move();
      const count = counts[at] ?? 0;
      await waitUntil(
        `${count} notifications of ${name}, ${keyword}, phase ${at}; there were ${traps.since(before).join("\n")}`,
        () => (traps.since(before).length >= count ? true : null),
        { timeoutMs: 20_000 },
      );
      // One too many would come at once.
      await machine.runOk(["sleep", "1"]);
      phases.push([...traps.since(before)].sort());
    }
    return phases;
  } finally {
    await network.close();
  }
}

describe("notifications beside keepalived's", { skip: whyNoLab() || whyNoSnmp("snmptrapd") }, () => {
  for (const [keyword, counts] of CASES) {
    test(`${keyword}: the same ones with the same objects`, { timeout: 120_000 }, async () => {
      const all = await Promise.all(daemonNames().map((name) => trapsOf(name, keyword, counts)));
      const [first, second = first] = all;
      assert.deepEqual(first, second);
      assert.deepEqual(
        first?.map((phase) => phase.length),
        counts,
        first?.flat().join("\n"),
      );
    });
  }
});
