import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { daemonNames } from "../matrix.ts";
import { observe } from "../routes-state.ts";

const VIP = "192.168.1.100";
const SETUP = `link add blue address 02:00:00:00:03:01 type vrf table 101
link set blue up
link add eth1 address 02:00:00:00:01:01 type veth peer name far1
link set far1 address 02:00:00:00:02:01
link set far1 up
link set eth1 master blue
link set eth1 up
addr add 10.1.0.1/24 dev eth1`;

const CONFIG = `global_defs {\n router_id LAB\n vrrp_version 3\n}
static_routes {
 10.50.0.0/16 via 10.1.0.9 dev eth1 vrf blue
}
vrrp_instance VI_1 {
 state BACKUP
 interface eth0
 virtual_router_id 51
 priority 200
 advert_int 0.2
 virtual_ipaddress {
  ${VIP}
  10.1.0.100/24 dev eth1 use_vmac
 }
 virtual_routes {
  10.60.0.0/16 via 10.1.0.9 dev eth1 vrf blue
  10.61.0.0/16 dev eth0
 }
}
`;

describe("VRFs", () => {
  const skip = daemonNames().length === 2 ? false : "needs holdfast and keepalived";
  test("routes go into the VRF's table and VMACs into the VRF, as keepalived has it", {
    skip,
    timeout: 240_000,
  }, async () => {
    const options = { vip: VIP, setup: SETUP, settles: true };
    const theirs = await observe("keepalived", CONFIG, options);
    const ours = await observe("holdfast", CONFIG, options);
    assert.ok(
      ours.master.routes.some((line) => /10\.60\.0\.0\/16 .*table (blue|101)/.test(line)),
      ours.log,
    );
    for (const part of ["routes", "links", "addresses"] as const) {
      assert.deepEqual(ours.master[part], theirs.master[part], `${part} while master\n${ours.log}`);
      assert.deepEqual(ours.after[part], ours.before[part], `${part} after the end`);
    }
  });
});
