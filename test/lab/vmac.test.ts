import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { linesOf } from "../helpers/process.ts";
import { whyNoLab } from "./capabilities.ts";
import { Daemon } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { Network } from "./network.ts";
import { type KernelState, kernelState, observe } from "./routes-state.ts";

const VIP = "192.168.1.100";
const SECOND_LINK = [
  "link add eth1 address 02:00:00:00:01:01 type veth peer name far1 address 02:00:00:00:01:02",
  "link set far1 up",
  "link set eth1 up",
  "addr add 10.9.0.5/24 dev eth1",
  "addr add 2001:db8::5/64 dev eth0 nodad",
].join("\n");

const GLOBAL = "global_defs {\n router_id LAB\n vrrp_version 3\n}\n";

function instance(name: string, vrid: number, words: string, addresses: string, excluded = ""): string {
  return `vrrp_instance ${name} {\n state BACKUP\n interface eth0\n virtual_router_id ${vrid}\n priority 200
 advert_int 0.1\n${words}\n virtual_ipaddress {\n${addresses}\n }\n virtual_ipaddress_excluded {\n${excluded}\n }\n}\n`;
}

const VMACS =
  GLOBAL +
  instance(
    "VI_1",
    51,
    "use_vmac\nno_accept",
    VIP,
    "10.9.0.100/24 dev eth1\n10.9.0.101/24 dev eth1 use_vmac\n2001:db8::77/64",
  ) +
  instance("VI_2", 52, "use_vmac\nvmac_xmit_base", "192.168.1.102") +
  instance("VI_6", 61, "use_vmac\nno_accept", "fe80::61\n2001:db8::100");

const STATICS = `${GLOBAL}static_ipaddress {
 192.168.1.50/24 dev eth0
 10.9.0.50/32 dev eth1 scope link
 2001:db8::50/64 dev eth0
}
static_routes {
 10.40.0.0/16 via 192.168.1.1 dev eth0
 10.41.0.0/16 dev eth1 table 100
}
static_rules {
 from 10.40.0.0/16 table 100 priority 1000
}
${instance("VI_1", 51, "", VIP)}`;

/** As 2.2.7 has them, of the rules that came with 2.4: reports of MLD version 1, and link-local addresses of VMACs. */
function asBefore(lines: readonly string[]): readonly string[] {
  return lines
    .join("\n")
    .replaceAll(/set (mld-report|parent_link_local) \{[^}]*\{[^}]*\}\n\}\n/g, "")
    .replaceAll("icmpv6 type @mld-report", "icmpv6 type mld2-listener-report")
    .replaceAll(/.*@parent_link_local drop\n/g, "")
    .split("\n");
}

async function assertSameAs(
  text: string,
  parts: readonly (keyof KernelState)[],
  rest: readonly (keyof KernelState)[],
): Promise<void> {
  const names = ["keepalived", "holdfast"] as const;
  const [theirs, ours] = await Promise.all(
    names.map((name) => observe(name, text, { vip: VIP, setup: SECOND_LINK, settles: true })),
  );
  for (const part of parts) {
    const own = ours?.master[part] ?? [];
    const compared = part === "firewall" ? asBefore(own) : own;
    assert.deepEqual(compared, theirs?.master[part], `${part} while master\n${ours?.log}`);
  }
  for (const part of rest) assert.deepEqual(ours?.after[part], ours?.before[part], `${part} after the end`);
}

/** Asked for the link-local address that a VMAC shares, only the interface below answers: the virtual MAC stays where it is. */
async function answersFromBase(): Promise<void> {
  const network = await Network.build();
  try {
    const router = await network.addMachine({ name: "router", addresses: ["192.168.1.5/24"] });
    const client = await network.addMachine({ name: "client", addresses: ["192.168.1.7/24"] });
    // A backup for longer than this takes; it has its VMAC all the same.
    const config = `${GLOBAL}${instance("VI_6", 61, "use_vmac", "fe80::61").replace("priority 200", "priority 1\n advert_int 10")}`;
    const daemon = new Daemon(router, { name: "holdfast", config: config.replace(" advert_int 0.1\n", "") });
    await daemon.logged("(VI_6) Entering BACKUP STATE");
    const capture = await network.captureIn(client, "eth0", "icmp6 and ip6[40] == 136");
    const own = "fe80::ff:fe00:1";
    await client.runOk(["ping", "-c", "3", "-i", "0.2", "-W", "2", `${own}%eth0`]);
    await capture.frames.waitFor("an answer", () => true);
    await capture.stop();
    const macs = new Set(capture.frames.items.map(({ bytes }) => bytes.subarray(6, 12).toString("hex")));
    assert.deepEqual([...macs], [router.mac.replaceAll(":", "")]);
    await daemon.terminate();
  } finally {
    await network.close();
  }
}

/** Somebody deletes the VMAC: the daemon makes it again, and takes over again. */
async function deletion(machine: Machine, daemon: Daemon): Promise<void> {
  const from = daemon.log.position;
  const before = await kernelState(machine);
  await machine.ip("link del vrrp.51");
  await daemon.logged("Success creating VMAC interface vrrp.51", { from });
  await daemon.logged("(VI_1) Entering MASTER STATE", { from });
  await daemon.logged("gratuitous ARP on vrrp.51", { from });
  const after = await kernelState(machine);
  // The elements stand in the order of the interfaces' numbers.
  const words = (state: KernelState): readonly string[] =>
    state.firewall
      .join(" ")
      .split(/[\s,]+/)
      .sort();
  assert.deepEqual(words(after), words(before));
  assert.deepEqual(after.sysctls, before.sysctls);
}

async function restoring(machine: Machine, daemon: Daemon): Promise<void> {
  const monitor = machine.spawn(["ip", "monitor", "route", "rule", "address"]);
  const lines = linesOf(monitor.stdout);
  // The monitor listens as soon as it has told of a change.
  await machine.runOk(["sh", "-c", "sleep 0.3"]);
  for (const [remove, text] of [
    ["addr del 192.168.1.50/24 dev eth0", "192.168.1.50"],
    ["route del 10.40.0.0/16", "10.40.0.0/16"],
    ["rule del priority 1000", "1000:"],
  ] as const) {
    const from = lines.position;
    await machine.ip(remove);
    await lines.waitFor(`${text} to go`, (line) => line.text.startsWith("Deleted") && line.text.includes(text), {
      from,
    });
    await lines.waitFor(`${text} to return`, (line) => !line.text.startsWith("Deleted") && line.text.includes(text), {
      from,
    });
  }
  await daemon.logged("Restoring deleted static address 192.168.1.50");
}

/** The interface below is deleted, and its VMACs go along; it is made again, and they come back. */
async function baseMadeAnew(): Promise<void> {
  const network = await Network.build();
  try {
    const router = await network.addMachine({ name: "router", addresses: ["192.168.1.5/24"] });
    const config = `${GLOBAL}${instance("VI_1", 51, "use_vmac", VIP)}${instance("VI_6", 61, "use_vmac", "fe80::61")}`;
    const daemon = new Daemon(router, { name: "holdfast", config });
    const masters = async (from: number): Promise<void> => {
      await daemon.logged("(VI_1) Entering MASTER STATE", { from });
      await daemon.logged("(VI_6) Entering MASTER STATE", { from });
    };
    await masters(0);
    const before = await kernelState(router);
    const from = daemon.log.position;
    await router.ip("link del eth0");
    await daemon.logged("(VI_1) Entering FAULT STATE", { from });
    await daemon.logged("(VI_6) Entering FAULT STATE", { from });
    await network.plugInAnew(router);
    await masters(from);
    await daemon.logged("unsolicited Neighbour Advert on vrrp.61", { from });
    await daemon.logged("gratuitous ARP on vrrp.51", { from });
    const after = await kernelState(router);
    for (const part of ["addresses", "sysctls"] as const) assert.deepEqual(after[part], before[part], daemon.text);
    assert.doesNotMatch(daemon.text, /rror/);
    await daemon.terminate();
  } finally {
    await network.close();
  }
}

describe("VMACs and static objects, beside keepalived", { concurrency: 2 }, () => {
  const skip = whyNoLab(["keepalived"]);
  const timeout = 90_000;
  test("VMACs: links, addresses, firewall and sysctls", { skip, timeout }, () =>
    assertSameAs(VMACS, ["links", "addresses", "firewall", "sysctls"], ["links", "addresses", "firewall", "sysctls"]),
  );
  test("a VMAC that somebody deleted is made again", { skip, timeout }, async () => {
    await observe("holdfast", VMACS, { vip: VIP, setup: SECOND_LINK, settles: true, whileMaster: deletion });
  });
  test("VMACs come back with the interface below", { skip: whyNoLab(), timeout }, baseMadeAnew);
  test(
    "a VMAC is silent about the link-local address that it shares",
    { skip: whyNoLab(["dumpcap", "ping"]), timeout },
    answersFromBase,
  );
  test("static addresses, routes and rules", { skip, timeout }, () =>
    assertSameAs(STATICS, ["addresses", "routes", "rules"], ["addresses", "routes", "rules"]),
  );
  test("static objects removed by hand are put back", { skip, timeout }, async () => {
    await observe("holdfast", STATICS, { vip: VIP, setup: SECOND_LINK, whileMaster: restoring });
  });
});
