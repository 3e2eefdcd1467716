import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { waitUntil } from "../../helpers/event-log.ts";
import { ALL_FLAGS, Daemon, type DaemonName } from "../daemon.ts";
import { savedTable } from "../ipvs.ts";
import type { Machine } from "../machine.ts";
import { daemonNames } from "../matrix.ts";
import { Network } from "../network.ts";

const SCHEDULERS = ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "dh", "sed", "nq", "mh", "fo", "ovf"];
/** Reads in a row without a change after which a table counts as complete. */
const STEADY_READS = 30;

function service(head: string, words: readonly string[], realServers: readonly string[]): string {
  return `virtual_server ${head} {\n  ${[...words, ...realServers].join("\n  ")}\n}\n`;
}

function realServer(address: string, words = ""): string {
  return `real_server ${address} { ${words} }`;
}

const TWO = [realServer("192.168.1.7 80", "\n  weight 3\n"), realServer("192.168.1.8 80", "\n  weight 0\n")];

const CONFIGS: Readonly<Record<string, string>> = {
  "every scheduler": SCHEDULERS.map((name, index) =>
    service(`192.168.1.${100 + index} 80`, [`lvs_sched ${name}`, "lvs_method DR", "protocol TCP"], TWO),
  ).join(""),
  "every forwarding method": ["NAT", "DR", "TUN"]
    .map((name, index) =>
      service(`192.168.1.${100 + index} 80`, ["lb_algo rr", `lb_kind ${name}`, "protocol TCP"], TWO),
    )
    .join(""),
  "port translation and UDP":
    service("192.168.1.100 53", ["lb_algo rr", "lb_kind NAT", "protocol UDP"], [realServer("10.0.0.1 5353")]) +
    service("192.168.1.100 80", ["lb_algo wrr", "lb_kind NAT", "protocol TCP"], [realServer("10.0.0.1 8080")]),
  persistence:
    service("192.168.1.100 80", ["lb_algo rr", "lb_kind DR", "protocol TCP", "persistence_timeout 50"], TWO) +
    service("192.168.1.101 80", ["lb_algo rr", "lb_kind DR", "protocol TCP", "persistence_timeout"], TWO) +
    service(
      "192.168.1.102 80",
      ["lb_algo rr", "lb_kind DR", "protocol TCP", "persistence_timeout 600", "persistence_granularity 255.255.255.0"],
      TWO,
    ),
  "firewall marks": service("fwmark 7", ["lb_algo rr", "lb_kind NAT"], [realServer("10.0.0.1 80")]),
  thresholds: service(
    "192.168.1.100 80",
    ["lb_algo rr", "lb_kind NAT", "protocol TCP"],
    [realServer("10.0.0.1 80", "\n uthreshold 20\n lthreshold 10\n")],
  ),
  "one-packet scheduling and hash flags":
    service("192.168.1.100 53", ["lb_algo rr", "lb_kind NAT", "protocol UDP", "ops"], [realServer("10.0.0.1 53")]) +
    service("192.168.1.101 80", ["lb_algo sh", "sh-port", "sh-fallback", "lb_kind NAT", "protocol TCP"], TWO) +
    service("192.168.1.102 80", ["lb_algo mh", "mh-port", "mh-fallback", "lb_kind NAT", "protocol TCP"], TWO),
  groups:
    "virtual_server_group web {\n  192.168.1.100 80\n  192.168.1.110-112 80\n  fwmark 9\n}\n" +
    service("group web", ["lb_algo rr", "lb_kind DR", "protocol TCP"], TWO),
  IPv6: service(
    "2001:db8::100 80",
    ["lb_algo wlc", "lb_kind NAT", "protocol TCP", "persistence_timeout 60", "persistence_granularity 64"],
    [realServer("2001:db8:1::7 8080", "\n  weight 2\n"), realServer("2001:db8:1::8 8080")],
  ),
  "SCTP and a persistence engine":
    service("192.168.1.100 80", ["lb_algo rr", "lb_kind NAT", "protocol SCTP"], [realServer("10.0.0.1 90")]) +
    service(
      "192.168.1.101 5060",
      ["lb_algo rr", "lb_kind NAT", "protocol UDP", "ops", "persistence_timeout 60", "persistence_engine sip"],
      [realServer("10.0.0.1 5060")],
    ),
  "tunnel types and checksums": [
    "TUN type ipip",
    "TUN type gue port 6080",
    "TUN type gue port 6081 remcsum",
    "TUN type gre csum",
  ]
    .map((kind, index) =>
      service(
        `192.168.1.${100 + index} 80`,
        ["lb_algo rr", `lb_kind ${kind}`, "protocol TCP"],
        [...TWO, realServer("192.168.1.9 80", "\n lvs_method DR\n")],
      ),
    )
    .join(""),
  "everything at once": everything(),
  defaults: service("192.168.1.100 80", [], [realServer("10.0.0.1 80")]),
  "a sorry server in place of a dead pool": service(
    "192.168.1.100 80",
    ["lb_algo rr", "lb_kind NAT", "protocol TCP", "alpha", "sorry_server 127.0.0.1 80"],
    [realServer("10.0.0.1 80", "\n TCP_CHECK {\n connect_timeout 1\n }\n")],
  ),
};

/** Words from lists of different lengths, so that all meet each other; the same configuration each time. */
function everything(): string {
  const pick = (words: readonly string[], index: number): string => words[index % words.length] ?? "";
  const services = Array.from({ length: 30 }, (_, index) => {
    const words = [
      `lb_algo ${pick(SCHEDULERS, index)}`,
      `lb_kind ${pick(["NAT", "DR", "TUN", "TUN type gue port 99 csum"], index)}`,
      `protocol ${pick(["TCP", "UDP", "SCTP"], index)}`,
      pick(["", "persistence_timeout 77", "persistence_timeout 30\n persistence_granularity 255.255.0.0"], index >> 1),
      pick(["quorum 1", "quorum 3\n hysteresis 1", "quorum 90"], index >> 2),
      pick(["", "sorry_server 10.9.9.9 80", "sorry_server 10.9.9.9 80\n sorry_server_inhibit"], index),
      pick(["", "flag-1", "flag-2\n flag-3"], index >> 3),
      pick(["", "alpha\n inhibit_on_failure", "weight 7"], index >> 1),
    ];
    const check = "\n TCP_CHECK {\n connect_timeout 1\n }\n";
    const servers = [1, 2, 3].slice(index % 3).map((last) => {
      const own = pick(
        [check, "\n weight 9\n", "\n uthreshold 9\n lthreshold 3\n", "\n inhibit_on_failure\n"],
        index + last,
      );
      return realServer(`10.${index}.0.${last} ${pick(["80", "8080"], last)}`, own);
    });
    return service(`192.168.2.${index} 80`, words, servers);
  });
  return services.join("");
}

async function tableBy(machine: Machine, name: DaemonName, config: string): Promise<readonly string[]> {
  const daemon = new Daemon(machine, { name, config, flags: [...ALL_FLAGS, "-C"] });
  try {
    let last = "";
    let steady = 0;
    await waitUntil("a table that stays as it is", () => {
      const text = machine.readNetFile("ip_vs");
      steady = text === last && text.lastIndexOf("->") > text.indexOf("RemoteAddress") ? steady + 1 : 0;
      last = text;
      return steady >= STEADY_READS ? true : null;
    });
    return await savedTable(machine);
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}\n${daemon.text}`, { cause: error });
  } finally {
    await daemon.terminate();
  }
}

describe("the same IPVS table as keepalived's", () => {
  const names = daemonNames();
  const skip = names.includes("keepalived") ? false : "needs keepalived";
  // Restricted to keepalived, the test proves itself.
  const subject = names.includes("holdfast") ? "holdfast" : "keepalived";
  let network: Network;
  let machine: Machine;
  before(async () => {
    network = await Network.build();
    machine = await network.addMachine({ name: "director", addresses: ["192.168.1.5/24"] });
  });
  after(() => network.close());
  for (const [name, config] of Object.entries(CONFIGS)) {
    test(`same table: ${name}`, { skip, timeout: 60_000 }, async () => {
      const expected = await tableBy(machine, "keepalived", config);
      assert.deepEqual(await savedTable(machine), [], "keepalived left something behind");
      assert.deepEqual(await tableBy(machine, subject, config), expected);
      assert.deepEqual(await savedTable(machine), [], `${subject} left something behind`);
    });
  }
  for (const name of names) {
    test(`net_namespace_ipvs: the table is there and not here (${name})`, { timeout: 60_000 }, async () => {
      await machine.runOk(["ip", "netns", "add", "balancer"]);
      // Without any address the kernel takes none there for a unicast one.
      await machine.runOk(["ip", "-n", "balancer", "link", "set", "lo", "up"]);
      const config = `net_namespace_ipvs balancer\n${CONFIGS["persistence"]}`;
      const daemon = new Daemon(machine, { name, config, flags: [...ALL_FLAGS, "-C"] });
      const there = ["ip", "netns", "exec", "balancer", "ipvsadm", "-Sn"];
      let lines: readonly string[] = [];
      for (let attempt = 0; attempt < 50 && lines.length < 9; attempt += 1) {
        lines = (await machine.runOk(there)).trim().split("\n");
      }
      assert.equal(lines.length, 9, daemon.text);
      assert.deepEqual(await savedTable(machine), []);
      await daemon.terminate();
      assert.equal(await machine.runOk(there), "");
      await machine.runOk(["ip", "netns", "delete", "balancer"]);
    });
  }
});
