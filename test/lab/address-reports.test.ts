import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import { Daemon, type DaemonName, daemonProgram, VRRP_FLAGS } from "./daemon.ts";
import { Network } from "./network.ts";

const CONFIG = `vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  advert_int 1
  virtual_ipaddress {
    192.168.1.100/24
  }
}
`;

/** What `-a` says of IPv4: addresses of IPv6 are told again when they are ready, whenever that is. */
async function reports(name: DaemonName): Promise<readonly string[]> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "own", addresses: ["192.168.1.5/24"] });
    const daemon = new Daemon(machine, { name, config: CONFIG, flags: [...VRRP_FLAGS, "-a"] });
    await daemon.logged("Entering MASTER STATE");
    await machine.runOk(["ip", "address", "add", "10.7.0.1/24", "dev", "eth0"]);
    await daemon.logged("IP 10.7.0.1 added");
    await machine.runOk(["ip", "address", "del", "10.7.0.1/24", "dev", "eth0"]);
    await daemon.logged("IP 10.7.0.1 removed");
    const told = daemon.log.items.map(({ text }) => /Netlink reflector .*$/.exec(text)?.[0] ?? "");
    return told.filter((text) => text !== "" && !/ IP \S*:/.test(text));
  } finally {
    await network.close();
  }
}

describe("-a tells of addresses that come and go", { skip: whyNoLab() }, () => {
  const wanted = [
    "Netlink reflector reports IP 127.0.0.1 added to lo",
    "Netlink reflector reports IP 192.168.1.5 added to eth0",
    "Netlink reflector reports IP 10.7.0.1 added to eth0",
    "Netlink reflector reports IP 10.7.0.1 removed from eth0",
  ];
  for (const name of ["holdfast", "keepalived"] as const)
    test(name, { skip: daemonProgram(name) === null ? `no ${name}` : false, timeout: 60_000 }, async () => {
      assert.deepEqual(await reports(name), wanted);
    });
});
