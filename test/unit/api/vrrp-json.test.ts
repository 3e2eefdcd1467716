import assert from "node:assert/strict";
import { test } from "node:test";
import { placeConfiguration } from "../../../src/api/placed.ts";
import { statisticsOf } from "../../../src/api/statistics.ts";
import { type JsonInstance, renderJson } from "../../../src/api/vrrp-json.ts";
import type { TrackProcess } from "../../../src/model/tracking.ts";
import type { VrrpInstanceSnapshot } from "../../../src/runtime/vrrp-types.ts";
import { loadWhole } from "../../helpers/load-text.ts";

const TEXT = `vrrp_instance VI_1 {
 interface eth0
 virtual_router_id 51
 priority 90
 authentication {
  auth_type PASS
  auth_pass secret
 }
 virtual_ipaddress {
  10.0.0.100/24
 }
}
`;
const { configuration } = loadWhole(TEXT);
const SNAPSHOT: VrrpInstanceSnapshot = {
  name: "VI_1",
  family: "inet",
  version: 2,
  vrid: 51,
  interfaceName: "eth0",
  state: "active",
  sinceUs: 1_000_000,
  basePriority: 90,
  effectivePriority: 95,
  sourceAddress: "10.0.0.1",
  activeRouter: null,
  faultReasons: [],
  virtualAddresses: ["10.0.0.100/24"],
  becameActive: 4,
  releasedActive: 3,
  counters: null,
};
const INSTANCES: readonly JsonInstance[] = placeConfiguration(configuration, []).vrrpInstances.map((config) => ({
  config,
  snapshot: SNAPSHOT,
  statistics: { ...statisticsOf(SNAPSHOT), received: 7, addressListErrors: 6, priorityZeroSent: 5 },
  lastTransitionSec: 1700000000.25,
}));

const INSTANCE_JSON =
  '{"data":{"iname":"VI_1","dont_track_primary":0,"skip_check_adv_addr":0,"strict_mode":0,"vmac_ifname":"","ifp_ifname":"eth0",' +
  '"master_priority":0,"last_transition":1700000000.25,"garp_delay":5,"garp_refresh":0,"garp_rep":5,"garp_refresh_rep":1,' +
  '"garp_lower_prio_delay":5,"garp_lower_prio_rep":5,"lower_prio_no_advert":0,"higher_prio_send_advert":0,"vrid":51,' +
  '"base_priority":90,"effective_priority":95,"vipset":true,"promote_secondaries":false,"adver_int":1,"master_adver_int":1,' +
  '"accept":1,"nopreempt":false,"preempt_delay":0,"state":2,"wantstate":2,"version":2,"smtp_alert":false,"notify_deleted":false,' +
  '"vips":["10.0.0.100\\/24 dev eth0 scope global set"],"auth_type":1,"auth_data":"********"},' +
  '"stats":{"advert_rcvd":7,"advert_sent":0,"become_master":4,"release_master":3,"packet_len_err":0,"advert_interval_err":0,' +
  '"ip_ttl_err":0,"invalid_type_rcvd":0,"addr_list_err":6,"invalid_authtype":0,"authtype_mismatch":0,"auth_failure":0,' +
  '"pri_zero_rcvd":0,"pri_zero_sent":5}}';

test("JSON: keepalived's keys in keepalived's order, slashes escaped, the password hidden", () => {
  assert.equal(renderJson(INSTANCES, 1), `[${INSTANCE_JSON}]\n`);
});

test("JSON: addresses and scripts are spelled as keepalived 2.2.7 does", () => {
  const text = `vrrp_instance VI_1 {
 interface eth0
 virtual_router_id 51
 use_vmac
 notify_master "/bin/echo 'a b' c"
 virtual_ipaddress {
  10.0.0.100
  10.0.0.101/24 brd 10.0.0.255 dev eth0 label eth0:1
 }
 virtual_ipaddress_excluded {
  fd00::5
 }
}
`;
  const { configuration: other } = loadWhole(text);
  const [config] = placeConfiguration(other, []).vrrpInstances;
  const [instance] = INSTANCES;
  assert.ok(config !== undefined && instance !== undefined);
  const [{ data }] = JSON.parse(renderJson([{ ...instance, config }], 1));
  assert.deepEqual(data.vips, [
    "10.0.0.100 dev vrrp.51@eth0 scope global set",
    "10.0.0.101/24 brd 10.0.0.255 dev vrrp.51@eth0 scope global label eth0:1 set",
  ]);
  assert.deepEqual(data.evips, ["fd00::5 dev eth0 scope global deprecated set"]);
  assert.equal(data.script_master, "'/bin/echo' 'a b' 'c'");
});

test("JSON of version 2 has the instances under a key", () => {
  assert.equal(renderJson(INSTANCES, 2), `{"vrrp":[${INSTANCE_JSON}]}\n`);
  const process: TrackProcess = {
    name: "web",
    command: ["/usr/sbin/nginx", "-g", "daemon off"],
    parameterMatch: "partial",
    matchesFullCommand: true,
    weight: -10,
    isReversed: false,
    quorum: 2,
    quorumMaximum: null,
    forkDelayUs: 1_500_000,
    terminateDelayUs: 0,
    place: { file: "/a.conf", line: 1, column: 1 },
  };
  const processes = [{ process, state: { count: 3, hasQuorum: false, isDelayed: true } }];
  assert.deepEqual(JSON.parse(renderJson(INSTANCES, 1, processes)), JSON.parse(`[${INSTANCE_JSON}]`));
  assert.deepEqual(JSON.parse(renderJson(INSTANCES, 2, processes)).track_process, [
    {
      process: "/usr/sbin/nginx",
      parameters: "-g daemon off",
      param_match: "partial",
      min_processes: 2,
      max_processes: 4294967295,
      current_processes: 3,
      have_quorum: false,
      weight: -10,
      terminate_delay: 0,
      fork_delay: 1.5,
      fork_delay_timer_running: true,
      terminate_delay_timer_running: false,
      full_command: true,
    },
  ]);
});
