import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import { createMemoryIpvsTable } from "../../../src/ipvs/memory-table.ts";
import type { CompleteConfiguration } from "../../../src/model/complete.ts";
import type { IpvsTable } from "../../../src/native/contract.ts";
import { SyncDaemon } from "../../../src/runtime/sync-daemon.ts";
import { FakeClock, flush } from "./lvs-fakes.ts";

const VI = "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n virtual_ipaddress {\n 10.0.0.100\n }\n}\n";
const BOTH = { hasVrrp: true, hasCheckers: true };
const INTERVAL_US = 5_000_000;

function load(text: string): CompleteConfiguration {
  const place = { path: "/a.conf", workingDirectory: "/", configId: null, enforcesIncludes: false };
  return loadConfiguration(place, createMemoryHost({ files: { "/a.conf": text } })).configuration;
}

interface Bed {
  readonly daemon: SyncDaemon;
  readonly table: IpvsTable;
  readonly clock: FakeClock;
  readonly log: string[];
  configure(words: string, roles?: typeof BOTH): Promise<void>;
  running(): Promise<readonly string[]>;
}

function build(): Bed {
  const table = createMemoryIpvsTable();
  // It outlives its handle, as the kernel's does.
  table.close = () => undefined;
  const clock = new FakeClock();
  const log: string[] = [];
  const daemon = new SyncDaemon({
    openTable: () => table,
    clock,
    log: (record) => log.push(record.text),
  });
  return {
    daemon,
    table,
    clock,
    log,
    configure: (words, roles = BOTH) => daemon.configure(load(`global_defs {\n ${words}\n}\n${VI}`), roles),
    running: async () =>
      (await table.syncDaemons()).map(({ role, interfaceName, syncId, port }) =>
        [role, interfaceName, syncId, port].join(" "),
      ),
  };
}

test("tied to an instance: backup at start, master while active, nothing at the end", async () => {
  const bed = build();
  await bed.configure("lvs_sync_daemon eth0 inst VI_1");
  assert.deepEqual(await bed.running(), ["backup eth0 51 8848"]);
  bed.daemon.instanceChanged({ instance: "VI_1", to: "active" });
  await flush();
  assert.deepEqual(await bed.running(), ["master eth0 51 8848"]);
  bed.daemon.instanceChanged({ instance: "VI_1", to: "fault" });
  await flush();
  assert.deepEqual(await bed.running(), ["backup eth0 51 8848"]);
  await bed.daemon.stop();
  assert.deepEqual(await bed.running(), []);
  assert.deepEqual(bed.log, [
    "IPVS: started sync daemon backup on eth0, id 51",
    "IPVS: stopped sync daemon backup",
    "IPVS: started sync daemon master on eth0, id 51",
    "IPVS: stopped sync daemon master",
    "IPVS: started sync daemon backup on eth0, id 51",
    "IPVS: stopped sync daemon backup",
  ]);
});

test("tied to none: both run with the checkers, and not without", async () => {
  const bed = build();
  await bed.configure("lvs_sync_daemon eth0 id 3", { hasVrrp: true, hasCheckers: false });
  assert.deepEqual(await bed.running(), []);
  await bed.configure("lvs_sync_daemon eth0 id 3");
  assert.deepEqual(await bed.running(), ["master eth0 3 8848", "backup eth0 3 8848"]);
  bed.daemon.instanceChanged({ instance: "VI_1", to: "active" });
  await flush();
  assert.equal(bed.log.length, 2);
});

test("what an earlier run left is adopted, a thread that somebody stopped is started again", async () => {
  const bed = build();
  const daemon = { role: "backup", interfaceName: "eth0", syncId: 51 } as const;
  const rest = { maxLengthBytes: 1472, port: null, ttl: null, group: null };
  await bed.table.apply([{ kind: "sync-daemon-start", daemon: { ...daemon, ...rest } }]);
  await bed.configure("lvs_sync_daemon eth0 inst VI_1 maxlen 1400");
  assert.deepEqual(bed.log, []);
  await bed.table.apply([{ kind: "sync-daemon-stop", role: "backup" }]);
  await bed.clock.advance(INTERVAL_US);
  assert.deepEqual(await bed.running(), ["backup eth0 51 8848"]);
});

test("a reload starts anew what has changed, and only that", async () => {
  const bed = build();
  await bed.configure("lvs_sync_daemon eth0 inst VI_1 id 4");
  await bed.configure("lvs_sync_daemon eth0 inst VI_1 id 4");
  assert.equal(bed.log.length, 1);
  await bed.configure("lvs_sync_daemon eth0 inst VI_1 id 4 port 9000");
  assert.deepEqual(await bed.running(), ["backup eth0 4 9000"]);
  await bed.configure("lvs_sync_daemon eth0 inst VI_1 id 4 port 9000 maxlen 1000");
  assert.equal(bed.log.length, 5);
  await bed.configure("");
  assert.deepEqual(await bed.running(), []);
});

test("without a wish, a stranger's threads stay", async () => {
  const bed = build();
  const daemon = { role: "master", interfaceName: "eth9", syncId: 1 } as const;
  const rest = { maxLengthBytes: null, port: null, ttl: null, group: null };
  await bed.table.apply([{ kind: "sync-daemon-start", daemon: { ...daemon, ...rest } }]);
  await bed.configure("");
  await bed.daemon.stop();
  assert.deepEqual(await bed.running(), ["master eth9 1 8848"]);
});
