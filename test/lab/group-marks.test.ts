import assert from "node:assert/strict";
import { test } from "node:test";
import { imaginedIpvs } from "../../bench/ipvs-preload.ts";
import { nowMs } from "../helpers/process.ts";
import { whyNoLab } from "./capabilities.ts";
import { ALL_FLAGS, Daemon, type DaemonName } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";

function server(group: string, protocol: string, real = "127.0.0.1 1"): string {
  return `virtual_server group ${group} {\n lb_algo rr\n lb_kind NAT\n protocol ${protocol}\n real_server ${real} {\n }\n}\n`;
}

/** Ranges, several ports, both protocols, IPv6; a group with a mark of its own is left alone. */
const CONFIG = `global_defs {
  nftables_ipvs
}
virtual_server_group ranges {
  10.1.0.2-4 81
}
virtual_server_group ports {
  10.2.0.1 80
  10.2.0.1 443
}
virtual_server_group marked {
  10.6.0.1 80
  fwmark 9
}
virtual_server_group six {
  2001:db8::1 80
}
${server("ports", "UDP")}${server("ranges", "TCP")}${server("marked", "TCP")}${server("ports", "TCP")}${server("six", "TCP", "2001:db8::7 80")}`;

async function rulesetOf(machine: Machine): Promise<string> {
  return await machine.runOk(["nft", "-s", "list", "ruleset"]);
}

async function rulesetBy(machine: Machine, name: DaemonName): Promise<string> {
  const env = name === "keepalived" ? imaginedIpvs() : { HOLDFAST_IPVS: "memory" };
  const daemon = new Daemon(machine, { name, config: CONFIG, flags: [...ALL_FLAGS, "-C"], env });
  let text = "";
  await daemon.logged("Startup complete");
  for (let attempt = 0; attempt < 50 && !text.includes("ip6 keepalived_ipvs"); attempt += 1) {
    text = await rulesetOf(machine);
  }
  await daemon.terminate();
  assert.equal(await machine.runOk(["nft", "list", "ruleset"]), "", `${name} left something behind`);
  return text;
}

/** Asks until the tables are what they were. */
async function restored(machine: Machine, wanted: string): Promise<void> {
  await machine.runOk(["nft", "flush", "ruleset"]);
  for (const startMs = nowMs(); (await rulesetOf(machine)) !== wanted; ) {
    if (nowMs() - startMs > 5_000) assert.equal(await rulesetOf(machine), wanted);
  }
}

test("nftables_ipvs: marks that somebody removes are put back", {
  skip: whyNoLab(["nft"]) || (daemonNames().includes("holdfast") ? false : "without holdfast"),
  timeout: 60_000,
}, async () => {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "director", addresses: ["192.168.1.5/24"] });
    const env = { HOLDFAST_IPVS: "memory" };
    const daemon = new Daemon(machine, { name: "holdfast", config: CONFIG, flags: [...ALL_FLAGS, "-C"], env });
    await daemon.logged("Startup complete");
    const wanted = await rulesetOf(machine);
    assert.match(wanted, /ip6 keepalived_ipvs/);
    await restored(machine, wanted);
    await restored(machine, wanted);
    assert.equal(daemon.text.split("restoring: keepalived_ipvs").length - 1, 2, daemon.text);
    assert.deepEqual(await daemon.terminate(), { status: 0, signal: null });
    assert.equal(await rulesetOf(machine), "");
  } finally {
    await network.close();
  }
});

for (const name of daemonNames()) {
  test(`nftables_ipvs: the marks are where the IPVS table is (${name})`, {
    skip: whyNoLab(["nft", "cc"]),
    timeout: 60_000,
  }, async () => {
    const network = await Network.build();
    try {
      const machine = await network.addMachine({ name: "director", addresses: ["192.168.1.5/24"] });
      const there = ["ip", "netns", "exec", "balancer"];
      await machine.runOk(["ip", "netns", "add", "balancer"]);
      await machine.runOk([...there, "ip", "link", "set", "lo", "up"]);
      const env = name === "keepalived" ? imaginedIpvs() : { HOLDFAST_IPVS: "memory" };
      const config = `net_namespace_ipvs balancer\n${CONFIG}`;
      const daemon = new Daemon(machine, { name, config, flags: [...ALL_FLAGS, "-C"], env });
      await daemon.logged("Startup complete");
      const tables = (): Promise<string> => machine.runOk([...there, "nft", "list", "tables"]);
      for (let attempt = 0; attempt < 50 && !(await tables()).includes("keepalived_ipvs"); attempt += 1);
      assert.match(await tables(), /keepalived_ipvs/);
      assert.equal(await rulesetOf(machine), "");
      await daemon.terminate();
      assert.equal(await tables(), "");
    } finally {
      await network.close();
    }
  });
}

test("nftables_ipvs: the same ruleset as keepalived's, and none at the end", {
  skip: whyNoLab(["nft", "cc"]) || (daemonNames().length < 2 ? "needs keepalived" : false),
  timeout: 60_000,
}, async () => {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "director", addresses: ["192.168.1.5/24"] });
    const expected = await rulesetBy(machine, "keepalived");
    assert.match(expected, /10\.1\.0\.2-10\.1\.0\.4 \. 81 : 0x000003e9/);
    assert.equal(await rulesetBy(machine, "holdfast"), expected);
  } finally {
    await network.close();
  }
});
