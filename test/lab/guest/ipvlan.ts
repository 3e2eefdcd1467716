import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Daemon } from "../daemon.ts";
import type { Machine } from "../machine.ts";
import { daemonNames } from "../matrix.ts";
import { type KernelState, observe } from "../routes-state.ts";

const VIP = "192.168.1.100";
/** The kernel keeps one mode for all ipvlans of an interface, so each instance has an interface of its own. */
const LINKS = [1, 2]
  .map(
    (number) => `link add eth${number} address 02:00:00:00:01:0${number} type veth peer name far${number}
link set far${number} address 02:00:00:00:02:0${number} up
link set eth${number} up`,
  )
  .join("\n");

function instance(name: string, number: number, words: string, address: string): string {
  return `vrrp_instance ${name} {\n state BACKUP\n interface eth${number}\n virtual_router_id 5${number}\n priority 200
 advert_int 0.2\n ${words}\n virtual_ipaddress {\n${address}\n }\n}\n`;
}

const CONFIG = [
  "global_defs {\n router_id LAB\n vrrp_version 3\n}\n",
  instance("VI_1", 0, "use_ipvlan ipv0 192.168.1.51/24 private", VIP),
  instance("VI_2", 1, "use_ipvlan vepa 10.9.0.51", "10.9.0.100/24"),
  instance("VI_6", 2, "use_ipvlan", "fe80::61\n2001:db8::100"),
].join("");

const PARTS: readonly (keyof KernelState)[] = ["links", "addresses", "sysctls"];

/** Somebody deletes the ipvlan: the daemon makes it again, and takes over again. */
async function deletion(machine: Machine, daemon: Daemon): Promise<void> {
  const from = daemon.log.position;
  await machine.ip("link del ipv0");
  await daemon.logged("Success creating ipvlan interface ipv0", { from });
  await daemon.logged("(VI_1) Entering MASTER STATE", { from });
  assert.match(await machine.ip("addr show dev ipv0"), /inet 192\.168\.1\.51\/24/);
  assert.match(await machine.ip("addr show dev eth0"), new RegExp(`inet ${VIP}/32`));
}

describe("ipvlan", () => {
  const skip = daemonNames().length === 2 ? false : "needs holdfast and keepalived";
  test("links, addresses and settings are keepalived's", { skip, timeout: 240_000 }, async () => {
    const options = { vip: VIP, setup: LINKS, settles: true };
    const theirs = await observe("keepalived", CONFIG, options);
    const ours = await observe("holdfast", CONFIG, options);
    for (const part of PARTS) {
      assert.deepEqual(ours.master[part], theirs.master[part], `${part} while master\n${ours.log}`);
      assert.deepEqual(ours.after[part], ours.before[part], `${part} after the end`);
    }
    const created = (log: string): readonly string[] => log.match(/\(\S+\): Success \S+ \S+ interface \S+/g) ?? [];
    assert.deepEqual(created(ours.log), created(theirs.log));
  });
  test("an ipvlan that somebody deleted is made again", { skip, timeout: 240_000 }, async () => {
    await observe("holdfast", CONFIG, { vip: VIP, setup: LINKS, settles: true, whileMaster: deletion });
  });
});
