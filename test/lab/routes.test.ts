import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { linesOf } from "../helpers/process.ts";
import { whyNoLab } from "./capabilities.ts";
import type { Daemon } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { type KernelState, observe } from "./routes-state.ts";

const VIP = "192.168.1.100";
const SECOND_LINK = [
  "link add eth1 address 02:00:00:00:01:01 type veth peer name far1 address 02:00:00:00:01:02",
  "link set far1 up",
  "link set eth1 up",
  "addr add 10.9.0.5/24 dev eth1",
  "addr add 2001:db8::5/64 dev eth0 nodad",
].join("\n");

function config(blocks: string): string {
  return `global_defs {\n router_id LAB\n vrrp_version 3\n}\nvrrp_instance VI_1 {\n state BACKUP\n interface eth0
 virtual_router_id 51\n priority 200\n advert_int 0.1\n virtual_ipaddress {\n ${VIP}\n }\n${blocks}}\n`;
}

/** What the log says of objects since the instance became master. */
function movesIn(log: string): readonly string[] {
  const since = log.slice(log.indexOf("Entering MASTER STATE"));
  return [...since.matchAll(/(?:setting|removing) (?:E-)?(?:VIPs|Virtual Routes|Virtual Rules)/g)].map(
    ([text]) => text,
  );
}

async function assertSameAs(blocks: string, parts: readonly (keyof KernelState)[]): Promise<void> {
  const text = config(blocks);
  const [theirs, ours] = await Promise.all(
    (["keepalived", "holdfast"] as const).map((name) => observe(name, text, { vip: VIP, setup: SECOND_LINK })),
  );
  for (const part of parts) {
    assert.deepEqual(ours?.master[part], theirs?.master[part], `${part} while master\n${ours?.log}`);
    assert.deepEqual(ours?.after[part], ours?.before[part], `${part} after the end`);
  }
  const moves = movesIn(theirs?.log ?? "");
  assert.ok(moves.includes("setting VIPs"), theirs?.log);
  assert.deepEqual(movesIn(ours?.log ?? ""), moves);
}

const ADDRESSES = `virtual_ipaddress_excluded {
  192.168.1.101/24 brd 192.168.1.255 dev eth0 label eth0:vip
  10.9.1.100/24 dev eth1 scope link
  10.9.0.101 dev eth1 home
  10.9.0.102/24 dev eth1 noprefixroute
  10.9.0.104/32 dev eth1 preferred_lft 0
  2001:db8::100/64
  2001:db8::101
  2001:db8::102/128 preferred_lft forever
  2001:db8::103/64 dev eth1 -nodad
  2001:db8::104/64 mngtmpaddr
  2001:db8::105/64 home noprefixroute
}
`;

const ROUTES = `virtual_routes {
  10.20.0.0/16 via 192.168.1.1
  10.21.0.0/16 dev eth1
  10.22.0.0/16 via 192.168.1.1 dev eth0 src ${VIP} table 100 metric 7 tos 0x10
  blackhole 10.23.0.0/16
  unreachable 10.24.0.0/16 no_track
  prohibit 10.25.0.0/16 metric 9
  10.26.0.0/16 dev eth1 scope link mtu lock 1300 advmss 1200 rtt 300ms rttvar 200ms rto_min 500ms window 2000 cwnd 5 ssthresh 6 initcwnd 7 initrwnd 8 hoplimit 9 reordering 10 quickack 1 features ecn
  10.27.0.0/16 nexthop via 192.168.1.1 dev eth0 weight 2 nexthop via 10.9.0.1 dev eth1 weight 5
  10.28.0.0/16 via 172.16.0.1 dev eth1 onlink
  10.29.0.0/16 dev eth1 realms 3/4 no_track protocol static
  10.30.0.0/16 dev eth1 congctl lock reno
  default via 192.168.1.1 table 101
  2001:db8:1::/48 via 2001:db8::1 dev eth0
  2001:db8:2::/48 dev eth1 metric 55
  2001:db8:3::/48 via 2001:db8::1 dev eth0 pref high
  blackhole 2001:db8:4::/48
}
virtual_rules {
  from 192.168.1.0/24 table 100 priority 1000
  to 10.20.0.0/16 lookup 101 preference 1001 tos 0x10
  not from 10.9.0.0/24 iif eth1 fwmark 3/0xff table 100 priority 1002
  from all oif eth1 blackhole priority 1003
  from 10.0.0.0/8 suppress_prefixlength 8 table main priority 1004
  from 10.1.0.0/16 goto 1010 priority 1005
  from 10.2.0.0/16 prohibit priority 1006
  from 10.3.0.0/16 unreachable priority 1007
  from 10.4.0.0/16 uidrange 10-20 ipproto tcp sport 10-20 dport 30-40 table 100 priority 1008
  from 10.5.0.0/16 nop priority 1010
  from 2001:db8::/32 table 100 priority 1011
  from 10.6.0.0/16 realms 5/6 table 100 priority 1012
  from 10.7.0.0/16 tunnel-id 77 table 100 priority 1013
}
`;

/** A route and a rule are removed by hand; `ip monitor` tells how long they were away. */
async function healing(machine: Machine, daemon: Daemon): Promise<void> {
  const monitor = machine.spawn(["ip", "monitor", "route", "rule"]);
  const lines = linesOf(monitor.stdout);
  for (const [remove, text] of [
    ["route del 10.21.0.0/16 dev eth1", "10.21.0.0/16"],
    ["rule del priority 1000", "1000:"],
  ] as const) {
    await machine.runOk([
      "sh",
      "-c",
      `while ! ip ${remove.split(" ")[0]} show | grep -q "${text}"; do sleep 0.01; done`,
    ]);
    const from = lines.position;
    await machine.ip(remove);
    const gone = await lines.waitFor(
      `${text} to go`,
      (line) => line.text.startsWith("Deleted") && line.text.includes(text),
      { from },
    );
    const back = await lines.waitFor(`${text} to return`, (line) => line.text.startsWith(text), { from });
    assert.ok(back.atMs - gone.atMs < 100, `${text} was away for ${back.atMs - gone.atMs} ms`);
  }
  assert.ok(!daemon.text.includes("Entering BACKUP STATE\n"), daemon.text);
}

async function assertHealing(): Promise<void> {
  await observe("holdfast", config(ROUTES), { vip: VIP, setup: SECOND_LINK, whileMaster: healing });
}

/** keepalived: what an earlier run left is gone before the new one takes part. */
async function assertLeftOversGo(): Promise<void> {
  const setup = `${SECOND_LINK}\nroute add 10.21.0.0/16 dev eth1 scope global proto 18\nrule add from 192.168.1.0/24 table 100 priority 1000 proto 18`;
  const text = config(ROUTES).replace("priority 200", "priority 200\n preempt_delay 1");
  const end = await observe("holdfast", text, { vip: VIP, setup });
  assert.deepEqual(end.after.routes, []);
  assert.ok(!end.after.rules.some((line) => line.startsWith("1000:")));
}

describe("what a master adds to the kernel's tables, beside keepalived", { concurrency: 2 }, () => {
  const skip = whyNoLab(["keepalived"]);
  const timeout = 90_000;
  test("addresses with all their options", { skip, timeout }, () => assertSameAs(ADDRESSES, ["addresses"]));
  test("routes and rules", { skip, timeout }, () => assertSameAs(ROUTES, ["routes", "rules", "addresses"]));
  test("a route and a rule removed by hand are back within 100 ms", { skip, timeout }, assertHealing);
  test("routes and rules of an earlier run are removed", { skip, timeout }, assertLeftOversGo);
});
