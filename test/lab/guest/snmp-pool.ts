import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { waitUntil } from "../../helpers/event-log.ts";
import { ALL_FLAGS, Daemon, type DaemonName } from "../daemon.ts";
import { ipvsTable } from "../ipvs.ts";
import type { Machine } from "../machine.ts";
import { daemonNames } from "../matrix.ts";
import { Network } from "../network.ts";
import { KEEPALIVED_ROOT, SNMP_SOCKET, SnmpMaster, whyNoSnmp } from "../snmp-master.ts";
import { TrapLog } from "../trap-log.ts";

const HEALTHY = "/run/healthy";

function realServer(address: string, words = ""): string {
  return `  real_server ${address} {
    weight 2
    ${words}
    MISC_CHECK {
      misc_path "/usr/bin/test -e ${HEALTHY}"
      retry 0
      warmup 0
      delay_loop 1
    }
  }
`;
}

const CONFIG = `global_defs {
  router_id LAB
  script_user root
  enable_traps
  enable_snmp_checker
  snmp_socket unix:${SNMP_SOCKET}
}
virtual_server_group web {
  192.168.1.120 80
}
virtual_server 192.168.1.100 80 {
  lb_algo rr
  lb_kind NAT
  protocol TCP
  quorum 3
  sorry_server 192.168.1.9 80
${realServer("192.168.1.7 80")}
  real_server 192.168.1.8 80 {
    weight 2
  }
}
virtual_server fwmark 7 {
  lb_algo rr
  lb_kind NAT
${realServer("192.168.1.7 80", "inhibit_on_failure")}
}
virtual_server group web {
  lb_algo rr
  lb_kind NAT
  protocol TCP
${realServer("192.168.1.7 80")}
}
virtual_server 2001:db8::100 80 {
  lb_algo rr
  lb_kind NAT
  protocol UDP
${realServer("2001:db8:1::7 80")}
}
`;

const DEAD_SERVERS = 4;
const LOST_QUORUMS = 4;
const GONE = DEAD_SERVERS + LOST_QUORUMS;

const WEIGHT = `${KEEPALIVED_ROOT}.3.4.1.7.1.3`;

/** Object, type, value and how net-snmp names the error. The first row of the table is the sorry server. */
const SETS: readonly (readonly [oid: string, type: string, value: string, error: string | null])[] = [
  [WEIGHT, "i", "9", null],
  [WEIGHT, "u", "5", "wrongType"],
  [`${KEEPALIVED_ROOT}.3.4.1.8.1.3`, "u", "5", "notWritable"],
  [`${KEEPALIVED_ROOT}.3.3.1.22.1`, "u", "5", "notWritable"],
];

/** keepalived takes -1 for 255, and of a row that is not there another server gets the weight. */
const REFUSED: typeof SETS = [
  [WEIGHT, "i", "-1", "wrongValue"],
  [WEIGHT, "i", "65536", "wrongValue"],
  [`${KEEPALIVED_ROOT}.3.4.1.7.1.1`, "i", "5", "notWritable"],
  [`${KEEPALIVED_ROOT}.3.4.1.7.1.7`, "i", "5", "notWritable"],
];

function weightOf(director: Machine, address: string): number | undefined {
  const service = ipvsTable(director).find((one) => one.address === "192.168.1.100");
  return service?.destinations.find((one) => one.address === address)?.weight;
}

async function weighs(director: Machine, weight: number): Promise<void> {
  await waitUntil(`a weight of ${weight}`, () => (weightOf(director, "192.168.1.8") === weight ? true : null), {
    timeoutMs: 20_000,
  });
}

interface Seen {
  readonly phases: readonly (readonly string[])[];
  readonly sets: readonly (string | null)[];
}

async function watch(network: Network, name: DaemonName): Promise<Seen> {
  const director = await network.addMachine({ name: "director", addresses: ["192.168.1.1/24", "2001:db8::1/64"] });
  const traps = await TrapLog.start(director);
  const master = await SnmpMaster.start(director, TrapLog.place);
  director.writeFile(HEALTHY, "");
  const daemon = new Daemon(director, { name, config: CONFIG, flags: [...ALL_FLAGS, "-C"] });
  const phases: (readonly string[])[] = [];
  const phase = async (count: number): Promise<void> => {
    const before = phases.flat().length;
    await waitUntil(`${count} notifications`, () => (traps.since(before).length >= count ? true : null), {
      timeoutMs: 30_000,
    }).catch((error: unknown) => {
      throw new Error(
        `${name}: ${error instanceof Error ? error.message : error}; there were\n${traps.since(0).join("\n")}\n${daemon.text}`,
      );
    });
    // One too many would come at once.
    await director.runOk(["sleep", "1"]);
    phases.push([...traps.since(before)].sort());
  };
  await daemon.logged("AgentX subagent connected", { timeoutMs: 30_000 });
  await weighs(director, 2);
  await director.runOk(["sleep", "3"]);
  phases.push([...traps.since(0)].sort());
  await director.runOk(["rm", HEALTHY]);
  await phase(GONE);
  director.writeFile(HEALTHY, "");
  await phase(GONE);
  const sets: (string | null)[] = [];
  for (const [oid, type, value] of SETS) sets.push(await master.set(oid, type, value));
  await weighs(director, 9);
  assert.equal(await master.get(WEIGHT), "INTEGER: 9", name);
  for (const [oid, type, value, error] of name === "holdfast" ? REFUSED : [])
    assert.equal(await master.set(oid, type, value), error, `${oid} ${value}`);
  assert.equal(await master.set(WEIGHT, "i", "2"), null);
  await weighs(director, 2);
  phases.push([...traps.since(phases.flat().length)].sort());
  await daemon.terminate();
  await director.runOk(["sleep", "1"]);
  phases.push([...traps.since(phases.flat().length)].sort());
  return { phases, sets };
}

describe("SNMP about pools", { skip: whyNoSnmp("snmptrapd") }, () => {
  const all: Seen[] = [];
  for (const name of daemonNames()) {
    test(`${name} notifies, and weights can be set`, { timeout: 120_000 }, async () => {
      const network = await Network.build();
      try {
        const seen = await watch(network, name);
        all.push(seen);
        assert.deepEqual(
          seen.sets,
          SETS.map(([, , , error]) => error),
        );
      } finally {
        await network.close();
      }
    });
  }

  test("both notify of the same", { skip: daemonNames().length < 2 && "needs both daemons" }, () => {
    assert.deepEqual(all[0]?.phases, all[1]?.phases);
  });
});
