/** `-m` and `-M` beside keepalived. The kernel's pattern, which is the whole machine's, is a file of the test's here. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import { Daemon, type DaemonName, VRRP_FLAGS } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";

const PATTERN = "/run/lab/core_pattern";
const CONFIG = `vrrp_instance V {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority 150
  advert_int 1
  virtual_ipaddress {
    192.168.1.100/24
  }
  notify_backup "/bin/sh /run/lab/limit"
}
global_defs {
  script_user root
}
`;

interface Seen {
  /** Of each process: soft and hard limit, and that of scripts. */
  readonly limits: readonly string[];
  readonly script: string;
  readonly pattern: string;
  readonly patternAfter: string;
}

async function machineWithPattern(network: Network): Promise<Machine> {
  const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
  machine.writeFile(PATTERN, "machine.%p\n");
  machine.writeFile("/run/lab/limit", "ulimit -c > /run/lab/core-limit\n");
  await machine.runOk(["mount", "--bind", PATTERN, "/proc/sys/kernel/core_pattern"]);
  return machine;
}

async function see(name: DaemonName, flags: readonly string[]): Promise<Seen> {
  const network = await Network.build();
  try {
    const machine = await machineWithPattern(network);
    // What the service manager gave it: nothing soft, something hard.
    const wrapper = ["prlimit", "--core=0:unlimited"];
    const daemon = new Daemon(machine, { name, config: CONFIG, flags: [...VRRP_FLAGS, ...flags], wrapper });
    await daemon.logged("(V) Entering MASTER STATE", { timeoutMs: 20_000 });
    const limits = daemon.pids.map(
      (pid) => /^Max core file size +(\S+ +\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, "utf8"))?.[1] ?? "",
    );
    const pattern = machine.readFile(PATTERN).trim();
    await daemon.terminate();
    const script = machine.readFile("/run/lab/core-limit").trim();
    return { limits: [...new Set(limits)], script, pattern, patternAfter: machine.readFile(PATTERN).trim() };
  } finally {
    await network.close();
  }
}

describe("core dumps", { skip: whyNoLab(["prlimit"]) }, () => {
  for (const name of daemonNames()) {
    test(`${name}: without a flag limits and pattern stay`, async () => {
      const { limits, pattern } = await see(name, []);
      assert.deepEqual([limits.map((limit) => limit.replace(/ +/, " ")), pattern], [["0 unlimited"], "machine.%p"]);
    });
    test(`${name}: -m lifts the limit`, async () => {
      const { limits, pattern } = await see(name, ["-m"]);
      assert.deepEqual(
        [limits.map((limit) => limit.replace(/ +/, " ")), pattern],
        [["unlimited unlimited"], "machine.%p"],
      );
    });
  }

  // keepalived 2.2.7 writes behind what it has read, and kernels since 3.16 ignore that.
  test("-M sets the pattern as well, and puts it back", async () => {
    const seen = await see("holdfast", ["-M/var/crash/%e"]);
    assert.deepEqual([seen.pattern, seen.patternAfter], ["/var/crash/%e", "machine.%p"]);
    assert.equal((await see("holdfast", ["-M"])).pattern, "core");
  });
});
