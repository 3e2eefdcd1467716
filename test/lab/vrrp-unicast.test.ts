/** Unicast, as keepalived has it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { findProgram, ROOT } from "../helpers/repository.ts";
import { BARE_FAMILIES, type BareFamily, setUpBare, startBare } from "./bare-instance.ts";
import { whyNoLab } from "./capabilities.ts";
import type { CapturedFrame } from "./capture.ts";
import { Daemon, type DaemonName } from "./daemon.ts";
import { BELIEVABLE, forgeFrame } from "./forged.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";
import { type Pair, withPair } from "./pair.ts";

const HOP_LIMIT_OFFSET = 14 + 7;
const KERNEL_HOP_LIMIT = 64;
const IPV6 = BARE_FAMILIES.find(({ bits }) => bits === 128) as BareFamily;

function isAdvertOverIpv6({ bytes }: CapturedFrame): boolean {
  return bytes.readUInt16BE(12) === 0x86dd && bytes[14 + 6] === 112;
}

async function hopLimitOf(pair: Pair, lines: readonly string[]): Promise<number | undefined> {
  await setUpBare(pair, IPV6);
  startBare(pair, pair.first, IPV6, { priority: 200, isBound: true, lines });
  const frame = await pair.capture.frames.waitFor("an advert over IPv6", isAdvertOverIpv6);
  return frame.bytes[HOP_LIMIT_OFFSET];
}

function sharing(name: string, source: string, peer: string, vip: string): string {
  return `vrrp_instance ${name} {\n state BACKUP\n interface eth0\n virtual_router_id 51\n priority 100\n advert_int 1
 unicast_src_ip ${source}\n unicast_peer {\n  ${peer}\n }\n virtual_ipaddress {\n  ${vip}\n }\n}\n`;
}

/** Of two instances with one VRID and one address neither takes what comes from a peer of none. */
async function refusesStrangers(name: DaemonName): Promise<void> {
  const network = await Network.build();
  try {
    const own = await network.addMachine({ name: "own", addresses: ["192.168.1.5/24"] });
    const other = await network.addMachine({ name: "other", addresses: ["192.168.1.66/24"] });
    const config = [
      "global_defs {\n router_id LAB\n log_unknown_vrids\n}\n",
      sharing("A", own.address, "192.168.1.6", "192.168.1.100"),
      sharing("B", own.address, "192.168.1.7", "192.168.1.101"),
    ];
    const daemon = new Daemon(own, { name, config: config.join("") });
    await Promise.all(["A", "B"].map((each) => daemon.logged(`(${each}) Entering MASTER STATE`)));
    const send = (source: string, vip: string): Promise<string> => {
      const to = { destination: own.address, destinationMac: own.mac, authenticationType: 0, password: "" };
      const input = forgeFrame({ ...BELIEVABLE, ...to, source, addresses: [vip] }).toString("hex");
      return other.runOk(["python3", `${ROOT}/test/lab/programs/send-frames.py`, "eth0"], { input: `${input}\n` });
    };
    await send(other.address, "192.168.1.100");
    await daemon.logged(`Unknown VRID(51) received on interface(eth0) from ${other.address}. ignoring...`);
    const from = daemon.log.position;
    await send("192.168.1.7", "192.168.1.101");
    await daemon.logged("(B) Entering BACKUP STATE", { from });
    assert.doesNotMatch(daemon.text, /\(A\) Entering BACKUP STATE$/m);
  } finally {
    await network.close();
  }
}

describe("unicast instances that share a VRID", { concurrency: 2 }, () => {
  const skip = whyNoLab() || (findProgram("python3") === null ? "needs python3" : false);
  for (const name of daemonNames()) {
    test(`${name} takes adverts from the peers of each`, { skip, timeout: 60_000 }, () => refusesStrangers(name));
  }
});

describe("unicast over IPv6", { concurrency: 2 }, () => {
  const settings = { version: 3, isUnicast: true, password: null, advertInt: IPV6.advertInt } as const;
  for (const name of daemonNames()) {
    const limits = [
      [[], KERNEL_HOP_LIMIT],
      [["unicast_ttl 7"], 7],
    ] as const;
    for (const [lines, expected] of limits) {
      test(
        `${name} sends with hop limit ${expected} ${lines.join()}`,
        { skip: whyNoLab(["dumpcap"]), timeout: 60_000 },
        () => withPair(settings, [name, name], async (pair) => assert.equal(await hopLimitOf(pair, lines), expected)),
      );
    }
  }
});
