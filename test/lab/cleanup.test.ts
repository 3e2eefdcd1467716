import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Finished } from "../helpers/process.ts";
import { ROOT } from "../helpers/repository.ts";
import { whyNoLab } from "./capabilities.ts";
import { CONFIG_PATH, Daemon, VRRP_FLAGS } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { Network } from "./network.ts";
import { kernelState } from "./routes-state.ts";

const OWNED = "/run/holdfast/owned/daemon.json";
const VIP = "192.168.1.100";
const CONFIG = `global_defs {
 router_id LAB
 vrrp_version 3
 nftables
}
static_ipaddress {
 10.9.0.50/32 dev eth1 scope link
}
static_routes {
 10.41.0.0/16 dev eth1 table 100
}
static_rules {
 from 10.40.0.0/16 table 100 priority 1000
}
vrrp_instance VI_1 {
 state BACKUP
 interface eth0
 virtual_router_id 51
 priority 200
 advert_int 0.1
 no_accept
 virtual_ipaddress {
  ${VIP}/24
 }
 virtual_routes {
  10.21.0.0/16 dev eth1
 }
 virtual_rules {
  from 10.42.0.0/16 table 101 priority 1001
 }
}
vrrp_instance VI_2 {
 state BACKUP
 interface eth0
 virtual_router_id 52
 priority 200
 advert_int 0.1
 use_vmac
 virtual_ipaddress {
  192.168.1.102
 }
}
`;
/** Somebody else's objects of every kind that is taken away. */
const STRANGERS = [
  "link add eth1 address 02:00:00:00:01:01 type veth peer name far1 address 02:00:00:00:01:02",
  "link set far1 up",
  "link set eth1 up",
  "addr add 10.9.0.5/24 dev eth1",
  "addr add 192.168.1.201/24 dev eth0",
  "link add vrrp.99 link eth0 type macvlan mode private",
  "route add 10.77.0.0/16 dev eth1",
  "rule add from 10.78.0.0/16 table 102 priority 1002",
].join("\n");

function cleanup(machine: Machine, ...options: readonly string[]): Promise<Finished> {
  const words = [join(ROOT, "bin", "holdfast"), "cleanup", "--", "-f", CONFIG_PATH, ...options];
  return machine.run(words);
}

async function tables(machine: Machine): Promise<string> {
  return await machine.runOk(["nft", "list", "tables"]);
}

async function withMachine(scenario: (machine: Machine) => Promise<void>): Promise<void> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
    await machine.ip(STRANGERS);
    await machine.runOk(["nft", "add table ip theirs; add table ip6 theirs"]);
    await scenario(machine);
  } finally {
    await network.close();
  }
}

/** Leaves what both instances hold. */
async function crashAsMaster(machine: Machine): Promise<void> {
  const daemon = new Daemon(machine, { name: "holdfast", config: CONFIG, flags: VRRP_FLAGS });
  await daemon.logged("(VI_1) Entering MASTER STATE");
  await daemon.logged("(VI_2) Entering MASTER STATE");
  daemon.crash();
  await daemon.ended;
}

describe("holdfast cleanup", { concurrency: 2, skip: whyNoLab() }, () => {
  test("takes away what a killed daemon left, and nothing else", { timeout: 60_000 }, () =>
    withMachine(async (machine) => {
      const before = await kernelState(machine);
      await crashAsMaster(machine);
      const left = await kernelState(machine);
      for (const what of ["addresses", "links", "routes", "rules", "firewall"] as const)
        assert.notDeepEqual(left[what], before[what], `the kill left no ${what}`);

      const { status, stdout, stderr } = await cleanup(machine, "-P");
      assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
      assert.match(stdout, /^removed 192\.168\.1\.100\/24 on eth0$/m);
      assert.match(stdout, /^removed VMAC vrrp\.52 on eth0$/m);
      const after = await kernelState(machine);
      for (const what of ["addresses", "links", "routes", "rules", "firewall"] as const)
        assert.deepEqual(after[what], before[what], what);
      assert.equal(await tables(machine), "table ip theirs\ntable ip6 theirs\n");
      assert.equal((await machine.run(["ls", "/run/keepalived.pid"])).status, 2, "the pid file is still there");

      const again = await cleanup(machine, "-P");
      assert.deepEqual([again.status, again.stdout, again.stderr], [0, "", ""], "a second run finds nothing");
    }),
  );

  test("refuses while the daemon runs, and keeps what -V keeps", { timeout: 60_000 }, () =>
    withMachine(async (machine) => {
      const daemon = new Daemon(machine, { name: "holdfast", config: CONFIG, flags: VRRP_FLAGS });
      await daemon.logged("(VI_1) Entering MASTER STATE");
      const up = await kernelState(machine);
      const refused = await cleanup(machine, "-P");
      assert.equal(refused.status, 1);
      assert.match(refused.stderr, /a daemon is running \(pid \d+, \/run\/keepalived\.pid\); nothing was removed/);
      assert.deepEqual((await kernelState(machine)).addresses, up.addresses);
      daemon.crash();
      await daemon.ended;
      assert.equal((await cleanup(machine, "-P", "-V")).status, 0);
      assert.deepEqual((await kernelState(machine)).addresses, up.addresses);
    }),
  );

  test("a file that no longer loads keeps nothing from being taken away", { timeout: 60_000 }, () =>
    withMachine(async (machine) => {
      const before = await kernelState(machine);
      await crashAsMaster(machine);
      await machine.runOk(["rm", CONFIG_PATH]);
      assert.equal((await machine.runOk(["stat", "-c", "%a", OWNED])).trim(), "600");
      const { status, stderr } = await cleanup(machine, "-P");
      assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
      const after = await kernelState(machine);
      for (const what of ["addresses", "links", "routes", "rules", "firewall"] as const)
        assert.deepEqual(after[what], before[what], what);
      assert.notEqual((await machine.run(["ls", OWNED])).status, 0);
    }),
  );

  test("the next run takes away what a killed one had and its file no longer names", { timeout: 60_000 }, () =>
    withMachine(async (machine) => {
      const before = await kernelState(machine);
      const first = new Daemon(machine, { name: "holdfast", config: CONFIG, flags: VRRP_FLAGS });
      await first.logged("(VI_1) Entering MASTER STATE");
      await first.logged("(VI_2) Entering MASTER STATE");
      first.crash();
      await first.ended;
      const kept = CONFIG.slice(0, CONFIG.indexOf("static_ipaddress"));
      const config = `${kept}vrrp_instance VI_1 {
 interface eth0
 virtual_router_id 51
 priority 200
 advert_int 0.1
 virtual_ipaddress {
  ${VIP}/24
  192.168.1.103
 }
}
`;
      const second = new Daemon(machine, { name: "holdfast", config, flags: VRRP_FLAGS });
      await second.logged("(VI_1) Entering MASTER STATE");
      const now = await kernelState(machine);
      for (const what of ["links", "routes", "rules"] as const) assert.deepEqual(now[what], before[what], what);
      const addresses = await machine.runOk(["ip", "-brief", "address", "show"]);
      for (const there of [`${VIP}/24`, "192.168.1.103/32"]) assert.ok(addresses.includes(there), addresses);
      assert.doesNotMatch(addresses, /10\.9\.0\.50|192\.168\.1\.102/);
      assert.deepEqual(await second.terminate(), { status: 0, signal: null });
      assert.notEqual((await machine.run(["ls", OWNED])).status, 0, "nothing is ours any more");
    }),
  );

  test("a configuration that can't be read removes nothing and says so", { timeout: 60_000 }, () =>
    withMachine(async (machine) => {
      const { status, stderr } = await cleanup(machine);
      assert.notEqual(status, 0);
      assert.match(stderr, /is not usable, so it is not known what to remove/);
    }),
  );
});
