/** Runs in a kernel with IPVS, see ipvs-kernel.test.ts. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import type { IpvsCommand, IpvsServiceEntry, IpvsTable, SyscallFailure } from "../../src/native/contract.ts";
import { CASES, commandsFor, destination, entriesOf, marked, service, sorted } from "./ipvs-cases.ts";
import { ADDON_PATH, addon, runOk, typeErrorNaming } from "./netlink-helpers.ts";

const FLUSH: IpvsCommand = { kind: "flush" };
const MODPROBE = "/proc/sys/kernel/modprobe";

async function withTable(body: (table: IpvsTable) => Promise<void>): Promise<void> {
  const table = addon.openIpvs();
  try {
    await body(table);
  } finally {
    table.close();
  }
}

function saved(): readonly string[] {
  const text = runOk("ipvsadm", "--save", "--numeric");
  return text.split("\n").filter((line) => line !== "");
}

function codes(results: readonly (SyscallFailure | null)[]): readonly (string | null)[] {
  return results.map((result) => result && `${result.syscall} ${result.code}`);
}

/** In groups of 20 to each of so many services. */
function pool(services: number): readonly Pick<IpvsServiceEntry, "service" | "destinations">[] {
  return Array.from({ length: services }, (_, index) => ({
    service: service({ address: `10.1.${index >> 8}.${index & 255}`, scheduler: "wrr" }),
    destinations: Array.from({ length: 20 }, (_unused, host) => ({
      ...destination({ address: `10.2.${index & 255}.${host + 1}`, weight: host }),
      activeConnections: 0,
      inactiveConnections: 0,
      persistentConnections: 0,
    })),
  }));
}

function milliseconds(sinceMs: number): string {
  return `${(performance.now() - sinceMs).toFixed(0)} ms`;
}

describe("IPVS table", () => {
  afterEach(() => runOk("ipvsadm", "--clear"));

  it("ipvsadm shows what we add, with every option", () =>
    withTable(async (table) => {
      const results = await table.apply(commandsFor(CASES));
      assert.deepEqual(codes(results.filter((result) => result !== null)), []);
      assert.deepEqual([...saved()].sort(), CASES.flatMap((entry) => entry.saved).sort());
    }));

  it("we dump what ipvsadm adds, with every option", () =>
    withTable(async (table) => {
      const input = `${CASES.flatMap((entry) => entry.saved).join("\n")}\n`;
      const restore = spawnSync("ipvsadm", ["--restore"], { input, encoding: "utf8" });
      assert.deepEqual([restore.status, restore.stderr], [0, ""]);
      assert.deepEqual(sorted(await table.dump()), entriesOf(CASES));
    }));

  it("thresholds go both ways", () =>
    withTable(async (table) => {
      const guarded = { service: service(), destinations: [destination({ upperThreshold: 100, lowerThreshold: 50 })] };
      assert.deepEqual(await table.apply(commandsFor([guarded])), [null, null]);
      assert.match(runOk("ipvsadm", "-Ln", "--thresholds"), /192\.168\.1\.7:80 +100 +50 /);
      runOk("ipvsadm", "-e", "-t", "192.168.1.100:80", "-r", "192.168.1.7:80", "-m", "-x", "9", "-y", "7");
      const [entry] = await table.dump();
      assert.deepEqual([entry?.destinations[0]?.upperThreshold, entry?.destinations[0]?.lowerThreshold], [9, 7]);
    }));

  it("a dump that would say nothing new is null, until anybody changes the table", () =>
    withTable(async (table) => {
      await table.apply(commandsFor([{ service: service(), destinations: [destination()] }]));
      assert.equal((await table.dumpIfChanged())?.length, 1);
      await table.usage();
      assert.equal(await table.dumpIfChanged(), null);
      runOk("ipvsadm", "-e", "-t", "192.168.1.100:80", "-r", "192.168.1.7:80", "-m", "-w", "9");
      assert.equal((await table.dumpIfChanged())?.[0]?.destinations[0]?.weight, 9);
      runOk("ipvsadm", "-d", "-t", "192.168.1.100:80", "-r", "192.168.1.7:80");
      assert.deepEqual((await table.dumpIfChanged())?.[0]?.destinations, []);
      assert.equal(await table.dumpIfChanged(), null);
    }));

  it("edits and deletes what there is", () =>
    withTable(async (table) => {
      const before = service({ scheduler: "sh", flags: ["sched-2"], persistenceTimeoutSec: 50 });
      const first = destination();
      const second = destination({ address: "192.168.1.8" });
      await table.apply(commandsFor([{ service: before, destinations: [first, second] }]));
      const after = service({ scheduler: "wlc", flags: [] });
      assert.deepEqual(
        await table.apply([
          { kind: "service-edit", service: after },
          { kind: "destination-edit", service: after, destination: { ...first, weight: 7, fwdMethod: "droute" } },
          { kind: "destination-delete", service: after, destination: second },
        ]),
        [null, null, null],
      );
      assert.deepEqual(saved(), ["-A -t 192.168.1.100:80 -s wlc", "-a -t 192.168.1.100:80 -r 192.168.1.7:80 -g -w 7"]);
      assert.deepEqual(await table.apply([{ kind: "service-delete", service: after }]), [null]);
      assert.deepEqual(saved(), []);
    }));

  it("a mark of IPv4 and the same mark of IPv6 are two services", () =>
    withTable(async (table) => {
      const both = [marked(7), marked(7, { family: "inet6" })];
      await table.apply(both.map((added) => ({ kind: "service-add", service: added })));
      assert.equal((await table.dump()).length, 2);
      assert.deepEqual(await table.apply([{ kind: "service-delete", service: marked(7) }]), [null]);
      assert.deepEqual(
        (await table.dump()).map((entry) => entry.service.family),
        ["inet6"],
      );
    }));

  it("each failure is told at its place and stops nothing", () =>
    withTable(async (table) => {
      const added = service();
      const other = service({ port: 81 });
      const results = await table.apply([
        { kind: "service-add", service: added },
        { kind: "service-add", service: added },
        { kind: "service-add", service: service({ port: 82, scheduler: "nosuch" }) },
        { kind: "service-edit", service: other },
        { kind: "service-delete", service: other },
        { kind: "destination-add", service: other, destination: destination() },
        { kind: "destination-edit", service: added, destination: destination() },
        { kind: "destination-delete", service: added, destination: destination() },
        { kind: "destination-add", service: added, destination: destination() },
        { kind: "destination-add", service: added, destination: destination() },
        { kind: "service-add", service: service({ family: "inet6", address: "::1", persistenceGranularity: 0 }) },
        FLUSH,
      ]);
      assert.deepEqual(codes(results), [
        null,
        "IPVS_CMD_NEW_SERVICE EEXIST",
        "IPVS_CMD_NEW_SERVICE ENOENT",
        "IPVS_CMD_SET_SERVICE ESRCH",
        "IPVS_CMD_DEL_SERVICE ESRCH",
        "IPVS_CMD_NEW_DEST ESRCH",
        "IPVS_CMD_SET_DEST ENOENT",
        "IPVS_CMD_DEL_DEST ENOENT",
        null,
        "IPVS_CMD_NEW_DEST EEXIST",
        "IPVS_CMD_NEW_SERVICE EINVAL",
        null,
      ]);
      assert.equal(results[2]?.message, "the kernel has no such scheduler or persistence engine");
      assert.equal(results[1]?.message, "File exists");
      assert.deepEqual(await table.dump(), []);
    }));

  it("timeouts are set and read", () =>
    withTable(async (table) => {
      const before = await table.timeouts();
      const timeouts = { tcpSec: 1_000, tcpFinSec: 11, udpSec: 12 };
      assert.deepEqual(await table.apply([{ kind: "set-timeouts", timeouts }]), [null]);
      assert.deepEqual(await table.timeouts(), timeouts);
      assert.match(runOk("ipvsadm", "-L", "--timeout"), /tcp tcpfin udp\): 1000 11 12/);
      assert.deepEqual(await table.apply([{ kind: "set-timeouts", timeouts: before }]), [null]);
      assert.deepEqual(await table.timeouts(), before);
    }));

  it("1,000 services of 20 destinations go in, are dumped and go out", (context) =>
    withTable(async (table) => {
      const entries = pool(1_000);
      const start = performance.now();
      const adding = table.apply(commandsFor(entries));
      const handedOver = milliseconds(start);
      const results = await adding;
      const added = milliseconds(start);
      assert.equal(results.length, 21_000);
      assert.ok(results.every((result) => result === null));

      const dumpStart = performance.now();
      const dumped = await table.dump();
      context.diagnostic(`add ${added} (main thread ${handedOver}), dump ${milliseconds(dumpStart)}`);
      assert.deepEqual(sorted(dumped), sorted(entries));

      const removal = entries.flatMap((entry) =>
        entry.destinations.map(
          (removed): IpvsCommand => ({ kind: "destination-delete", service: entry.service, destination: removed }),
        ),
      );
      assert.ok((await table.apply(removal)).every((result) => result === null));
      assert.ok((await table.dump()).every((entry) => entry.destinations.length === 0));
    }));

  it("stays in the network namespace in which it was opened", () =>
    withTable(async (table) => {
      const name = "ipvs-elsewhere";
      runOk("ip", "netns", "add", name);
      addon.enterNetworkNamespace(`/run/netns/${name}`);
      try {
        await withTable(async (elsewhere) => {
          await elsewhere.apply([{ kind: "service-add", service: service({ port: 81 }) }]);
          await table.apply([{ kind: "service-add", service: service({ port: 80 }) }]);
          assert.deepEqual(
            (await elsewhere.dump()).map((entry) => entry.service.port),
            [81],
          );
          assert.deepEqual(
            (await table.dump()).map((entry) => entry.service.port),
            [80],
          );
        });
      } finally {
        addon.enterNetworkNamespace("/proc/1/ns/net");
        runOk("ip", "netns", "delete", name);
      }
    }));
});

describe("opening IPVS", () => {
  function removeModules(): void {
    const loaded = readFileSync("/proc/modules", "utf8").match(/^ip_vs\w*/gm) ?? [];
    const schedulers = loaded.filter((name) => name !== "ip_vs");
    runOk("rmmod", ...schedulers, "ip_vs");
  }

  it("loads the module when the kernel does not have it yet", async () => {
    removeModules();
    await withTable(async (table) => assert.deepEqual(await table.dump(), []));
  });

  it("says what to do when the module cannot be loaded", () => {
    removeModules();
    const before = readFileSync(MODPROBE, "utf8");
    writeFileSync(MODPROBE, "/bin/false");
    try {
      assert.throws(() => addon.openIpvs(), {
        code: "ENOENT",
        syscall: "openIpvs",
        message: /no IPVS \(\/bin\/false ip_vs ended with status 1\); load the module ip_vs/,
      });
    } finally {
      writeFileSync(MODPROBE, before);
    }
    addon.openIpvs().close();
  });

  it("says what is missing without the capability", () => {
    const code = `
      const addon = require(${JSON.stringify(ADDON_PATH)});
      process.seteuid(65534);
      try { addon.openIpvs(); } catch (error) { console.log(error.code, error.message); }`;
    const child = spawnSync(process.execPath, ["-e", code], { encoding: "utf8" });
    assert.equal(child.stdout, "EPERM IPVS needs the capability CAP_NET_ADMIN; run as root\n");
  });
});

describe("IPVS misuse", () => {
  const untyped = (): Record<string, (...words: unknown[]) => unknown> =>
    addon.openIpvs() as unknown as ReturnType<typeof untyped>;

  const WRONG: readonly [string, Record<string, unknown>][] = [
    ["kind", { kind: "service-replace" }],
    ["kind", { kind: null }],
    ["service", { service: null }],
    ["service.family", { service: { ...service(), family: "inet5" } }],
    ["service.fwmark", { service: { ...service(), fwmark: -1 } }],
    ["service.fwmark", { service: { ...service(), fwmark: 2 ** 32 } }],
    ["service.protocol", { service: { ...service(), protocol: "icmp" } }],
    ["service.protocol", { service: { ...service(), protocol: null } }],
    ["service.protocol", { service: { ...service(), protocol: undefined } }],
    ["service.address", { service: { ...service(), address: null } }],
    ["service.address", { service: { ...service(), address: "::1" } }],
    ["service.port", { service: { ...service(), port: 65_536 } }],
    ["service.scheduler", { service: { ...service(), scheduler: "" } }],
    ["service.scheduler", { service: { ...service(), scheduler: "sixteen-octets-0" } }],
    ["service.persistenceTimeoutSec", { service: { ...service(), persistenceTimeoutSec: 1.5 } }],
    ["service.persistenceGranularity", { service: { ...service(), persistenceGranularity: "/24" } }],
    ["service.persistenceEngine", { service: { ...service(), persistenceEngine: 1 } }],
    ["service.flags", { service: { ...service(), flags: "one-packet" } }],
    ["service.flags", { service: { ...service(), flags: ["hashed"] } }],
    ["service.flags", { service: { ...service(), flags: [1] } }],
    ["destination", { kind: "destination-add" }],
    ["destination.family", { kind: "destination-add", destination: { ...destination(), family: 4 } }],
    ["destination.address", { kind: "destination-add", destination: { ...destination(), address: "::1" } }],
    ["destination.port", { kind: "destination-add", destination: { ...destination(), port: -1 } }],
    ["destination.fwdMethod", { kind: "destination-add", destination: { ...destination(), fwdMethod: "NAT" } }],
    ["destination.weight", { kind: "destination-add", destination: { ...destination(), weight: 2 ** 31 } }],
    [
      "destination.upperThreshold",
      { kind: "destination-add", destination: { ...destination(), upperThreshold: null } },
    ],
    ["destination.lowerThreshold", { kind: "destination-add", destination: { ...destination(), lowerThreshold: -1 } }],
    ["destination.tunnelType", { kind: "destination-add", destination: { ...destination(), tunnelType: null } }],
    ["destination.tunnelPort", { kind: "destination-add", destination: { ...destination(), tunnelPort: 65_536 } }],
    ["destination.tunnelFlags", { kind: "destination-add", destination: { ...destination(), tunnelFlags: 65_536 } }],
    ["timeouts", { kind: "set-timeouts" }],
    ["timeouts.udpSec", { kind: "set-timeouts", timeouts: { tcpSec: 1, tcpFinSec: 1, udpSec: -1 } }],
  ];
  it("every wrong field is named", () => {
    const table = untyped();
    for (const [field, wrong] of WRONG) {
      const command = { kind: "service-add", service: service(), ...wrong };
      assert.throws(() => table["apply"]?.([FLUSH, command]), typeErrorNaming(`commands[1].${field}`), field);
    }
    assert.throws(() => table["apply"]?.(), typeErrorNaming("commands"));
    assert.throws(() => table["apply"]?.call({}, []), TypeError);
    table["close"]?.();
  });

  it("close is idempotent, finishes what was asked for, and then everything throws", async () => {
    const table = addon.openIpvs();
    const outcomes = Promise.all([
      table.apply([{ kind: "service-add", service: service() }]),
      table.dump(),
      table.apply([FLUSH]),
      table.timeouts(),
    ]);
    table.close();
    table.close();
    for (const use of [() => table.dump(), () => table.apply([]), () => table.timeouts()]) {
      assert.throws(use, { code: "ERR_CLOSED", errno: null, syscall: null });
    }
    const [added, dumped, flushed] = await outcomes;
    assert.deepEqual([added, dumped.length, flushed], [[null], 1, [null]]);
  });

  it("a process may end and a worker be terminated with work under way", async () => {
    const code = `
      const table = require(${JSON.stringify(ADDON_PATH)}).openIpvs();
      const batch = new Array(5000).fill({ kind: "flush" });
      const work = [table.apply(batch), table.dump(), table.apply(batch)];`;
    const child = spawnSync(process.execPath, ["-e", `${code}\nwork[0].then(() => process.exit(7))`]);
    assert.deepEqual([child.signal, child.status], [null, 7]);
    const tell = 'require("node:worker_threads").parentPort.postMessage';
    const worker = new Worker(`${code}\nwork[1].then(() => ${tell}("dumped"))`, { eval: true });
    await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    await worker.terminate();
  });
});
