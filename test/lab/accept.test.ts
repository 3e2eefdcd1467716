import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { availableDaemons, whyNoLab } from "./capabilities.ts";
import { Daemon, type DaemonName } from "./daemon.ts";
import { Network } from "./network.ts";

const VIP = "192.168.1.100";
const VIP6 = "2001:db8::100";

function config(priority: number): string {
  return `global_defs {\n router_id LAB\n vrrp_version 3\n}\nvrrp_instance VI_1 {\n state ${priority === 255 ? "MASTER" : "BACKUP"}
 interface eth0\n virtual_router_id 51\n priority ${priority}\n advert_int 0.1\n no_accept
 virtual_ipaddress {\n ${VIP}\n }\n virtual_ipaddress_excluded {\n ${VIP6}/64\n }\n}\n`;
}

/** A master that does not accept answers for the address on the link, and to nothing else; its owner answers. */
async function reached(name: DaemonName, priority: number): Promise<readonly boolean[]> {
  const network = await Network.build();
  try {
    const router = await network.addMachine({ name: "router", addresses: ["192.168.1.5/24", "2001:db8::5/64"] });
    const client = await network.addMachine({ name: "client", addresses: ["192.168.1.7/24", "2001:db8::7/64"] });
    const watch = await router.watchAddresses();
    const daemon = new Daemon(router, { name, config: config(priority) });
    await watch.gained(VIP6);
    const pings = [VIP, VIP6, "192.168.1.5"].map((address) =>
      client.run(["ping", "-c", "2", "-i", "0.2", "-W", "1", address]),
    );
    const answers = (await Promise.all(pings)).map(({ status }) => status === 0);
    const neighbours = await client.runOk(["ip", "neigh", "show", "dev", "eth0"]);
    for (const address of [VIP, VIP6]) {
      assert.match(neighbours, new RegExp(`^${address.replaceAll(".", "\\.")} .*lladdr 02:00:00:00:00:01`, "m"));
    }
    await daemon.terminate();
    assert.equal((await router.runOk(["nft", "list", "ruleset"])).trim(), "");
    return answers;
  } finally {
    await network.close();
  }
}

describe("no_accept", { concurrency: 2 }, () => {
  const skip = whyNoLab(["ping"]);
  for (const name of availableDaemons()) {
    test(`${name}: the addresses of a master are dropped, its own are not`, { skip, timeout: 60_000 }, async () => {
      assert.deepEqual(await reached(name, 200), [false, false, true]);
    });
    test(`${name}: an address owner accepts`, { skip, timeout: 60_000 }, async () => {
      assert.deepEqual(await reached(name, 255), [true, true, true]);
    });
  }
});
