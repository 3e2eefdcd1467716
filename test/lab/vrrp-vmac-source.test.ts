/** The link-local address of the interface below a VMAC changes: adverts come from the new one, and the VMAC has it too. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import type { Capture, CapturedFrame } from "./capture.ts";
import { Daemon, type DaemonName } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";

const CONFIG = `global_defs {
 router_id LAB
 vrrp_version 3
}
vrrp_instance VI_1 {
 state BACKUP
 interface eth0
 virtual_router_id 51
 priority 100
 advert_int 0.2
 use_vmac
 virtual_ipaddress {
  fe80::51
  2001:db8::100/64
 }
}
`;
/** Made from the MAC of the first machine. */
const OWN = "fe80::ff:fe00:1";
const NEW = "fe80::99";
/** As in the packet. */
const OCTETS = { [OWN]: "fe80000000000000000000fffe000001", [NEW]: "fe800000000000000000000000000099" } as const;

/** Of length 64: the VIP has a host's. */
async function sharedBy(machine: Machine): Promise<readonly string[]> {
  const text = await machine.runOk(["ip", "-o", "-6", "addr", "show", "dev", "vrrp.51", "scope", "link"]);
  return [...text.matchAll(/inet6 (\S+)\/64/g)].map(([, address]) => address ?? "");
}

async function advertFrom(capture: Capture, source: keyof typeof OCTETS): Promise<void> {
  const from = capture.frames.position;
  const isOurs = ({ bytes }: CapturedFrame): boolean => bytes.subarray(22, 38).toString("hex") === OCTETS[source];
  await capture.frames.waitFor(`an advert from ${source}`, isOurs, { from });
}

async function follow(name: DaemonName): Promise<void> {
  const network = await Network.build();
  try {
    const router = await network.addMachine({ name: "router", addresses: ["192.168.1.5/24"] });
    const client = await network.addMachine({ name: "client", addresses: ["192.168.1.7/24"] });
    const capture = await network.captureIn(client, "eth0", "ip6 proto 112");
    const daemon = new Daemon(router, { name, config: CONFIG });
    await daemon.logged("Entering MASTER STATE");
    await advertFrom(capture, OWN);
    assert.deepEqual(await sharedBy(router), [OWN]);
    await router.ip(`addr add ${NEW}/64 dev eth0 nodad`);
    await advertFrom(capture, OWN);
    assert.deepEqual(await sharedBy(router), [OWN], "one more is no reason to move");
    const from = daemon.log.position;
    await router.ip(`addr del ${OWN}/64 dev eth0`);
    await advertFrom(capture, NEW);
    await advertFrom(capture, NEW);
    assert.deepEqual(await sharedBy(router), [NEW]);
    const said = daemon.log.items.slice(from).map(({ text }) => text);
    assert.ok(!said.some((text) => /Entering|removing VIPs/.test(text)), said.join("\n"));
    await daemon.terminate();
    assert.ok(!(await router.runOk(["ip", "-o", "link"])).includes("vrrp"));
  } finally {
    await network.close();
  }
}

describe("the link-local address below a VMAC changes", () => {
  const skip = whyNoLab(["dumpcap"]);
  for (const name of daemonNames()) test(name, { skip, timeout: 60_000 }, () => follow(name));
});
