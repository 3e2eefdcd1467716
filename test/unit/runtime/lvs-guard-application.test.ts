import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ApplicationCheck } from "../../../src/model/checks.ts";
import type { VirtualServer } from "../../../src/model/lvs.ts";
import type { LvsConfiguration } from "../../../src/runtime/lvs-types.ts";
import { realServer, tcpChecker, virtualServer } from "../checker/samples.ts";
import { type Bench, configuration, createBench, tableLines } from "./lvs-fakes.ts";

const SECOND_US = 1_000_000;
const PLACE = { file: "test.conf", line: 1, column: 1 };
const EMPTY = ["tcp 192.168.1.1:80 rr", "tcp 192.168.1.2:80 rr"];
const HELD = "but eth0 has no carrier: the servers stay in their pools";

/** Four servers, all judged by equal checks beside the probe loop. */
function pool(net: number, check: ApplicationCheck, fields: Partial<VirtualServer> = {}): VirtualServer {
  const { timing } = tcpChecker("192.0.2.1", 80);
  const servers = [1, 2, 3, 4].map((last) => ({
    ...realServer(`10.0.${net}.${last}`, { checkers: [] }),
    applicationCheckers: [{ check, timing, logsAllFailures: false, place: PLACE }],
  }));
  const key = { kind: "address", family: "inet", address: `192.168.1.${net}`, port: 80, protocol: "tcp" } as const;
  return virtualServer(servers, { key, isGuarded: true, ...fields });
}

function misc(script: string): ApplicationCheck {
  return { kind: "misc", command: { argv: [script], user: null, place: PLACE }, timeoutUs: 0, setsWeight: false };
}

function both(check: ApplicationCheck): LvsConfiguration {
  return configuration([pool(1, check), pool(2, check)]);
}

function holds(bench: Bench): number {
  return bench.lines.filter((line) => line.endsWith(HELD)).length;
}

async function runScripts(bench: Bench, status: number): Promise<void> {
  bench.scripts.ends.set("/check", [{ kind: "exited", status }]);
  await bench.clock.advance(6 * SECOND_US);
}

test("scripts that all fail while the own network is broken empty no pool; what fails after it does", async () => {
  const bench = createBench();
  await bench.runtime.start(both(misc("/check")));
  await runScripts(bench, 0);
  bench.network.problem = "eth0 has no carrier";
  await runScripts(bench, 1);
  assert.equal(holds(bench), 1);
  assert.equal((await tableLines(bench.table)).length, 8);
  await bench.runtime.reload(configuration([pool(2, misc("/check")), pool(1, misc("/check"))]));
  assert.equal((await tableLines(bench.table)).length, 8);
  bench.network.problem = null;
  await bench.clock.advance(60 * SECOND_US);
  assert.deepEqual(await tableLines(bench.table), EMPTY);
  await runScripts(bench, 0);
  assert.equal((await tableLines(bench.table)).length, 8);
});

test("with a sound network scripts empty their pools as ever", async () => {
  const bench = createBench();
  await bench.runtime.start(both(misc("/check")));
  await runScripts(bench, 0);
  await runScripts(bench, 1);
  assert.equal(holds(bench), 0);
  assert.deepEqual(await tableLines(bench.table), EMPTY);
});

test("sessions that go down with the own link empty no pool", async () => {
  const bench = createBench();
  bench.runtime.bfdChanged("uplink", true);
  await bench.runtime.start(both({ kind: "bfd", bfdInstance: "uplink" }));
  bench.network.problem = "eth0 has no carrier";
  bench.runtime.bfdChanged("uplink", false);
  await bench.clock.advance(SECOND_US);
  assert.equal(holds(bench), 1);
  assert.equal((await tableLines(bench.table)).length, 8);
  bench.network.problem = null;
  bench.runtime.bfdChanged("uplink", true);
  await bench.clock.advance(60 * SECOND_US);
  assert.equal((await tableLines(bench.table)).length, 8);
});

test("files that say down in every pool are held too", async () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-test-"));
  const path = join(folder, "load");
  writeFileSync(path, "0\n");
  const bench = createBench();
  try {
    const file = { name: "load", path, weight: 0, isReversed: false, initialise: null, place: PLACE };
    const check: ApplicationCheck = { kind: "file", trackFile: "load", weight: 0, isReversed: false };
    await bench.runtime.start({ ...both(check), trackFiles: [file] });
    bench.network.problem = "eth0 has no carrier";
    writeFileSync(path, "1\n");
    for (let look = 0; look < 500 && holds(bench) === 0; look += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      await bench.clock.advance(SECOND_US / 100);
    }
    assert.equal(holds(bench), 1);
    assert.equal((await tableLines(bench.table)).length, 8);
  } finally {
    await bench.runtime.stop();
    rmSync(folder, { recursive: true });
  }
});

test("the panic threshold counts servers that scripts took out", async () => {
  const bench = createBench();
  const pools = [1, 2, 3, 4].map((last) => misc(`/check${last}`));
  const base = pool(1, misc("/unused"), { isGuarded: false, panicThresholdPercent: 50 });
  const realServers = base.realServers.map((server, index) => ({
    ...server,
    applicationCheckers: [
      { check: pools[index], timing: tcpChecker("192.0.2.1", 80).timing, logsAllFailures: false, place: PLACE },
    ],
  }));
  await bench.runtime.start(configuration([{ ...base, realServers } as VirtualServer]));
  for (const last of [1, 2]) bench.scripts.ends.set(`/check${last}`, [{ kind: "exited", status: 1 }]);
  await bench.clock.advance(6 * SECOND_US);
  assert.equal((await tableLines(bench.table)).length, 2);
  bench.scripts.ends.set("/check3", [{ kind: "exited", status: 1 }]);
  await bench.clock.advance(6 * SECOND_US);
  assert.equal((await tableLines(bench.table)).length, 4);
  assert.match(bench.lines.at(-1) ?? "", /only 1 of 4 servers are up, so all of them serve$/);
});
