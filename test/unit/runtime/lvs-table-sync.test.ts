import assert from "node:assert/strict";
import { test } from "node:test";
import type { IpvsCommand, IpvsService } from "../../../src/native/contract.ts";
import { realServer, virtualServer } from "../checker/samples.ts";
import { type Bench, configuration, createBench, flush, tableLines } from "./lvs-fakes.ts";

const SECOND_US = 1_000_000;
const ANSWERING = ["192.168.1.7:80", "192.168.1.8:80"];
const SERVERS = [realServer("192.168.1.7"), realServer("192.168.1.8", { isInhibitedOnFailure: true })];
const OURS = [
  "tcp 192.168.1.100:80 rr > 192.168.1.7:80 droute w1",
  "tcp 192.168.1.100:80 rr > 192.168.1.8:80 droute w1",
];
const STRANGER: IpvsService = {
  family: "inet",
  fwmark: 0,
  protocol: "tcp",
  address: "192.168.1.200",
  port: 443,
  scheduler: "lc",
  persistenceTimeoutSec: 0,
  persistenceGranularity: 0xffffffff,
  persistenceEngine: null,
  flags: [],
};
const OWN_SERVICE: IpvsService = { ...STRANGER, address: "192.168.1.100", port: 80, scheduler: "rr" };

function destination(host: number): Extract<IpvsCommand, { kind: "destination-add" }>["destination"] {
  return {
    family: "inet",
    address: `192.168.1.${host}`,
    port: 80,
    fwdMethod: "droute",
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    tunnelType: "ipip",
    tunnelPort: 0,
    tunnelFlags: 0,
  };
}

async function start(bench: Bench, flushes: Parameters<typeof configuration>[1] = {}): Promise<void> {
  await bench.runtime.start(configuration([virtualServer(SERVERS)], flushes));
}

test("after a restart equal services are left as they are, stale servers leave and failed ones have to pass first", async () => {
  const bench = createBench(ANSWERING);
  await bench.table.apply([
    { kind: "service-add", service: OWN_SERVICE },
    { kind: "destination-add", service: OWN_SERVICE, destination: destination(7) },
    { kind: "destination-add", service: OWN_SERVICE, destination: destination(66) },
  ]);
  bench.table.batches.length = 0;
  await start(bench);
  assert.deepEqual(bench.table.commands, ["destination-add", "destination-delete"]);
  assert.deepEqual(await tableLines(bench.table), [
    "tcp 192.168.1.100:80 rr > 192.168.1.7:80 droute w1",
    "tcp 192.168.1.100:80 rr > 192.168.1.8:80 droute w0",
  ]);
  assert.deepEqual(
    bench.lines.filter((line) => line.includes("restart")),
    ["service [192.168.1.8]:80 was out of the pool before the restart and stays out until its checks pass"],
  );
  await bench.clock.advance(1.5 * SECOND_US);
  assert.deepEqual(await tableLines(bench.table), OURS);
});

test("strangers' services are untouched by start, reconciling and stop", async () => {
  const bench = createBench(ANSWERING);
  await bench.table.apply([
    { kind: "service-add", service: STRANGER },
    { kind: "destination-add", service: STRANGER, destination: destination(7) },
  ]);
  const line = "tcp 192.168.1.200:443 lc > 192.168.1.7:80 droute w1";
  await start(bench);
  await bench.clock.advance(6 * SECOND_US);
  assert.deepEqual(await tableLines(bench.table), [...OURS, line]);
  await bench.runtime.stop();
  assert.equal(bench.table.isClosed, true);
  const deleted = bench.table.batches.flat().filter((command) => command.kind === "service-delete");
  assert.deepEqual(
    deleted.map((command) => command.service.address),
    ["192.168.1.100"],
  );
});

test("drift is repaired within the reconcile interval", async () => {
  const bench = createBench(ANSWERING);
  await start(bench);
  await bench.table.apply([{ kind: "flush" }]);
  bench.lines.length = 0;
  await bench.clock.advance(5 * SECOND_US);
  assert.deepEqual(await tableLines(bench.table), OURS);
  assert.deepEqual(
    bench.lines.filter((line) => line.startsWith("IPVS")),
    ["IPVS table was changed by another program, restoring it (3 commands)"],
  );
  assert.deepEqual(bench.runtime.snapshot().table, { reconciles: 1, repairs: 3, failures: 0, isInSync: true });
});

test("drift that undoes our own change is repaired, although the table is again as it was read", async () => {
  const bench = createBench([...ANSWERING, "192.168.1.9:80"]);
  await start(bench);
  await bench.clock.advance(6 * SECOND_US);
  await bench.runtime.reload(configuration([virtualServer([...SERVERS, realServer("192.168.1.9")])]));
  assert.equal((await tableLines(bench.table)).length, 3);
  const removal = { kind: "destination-delete", service: OWN_SERVICE, destination: destination(9) } as const;
  assert.deepEqual(await bench.table.apply([removal]), [null]);
  await bench.clock.advance(6 * SECOND_US);
  assert.equal((await tableLines(bench.table)).length, 3);
});

test("a failed command makes the table be read again at once", async () => {
  const bench = createBench(ANSWERING);
  let refusals = 1;
  bench.table.refuses = (command) => {
    const refuses = refusals > 0 && command.kind === "destination-add";
    if (refuses) refusals -= 1;
    return refuses;
  };
  await start(bench);
  assert.deepEqual(await tableLines(bench.table), OURS);
  assert.equal(bench.table.dumps - 1, 2);
  assert.deepEqual(
    bench.lines.filter((line) => line.startsWith("IPVS cmd")),
    [
      "IPVS cmd IP_VS_SO_SET_ADDDEST(1159) error: Permission denied (you must be root)(1) (192.168.1.100:tcp:80 -> 192.168.1.7:80)",
    ],
  );
});

test("a lasting failure is tried again with every comparison but told once", async () => {
  const bench = createBench(ANSWERING);
  bench.table.refuses = (command) => command.kind === "service-add";
  await start(bench);
  await bench.clock.advance(20 * SECOND_US);
  const told = bench.lines.filter((line) => line.startsWith("IPVS"));
  assert.deepEqual(told, [
    "IPVS cmd IP_VS_SO_SET_ADD(1154) error: Permission denied (you must be root)(1) (192.168.1.100:tcp:80)",
  ]);
  assert.equal(bench.runtime.snapshot().table.isInSync, false);
  assert.ok(bench.table.commands.filter((kind) => kind === "service-add").length >= 5);
  bench.table.refuses = () => false;
  await bench.clock.advance(5 * SECOND_US);
  assert.deepEqual(await tableLines(bench.table), OURS);
  assert.equal(bench.runtime.snapshot().table.isInSync, true);
});

test("one batch is under way at a time and later changes go together", async () => {
  const bench = createBench(ANSWERING);
  await start(bench);
  await bench.clock.advance(1.5 * SECOND_US);
  bench.table.batches.length = 0;
  let open: () => void = () => {};
  bench.table.gate = new Promise((resolve) => {
    open = resolve;
  });
  const [first, second] = bench.probes().targets.keys();
  assert.ok(first !== undefined && second !== undefined);
  const report = (target: number, result: "success" | "failure"): void =>
    bench
      .probes()
      .report([
        { target, result, reason: "other", stage: "connect", errno: 0, latencyUs: 0, atUs: bench.clock.nowUs() },
      ]);
  report(first, "failure");
  await flush();
  report(second, "failure");
  await flush();
  report(first, "success");
  await flush();
  assert.deepEqual(bench.table.commands, ["destination-delete"]);
  open();
  bench.table.gate = null;
  await flush();
  assert.deepEqual(bench.table.commands, ["destination-delete", "destination-add", "destination-edit"]);
  assert.equal(bench.table.batches.length, 2);
  assert.deepEqual(await tableLines(bench.table), [
    "tcp 192.168.1.100:80 rr > 192.168.1.7:80 droute w1",
    "tcp 192.168.1.100:80 rr > 192.168.1.8:80 droute w0",
  ]);
});

test("a change during a comparison is not taken for drift", async () => {
  const bench = createBench(ANSWERING);
  await start(bench);
  await bench.clock.advance(1.5 * SECOND_US);
  bench.probes().answering.clear();
  await bench.clock.advance(3.5 * SECOND_US);
  await bench.clock.advance(5 * SECOND_US);
  assert.equal(bench.runtime.snapshot().table.repairs, 0);
  assert.deepEqual(await tableLines(bench.table), ["tcp 192.168.1.100:80 rr > 192.168.1.8:80 droute w0"]);
});

test("stop removes what is ours, destinations first, and says so", async () => {
  const bench = createBench(["192.168.1.7:80"]);
  await start(bench);
  await bench.clock.advance(1.5 * SECOND_US);
  bench.table.batches.length = 0;
  bench.lines.length = 0;
  await Promise.all([bench.runtime.stop(), bench.runtime.stop()]);
  assert.deepEqual(bench.lines, [
    "Shutting down service [192.168.1.7]:tcp:80 from VS [192.168.1.100]:tcp:80",
    "Shutting down (inhibited) service [192.168.1.8]:tcp:80 from VS [192.168.1.100]:tcp:80",
  ]);
  assert.deepEqual(bench.table.commands, ["destination-delete", "destination-delete", "service-delete"]);
  assert.equal(bench.probes().isClosed, true);
  assert.equal(bench.table.isClosed, true);
  assert.equal(bench.clock.pending, 0);
});

test("-I leaves the table as it is", async () => {
  const bench = createBench(ANSWERING, true);
  await start(bench);
  bench.table.batches.length = 0;
  bench.lines.length = 0;
  await bench.runtime.stop();
  assert.deepEqual(bench.table.commands, []);
  assert.deepEqual(bench.lines, []);
  assert.equal(bench.table.isClosed, true);
});

test("lvs_flush empties the table first, lvs_flush_on_stop at the end", async () => {
  const bench = createBench(ANSWERING);
  await bench.table.apply([{ kind: "service-add", service: STRANGER }]);
  await start(bench, { flushesIpvsAtStart: true, flushesIpvsAtStop: "all" });
  assert.deepEqual(await tableLines(bench.table), OURS);
  bench.table.batches.length = 0;
  await bench.runtime.stop();
  assert.deepEqual(bench.table.commands, ["flush"]);
});

test("lvs_flush_on_stop VS deletes only services", async () => {
  const bench = createBench(ANSWERING);
  await start(bench, { flushesIpvsAtStop: "virtual-servers" });
  bench.table.batches.length = 0;
  await bench.runtime.stop();
  assert.deepEqual(bench.table.commands, ["service-delete"]);
});

test("connection timeouts: zero keeps what was found, a reload starts from there, stop puts it back", async () => {
  const bench = createBench(ANSWERING);
  const services = [virtualServer(SERVERS)];
  const withTimeouts = (tcp: number, tcpFin: number, udp: number): ReturnType<typeof configuration> =>
    configuration(services, { lvsTimeoutsSec: { tcp, tcpFin, udp } });
  await bench.runtime.start(withTimeouts(100, 0, 50));
  assert.deepEqual(await bench.table.timeouts(), { tcpSec: 100, tcpFinSec: 120, udpSec: 50 });
  await bench.runtime.reload(withTimeouts(0, 33, 0));
  assert.deepEqual(await bench.table.timeouts(), { tcpSec: 900, tcpFinSec: 33, udpSec: 300 });
  await bench.runtime.stop();
  assert.deepEqual(
    bench.table.batches
      .flat()
      .filter((command) => command.kind === "set-timeouts")
      .at(-1),
    {
      kind: "set-timeouts",
      timeouts: { tcpSec: 900, tcpFinSec: 120, udpSec: 300 },
    },
  );
});

test("connection timeouts that another program changes are set again within an interval", async () => {
  const bench = createBench(ANSWERING);
  await bench.runtime.start(
    configuration([virtualServer(SERVERS)], { lvsTimeoutsSec: { tcp: 100, tcpFin: 0, udp: 0 } }),
  );
  await bench.table.apply([{ kind: "set-timeouts", timeouts: { tcpSec: 5, tcpFinSec: 6, udpSec: 7 } }]);
  await bench.clock.advance(5 * SECOND_US);
  assert.deepEqual(await bench.table.timeouts(), { tcpSec: 100, tcpFinSec: 120, udpSec: 300 });
  assert.ok(bench.lines.some((line) => line.includes("changed by another program")));
  const { length } = bench.table.batches;
  await bench.clock.advance(20 * SECOND_US);
  assert.equal(bench.table.batches.length, length, "what is right is left alone");
});

test("without configured timeouts the kernel's are not touched", async () => {
  const bench = createBench(ANSWERING);
  await start(bench);
  await bench.runtime.stop();
  assert.ok(!bench.table.commands.includes("set-timeouts"));
});
