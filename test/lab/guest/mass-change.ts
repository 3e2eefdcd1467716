/** How long it takes until thousands of servers that failed at once serve again. Numbers: HOLDFAST_MASS servers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TableService } from "../../../src/ipvs/table.ts";
import type { IpvsDestination, IpvsService } from "../../../src/native/contract.ts";
import { loadNative } from "../../../src/native/load.ts";
import { TableSync } from "../../../src/runtime/lvs-table-sync.ts";

const COUNT = Number(process.env["HOLDFAST_MASS"] ?? 4_000);
const PER_SERVICE = 1_000;

const native = loadNative();

function serviceOf(number: number, count: number, scheduler: string): readonly [string, TableService] {
  const service: IpvsService = {
    family: "inet",
    fwmark: 0,
    protocol: "tcp",
    address: `192.0.2.${number}`,
    port: 80,
    scheduler,
    persistenceTimeoutSec: 0,
    persistenceGranularity: 0xffffffff,
    persistenceEngine: null,
    flags: [],
  };
  const destinations = new Map<string, IpvsDestination>();
  for (let index = 0; index < count; index += 1) {
    const address = `10.${number}.${index >> 8}.${index & 255}`;
    destinations.set(`${address} 80`, {
      ...{ family: "inet", address, port: 80, fwdMethod: "masq", weight: 1, upperThreshold: 0, lowerThreshold: 0 },
      ...{ tunnelType: "ipip", tunnelPort: 0, tunnelFlags: 0 },
    });
  }
  return [`tcp ${service.address} 80`, { service, destinations }];
}

/** @returns milliseconds for all servers to leave, and to return */
async function downAndUp(scheduler: string): Promise<{ readonly downMs: number; readonly upMs: number }> {
  const sync = new TableSync({
    table: native.openIpvs(),
    clock: { nowUs: () => native.monotonicUs(), after: (us, call) => stopper(setTimeout(call, us / 1_000)) },
    log: (record) => assert.fail(record.text),
  });
  await sync.open(true);
  const numbers = Array.from({ length: Math.ceil(COUNT / PER_SERVICE) }, (_, index) => index + 1);
  const update = async (count: number): Promise<number> => {
    const began = performance.now();
    sync.update(numbers.map((number) => serviceOf(number, count, scheduler)));
    await sync.settled();
    return performance.now() - began;
  };
  await update(PER_SERVICE);
  const downMs = await update(0);
  const upMs = await update(PER_SERVICE);
  const total = [...sync.known().values()].flatMap(({ destinations }) => [...destinations.values()]);
  assert.deepEqual(
    [total.length, total.filter(({ weight }) => weight !== 1).length],
    [numbers.length * PER_SERVICE, 0],
  );
  await sync.removeAll("no");
  await sync.close();
  return { downMs: Math.round(downMs), upMs: Math.round(upMs) };
}

function stopper(timer: NodeJS.Timeout): () => void {
  return () => clearTimeout(timer);
}

test(`${COUNT} servers that fail at once are back as fast as they left`, { timeout: 600_000 }, async () => {
  // The kernel's trash is empty at first; the hashing scheduler, where deletions do not wait, fills it.
  const paced = await downAndUp("wlc");
  const plain = process.env["HOLDFAST_MASS"] === undefined ? null : await downAndUp("sh");
  process.stderr.write(`mass change of ${COUNT}: paced ${JSON.stringify(paced)} plain ${JSON.stringify(plain)}\n`);
  assert.ok(paced.upMs < 5 * paced.downMs + 2_000, JSON.stringify(paced));
});
