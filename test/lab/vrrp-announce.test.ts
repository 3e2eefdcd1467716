import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import type { CapturedFrame } from "./capture.ts";
import { Daemon, type DaemonName } from "./daemon.ts";
import { decodeFrame } from "./frames.ts";
import { daemonNames } from "./matrix.ts";
import { type Pair, type PairSettings, withPair } from "./pair.ts";

const FAST: PairSettings = { version: 3, isUnicast: false, password: null, advertInt: "0.2" };
const ADDRESSES = ["192.168.1.101", "192.168.1.102", "192.168.1.103"];
const REPEAT = 3;
const GAP_MS = 60;
/** What a busy machine may take from a gap: the frame before went out late. */
const SLACK_MS = 30;

function config(): string {
  const lines = ADDRESSES.map((address) => `  ${address}`).join("\n");
  return (
    `global_defs {\n router_id LAB\n vrrp_version 3\n vrrp_garp_interval ${GAP_MS / 1_000}\n}\n` +
    "vrrp_instance VI_1 {\n state BACKUP\n interface eth0\n virtual_router_id 51\n priority 100\n" +
    ` advert_int ${FAST.advertInt}\n garp_master_repeat ${REPEAT}\n garp_master_delay 2\n` +
    ` virtual_ipaddress {\n${lines}\n }\n}\n`
  );
}

function announced(captured: CapturedFrame): string | null {
  const frame = decodeFrame(captured.bytes);
  return frame.kind === "arp" && frame.senderProtocol === frame.targetProtocol ? frame.senderProtocol : null;
}

/** One packet per interval, the addresses in turn; the second burst after the delay. */
async function paced(pair: Pair): Promise<void> {
  const { machine, daemonName } = pair.first;
  const daemon = new Daemon(machine, { name: daemonName, config: config() });
  const expected = 2 * REPEAT * ADDRESSES.length;
  const seen: { readonly atMs: number; readonly address: string }[] = [];
  for (let from = 0; seen.length < expected; ) {
    const what = `announcement ${seen.length + 1} of ${expected}`;
    const frame = await pair.capture.frames.waitFor(what, (captured) => announced(captured) !== null, { from });
    from = pair.capture.frames.items.indexOf(frame) + 1;
    seen.push({ atMs: frame.atMs, address: announced(frame) ?? "" });
  }
  for (const [index, { atMs }] of seen.entries()) {
    const before = seen[index - 1];
    if (before === undefined) continue;
    assert.ok(
      atMs - before.atMs > GAP_MS - SLACK_MS,
      `packet ${index + 1} came ${atMs - before.atMs} ms after the last`,
    );
  }
  const [first] = seen;
  const second = seen[REPEAT * ADDRESSES.length];
  assert.ok(first !== undefined && second !== undefined);
  assert.ok(second.atMs - first.atMs > 1_900, "the second burst came too early");
  for (const address of ADDRESSES) {
    assert.equal(seen.filter((one) => one.address === address).length, 2 * REPEAT, `announcements of ${address}`);
  }
  await daemon.terminate();
}

/** keepalived -D: a line per address and burst, and one per packet, also for the second burst. */
async function told(pair: Pair): Promise<void> {
  const { machine, daemonName } = pair.first;
  const text = config().replace(/ vrrp_garp_interval .*\n/, "");
  const daemon = new Daemon(machine, { name: daemonName, config: text });
  const last = `Sending gratuitous ARP on eth0 for ${ADDRESSES.at(-1)}`;
  for (let count = 0, from = 0; count < 2 * REPEAT; count += 1) {
    const line = await daemon.logged(last, { from });
    from = daemon.log.items.indexOf(line) + 1;
  }
  const lines = daemon.log.items.map((line) => line.text.replace(/^.*?(?=\(VI_1\) Sending|Sending grat)/, ""));
  const ours = lines.filter((line) => line.includes("Sending"));
  const packet = (address: string): string => `Sending gratuitous ARP on eth0 for ${address}`;
  const queueing = (address: string): string => `(VI_1) Sending/queueing gratuitous ARPs on eth0 for ${address}`;
  const burst = [
    ...ADDRESSES.flatMap((address) => [queueing(address), packet(address)]),
    ...Array.from({ length: REPEAT - 1 }, () => ADDRESSES.map(packet)).flat(),
  ];
  assert.deepEqual(
    ours.map((line) => line.trim()),
    [...burst, ...burst],
  );
  await daemon.terminate();
}

function describeDaemon(name: DaemonName): void {
  const skip = whyNoLab(["tshark", "dumpcap"]);
  const run = (scenario: (pair: Pair) => Promise<void>) => (): Promise<void> => withPair(FAST, [name, name], scenario);
  // keepalived 2.2.7 sends only some of the repeats when they are paced.
  if (name === "holdfast") {
    test(`${name} sends one announcement per vrrp_garp_interval`, { skip, timeout: 60_000 }, run(paced));
  }
  test(`${name} tells each announcement with -D`, { skip, timeout: 60_000 }, run(told));
}

describe("gratuitous ARP", { concurrency: 4 }, () => {
  for (const name of daemonNames()) describeDaemon(name);
});
