/** An interface that is tracked with a weight goes, where the configuration says that weights do not count. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { waitUntil } from "../helpers/event-log.ts";
import { whyNoLab } from "./capabilities.ts";
import { Daemon, type DaemonName } from "./daemon.ts";
import { advertOf } from "./frames.ts";
import { daemonNames } from "./matrix.ts";
import { type Pair, VIP, withPair } from "./pair.ts";

const SETTINGS = { version: 3, isUnicast: false, password: null, advertInt: "0.2" } as const;
const GLOBAL = "global_defs {\n router_id LAB\n vrrp_version 3\n}\n";

function instance(name: string, vrid: number, words: string, address: string): string {
  return `vrrp_instance ${name} {
 interface eth0
 virtual_router_id ${vrid}
 advert_int 0.2
 ${words}
 virtual_ipaddress {
  ${address}
 }
}
`;
}

const WEIGHTED = "track_interface {\n  eth1 weight -60\n }";
const MEMBER = `${GLOBAL}vrrp_sync_group G {
 group {
  VI_1
  VI_2
 }
}
${instance("VI_1", 51, `priority 150\n ${WEIGHTED}`, VIP)}${instance("VI_2", 52, "priority 150", "192.168.1.101")}`;
const OWNER = `${GLOBAL}${instance("VI_1", 51, `state MASTER\n priority 255\n ${WEIGHTED}`, VIP)}`;

/** The interface is down, and the address stays. @param priority of the adverts from then on */
async function losesIt(pair: Pair, name: DaemonName, config: string, priority: number): Promise<void> {
  const { machine, watch } = pair.first;
  await machine.ip("link add eth1 type veth peer name far1\nlink set eth1 up\nlink set far1 up");
  const daemon = new Daemon(machine, { name, config });
  try {
    await watch.gained(VIP);
    await machine.ip("link set far1 down");
    const from = pair.capture.frames.position;
    const heard = (): readonly number[] =>
      pair.capture.frames.items.slice(from).flatMap((frame) => {
        const advert = advertOf(frame);
        return advert?.vrid === 51 ? [advert.priority] : [];
      });
    await waitUntil("adverts", () => (heard().length >= 8 ? true : null));
    assert.equal(heard().at(-1), priority);
    assert.equal(watch.isHeld(VIP), true, "the address went");
    assert.doesNotMatch(daemon.text, /Entering FAULT/);
    await daemon.terminate();
  } catch (error) {
    throw new Error(`${String(error)}\n${daemon.text}`, { cause: error });
  }
}

describe("weights of tracked interfaces that should not count", () => {
  const skip = whyNoLab(["dumpcap"]);
  for (const name of daemonNames()) {
    const scenario = (title: string, config: string, priority: number): void => {
      test(`${title}: ${name}`, { skip, timeout: 60_000 }, () =>
        withPair(SETTINGS, [name, name], (pair) => losesIt(pair, name, config, priority)),
      );
    };
    scenario("in a sync group it counts all the same", MEMBER, 90);
    scenario("an address owner does not mind", OWNER, 255);
  }
});
