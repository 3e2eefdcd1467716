/** Unicast over IPv6, as keepalived has it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BARE_FAMILIES, type BareFamily, setUpBare, startBare } from "./bare-instance.ts";
import { whyNoLab } from "./capabilities.ts";
import type { CapturedFrame } from "./capture.ts";
import { daemonNames } from "./matrix.ts";
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
