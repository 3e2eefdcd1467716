/** Notifications about packets that are wrong, beside keepalived's. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { waitUntil } from "../helpers/event-log.ts";
import { findProgram, ROOT } from "../helpers/repository.ts";
import { whyNoLab } from "./capabilities.ts";
import { Daemon, type DaemonName, VRRP_FLAGS } from "./daemon.ts";
import { BELIEVABLE, type ForgedAdvert, forgeFrame } from "./forged.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";
import { VIP } from "./pair.ts";
import { SNMP_SOCKET, SnmpMaster, whyNoSnmp } from "./snmp-master.ts";
import { TrapLog } from "./trap-log.ts";

function config(keyword: string): string {
  return `global_defs {
  router_id LAB
  enable_traps
  snmp_socket unix:${SNMP_SOCKET}
  ${keyword}
}
vrrp_instance V {
  state BACKUP
  interface eth0
  version 2
  virtual_router_id 51
  priority 100
  authentication {
    auth_type PASS
    auth_pass s3cret
  }
  virtual_ipaddress {
    ${VIP}
  }
}
`;
}

/** Each is wrong in one way, and said once by both daemons. */
const FORGERIES: readonly Partial<ForgedAdvert>[] = [
  { authenticationType: 77 },
  { authenticationType: 0 },
  { password: "wrong" },
  { ttl: 254 },
  { checksumError: 1 },
  { versionAndType: 0x31, cut: 8 },
];

/** Keyword, and how many notifications all forgeries cause. */
const CASES: readonly (readonly [keyword: string, count: number])[] = [
  ["enable_snmp_rfcv2", 3],
  ["enable_snmp_rfcv3", 3],
];

async function trapsOf(name: DaemonName, keyword: string, count: number): Promise<readonly string[]> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
    const attacker = await network.addMachine({ name: "attacker", addresses: ["192.168.1.66/24"] });
    const traps = await TrapLog.start(machine);
    await SnmpMaster.start(machine, TrapLog.place);
    const daemon = new Daemon(machine, { name, config: config(keyword), flags: VRRP_FLAGS });
    await daemon.logged("(V) Entering MASTER STATE", { timeoutMs: 20_000 });
    await waitUntil("the new master", () => (traps.position > 0 ? true : null), { timeoutMs: 20_000 });
    const from = traps.position;
    for (const forgery of FORGERIES) {
      const input = `${forgeFrame({ ...BELIEVABLE, ...forgery }).toString("hex")}\n`;
      await attacker.runOk(["python3", `${ROOT}/test/lab/programs/send-frames.py`, "eth0"], { input });
    }
    await waitUntil(
      `${count} notifications of ${name}, ${keyword}`,
      () => (traps.since(from).length >= count ? true : null),
      { timeoutMs: 20_000 },
    ).catch((error: unknown) => {
      throw new Error(
        `${error instanceof Error ? error.message : error}: ${traps.since(from).join("\n")}\n${daemon.text}`,
      );
    });
    // One too many would come at once.
    await machine.runOk(["sleep", "1"]);
    await daemon.terminate();
    return traps.since(from);
  } finally {
    await network.close();
  }
}

const WHY_NOT = whyNoLab() || whyNoSnmp("snmptrapd") || (findProgram("python3") === null && "needs python3");

describe("notifications about wrong packets", { skip: WHY_NOT }, () => {
  for (const [keyword, count] of CASES) {
    test(`${keyword}: the same ones with the same objects`, { timeout: 120_000 }, async () => {
      const all: (readonly string[])[] = [];
      for (const name of daemonNames()) all.push(await trapsOf(name, keyword, count));
      const [first, second = first] = all;
      assert.deepEqual(first, second);
      assert.equal(first?.length, count, first?.join("\n"));
    });
  }
});
