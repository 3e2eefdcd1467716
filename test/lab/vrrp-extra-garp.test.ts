/** `garp_extra_if`: neighbours on interfaces without adverts are told again and again where the addresses are. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { linesOf } from "../helpers/process.ts";
import { whyNoLab } from "./capabilities.ts";
import { Daemon, type DaemonName } from "./daemon.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";

const OTHER_LINKS = [1, 2]
  .map(
    (number) => `link add eth${number} type veth peer name peer${number}
link set peer${number} up
link set eth${number} up
addr add 10.${number}.0.1/24 dev eth${number}`,
  )
  .join("\n");

function config(words: string): string {
  return `global_defs {\n router_id LAB\n vrrp_version 3\n}
vrrp_instance VI_1 {
 state BACKUP
 interface eth0
 virtual_router_id 51
 priority 200
 advert_int 0.2
 garp_master_delay 0
 garp_master_repeat 1
 ${words}
 virtual_ipaddress {
  192.168.1.100
  192.168.1.101
  10.1.0.100 dev eth1 use_vmac
  10.1.0.101 dev eth1 use_vmac
  10.2.0.100 dev eth2
 }
}
`;
}

const FIRST_BURST = ["192.168.1.100", "192.168.1.101", "10.1.0.100", "10.1.0.101", "10.2.0.100"];
const ROUNDS = 3;

/** Three rounds follow the first burst, in the log and on the wire. @param extras addresses of each round */
async function observe(name: DaemonName, words: string, extras: readonly string[]): Promise<void> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
    await machine.ip(OTHER_LINKS);
    // The other ends of the pairs, and eth0 itself, tell what really goes out.
    const heard = linesOf(
      machine.spawn([
        "tshark",
        "-l",
        "-n",
        "-i",
        "peer1",
        "-i",
        "peer2",
        "-i",
        "eth0",
        "-Y",
        "arp.isgratuitous==1",
        "-T",
        "fields",
        "-e",
        "arp.src.proto_ipv4",
      ]).stdout,
    );
    const daemon = new Daemon(machine, { name, config: config(words) });
    await daemon.logged("Entering MASTER STATE");
    const sent = (): readonly string[] =>
      daemon.log.items.flatMap(({ text }) => /Sending gratuitous ARP on \S+ for (\S+)/.exec(text)?.[1] ?? []);
    const wanted = [...FIRST_BURST, ...Array.from({ length: ROUNDS }, () => extras).flat()];
    await daemon.log.waitFor("all announcements", () => sent().length >= wanted.length);
    assert.deepEqual(sent().slice(0, wanted.length), wanted, daemon.text);
    const last = extras.at(-1) ?? "";
    for (let round = 0, from = 0; round <= ROUNDS; round += 1) {
      const line = await heard.waitFor(`${last} on the wire`, ({ text }) => text.trim() === last, { from });
      from = heard.items.indexOf(line) + 1;
    }
  } finally {
    await network.close();
  }
}

describe("garp_extra_if", { concurrency: 2 }, () => {
  const skip = whyNoLab(["tshark"]);
  for (const name of daemonNames()) {
    for (const [words, extras] of [
      ["use_vmac\n garp_extra_if 1", ["10.1.0.100"]],
      ["use_vmac\n vmac_garp_intvl all 1", ["10.1.0.100", "10.2.0.100"]],
      ["use_vmac\n vmac_xmit_base\n garp_extra_if 1", ["192.168.1.100", "10.1.0.100"]],
    ] as const) {
      test(`${words.replaceAll(/\s+/g, " ")}: ${name}`, { skip, timeout: 60_000 }, () => observe(name, words, extras));
    }
  }
});
