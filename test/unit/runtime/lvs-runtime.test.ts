import assert from "node:assert/strict";
import { test } from "node:test";
import type { VirtualServerGroup } from "../../../src/model/checks.ts";
import type { CheckerTiming, RealServer, VirtualServer } from "../../../src/model/lvs.ts";
import { realServer, tcpChecker, virtualServer } from "../checker/samples.ts";
import { type Bench, configuration, createBench, flush, tableLines } from "./lvs-fakes.ts";

const SECOND_US = 1_000_000;
const A = "192.168.1.7";
const B = "192.168.1.8";
const C = "192.168.1.9";

function server(address: string, fields: Partial<RealServer> = {}, timing: Partial<CheckerTiming> = {}): RealServer {
  return realServer(address, { checkers: [tcpChecker(address, fields.port ?? 80, timing)], ...fields });
}

function onPort(port: number): Pick<VirtualServer, "key"> {
  return { key: { kind: "address", family: "inet", address: "192.168.1.100", port, protocol: "tcp" } };
}

/** What was logged since the last call. */
function take(bench: Bench): string[] {
  return bench.lines.splice(0);
}

const SIMPLE = configuration([virtualServer([server(A), server(B)])]);

test("start builds the table, gains the quorum and activates the checkers, in keepalived's order", async () => {
  const bench = createBench([`${A}:80`, `${B}:80`]);
  await bench.runtime.start(SIMPLE);
  assert.deepEqual(await tableLines(bench.table), [
    "tcp 192.168.1.100:80 rr > 192.168.1.7:80 droute w1",
    "tcp 192.168.1.100:80 rr > 192.168.1.8:80 droute w1",
  ]);
  assert.deepEqual(take(bench), [
    "Initializing ipvs",
    "Gained quorum 1+0=1 <= 2 for VS [192.168.1.100]:tcp:80",
    "Activating healthchecker for service [192.168.1.7]:tcp:80 for VS [192.168.1.100]:tcp:80",
    "Activating healthchecker for service [192.168.1.8]:tcp:80 for VS [192.168.1.100]:tcp:80",
  ]);
});

test("a failed server leaves the table after its retries and returns with its first success", async () => {
  const bench = createBench([`${A}:80`, `${B}:80`]);
  const servers = [A, B].map((address) => server(address, {}, { retries: 2 }));
  const sorryServer = realServer(C, { checkers: [] });
  await bench.runtime.start(configuration([virtualServer(servers, { sorryServer })]));
  await bench.clock.advance(1.5 * SECOND_US);
  take(bench);
  bench.probes().answering.clear();
  await bench.clock.advance(4 * SECOND_US);
  assert.deepEqual(take(bench), []);
  await bench.clock.advance(2 * SECOND_US);
  assert.deepEqual(take(bench), [
    "TCP_CHECK on service [192.168.1.7]:tcp:80 failed after 2 retries.",
    "Removing service [192.168.1.7]:tcp:80 from VS [192.168.1.100]:tcp:80",
    "TCP_CHECK on service [192.168.1.8]:tcp:80 failed after 2 retries.",
    "Removing service [192.168.1.8]:tcp:80 from VS [192.168.1.100]:tcp:80",
    "Lost quorum 1-0=1 > 0 for VS [192.168.1.100]:tcp:80",
    "Adding sorry server [192.168.1.9]:tcp:80 to VS [192.168.1.100]:tcp:80",
    "Removing alive servers from the pool for VS [192.168.1.100]:tcp:80",
  ]);
  assert.deepEqual(await tableLines(bench.table), ["tcp 192.168.1.100:80 rr > 192.168.1.9:80 droute w1"]);
  bench.probes().answering.add(`${A}:80`);
  await bench.clock.advance(4 * SECOND_US);
  assert.deepEqual(take(bench), [
    "TCP connection to [192.168.1.7]:tcp:80 success.",
    "Adding service [192.168.1.7]:tcp:80 to VS [192.168.1.100]:tcp:80",
    "Gained quorum 1+0=1 <= 1 for VS [192.168.1.100]:tcp:80",
    "Removing sorry server [192.168.1.9]:tcp:80 from VS [192.168.1.100]:tcp:80",
    "Adding alive servers to the pool for VS [192.168.1.100]:tcp:80",
  ]);
  assert.deepEqual(await tableLines(bench.table), ["tcp 192.168.1.100:80 rr > 192.168.1.7:80 droute w1"]);
});

test("keepalived's start with alpha, inhibit, quorum and weights, word for word", async () => {
  const bench = createBench([`${A}:80`, `${B}:80`]);
  const alpha = { isAlpha: true };
  const servers = [
    server(A, { isInhibitedOnFailure: true, fwdMethod: "masq" }, alpha),
    server(B, { weight: 2, fwdMethod: "masq" }, alpha),
    server(C, { weight: 2, fwdMethod: "masq", port: 81 }, alpha),
  ];
  await bench.runtime.start(configuration([virtualServer(servers, { ...onPort(81), scheduler: "wrr", quorum: 2 })]));
  assert.deepEqual(await tableLines(bench.table), ["tcp 192.168.1.100:81 wrr > 192.168.1.7:80 masq w0"]);
  take(bench);
  await bench.clock.advance(1.5 * SECOND_US);
  assert.deepEqual(take(bench), [
    "TCP connection to [192.168.1.7]:tcp:80 success.",
    "Enabling service [192.168.1.7]:tcp:80 of VS [192.168.1.100]:tcp:81",
    "TCP connection to [192.168.1.8]:tcp:80 success.",
    "Adding service [192.168.1.8]:tcp:80 to VS [192.168.1.100]:tcp:81",
    "Gained quorum 2+0=2 <= 3 for VS [192.168.1.100]:tcp:81",
    "TCP_CHECK on service [192.168.1.9]:tcp:81 failed.",
  ]);
  assert.deepEqual(await tableLines(bench.table), [
    "tcp 192.168.1.100:81 wrr > 192.168.1.7:80 masq w1",
    "tcp 192.168.1.100:81 wrr > 192.168.1.8:80 masq w2",
  ]);
});

test("equal targets are probed once and the result goes to everybody who asked", async () => {
  const bench = createBench([`${A}:80`]);
  const twice = [virtualServer([server(A)]), virtualServer([server(A)], onPort(81))];
  await bench.runtime.start(configuration(twice));
  assert.equal(bench.probes().targets.size, 1);
  await bench.clock.advance(1.5 * SECOND_US);
  bench.probes().answering.clear();
  take(bench);
  await bench.clock.advance(4 * SECOND_US);
  const removals = take(bench).filter((line) => line.startsWith("Removing"));
  assert.deepEqual(removals, [
    "Removing service [192.168.1.7]:tcp:80 from VS [192.168.1.100]:tcp:80",
    "Removing service [192.168.1.7]:tcp:80 from VS [192.168.1.100]:tcp:81",
  ]);
});

test("a steady state reports nothing and probes once per delay loop", async () => {
  const bench = createBench([`${A}:80`, `${B}:80`]);
  await bench.runtime.start(SIMPLE);
  await bench.clock.advance(1.5 * SECOND_US);
  const before = bench.probes().probes.length;
  take(bench);
  await bench.clock.advance(40 * SECOND_US);
  assert.equal(bench.probes().probes.length - before, 20);
  assert.deepEqual(take(bench), []);
});

test("first checks are spread over the warm-up, but nobody waits long for one that decides", async () => {
  const warm = configuration([
    virtualServer([A, B].map((address) => server(address, {}, { warmupUs: 60 * SECOND_US }))),
  ]);
  const bench = createBench([`${A}:80`, `${B}:80`], false, 0.5);
  const startUs = bench.clock.nowUs();
  await bench.runtime.start(warm);
  await bench.clock.advance(40 * SECOND_US);
  assert.equal(bench.probes().probes[0]?.atUs, startUs + 31 * SECOND_US);
  const restarted = createBench([`${A}:80`, `${B}:80`], false, 0.5);
  const [entry] = await bench.table.dump();
  assert.ok(entry !== undefined);
  const [present] = entry.destinations;
  assert.ok(present !== undefined);
  await restarted.table.apply([
    { kind: "service-add", service: entry.service },
    { kind: "destination-add", service: entry.service, destination: present },
  ]);
  await restarted.runtime.start(warm);
  await restarted.clock.advance(2 * SECOND_US);
  assert.deepEqual(
    restarted.probes().probes.map(({ where }) => where),
    [`${B}:80`],
  );
  assert.equal((await tableLines(restarted.table)).length, 2);
});

test("a success among failures restarts the delay loop from that result", async () => {
  const bench = createBench([`${A}:80`]);
  await bench.runtime.start(configuration([virtualServer([server(A, {}, { retries: 3 })])]));
  await bench.clock.advance(1.5 * SECOND_US);
  bench.probes().answering.clear();
  await bench.clock.advance(4 * SECOND_US);
  bench.probes().answering.add(`${A}:80`);
  await bench.clock.advance(10 * SECOND_US);
  const times = bench.probes().probes.map(({ atUs }) => atUs);
  const gaps = times.slice(1).map((atUs, index) => (atUs - (times[index] ?? 0)) / SECOND_US);
  assert.deepEqual(gaps.slice(0, 4), [4, 1, 4, 4]);
  assert.deepEqual(bench.runtime.snapshot().virtualServers[0]?.realServers[0]?.checkers, [
    { kind: "tcp", verdict: "up", failures: 0, last: { reason: "ok", latencyUs: 100, atUs: 1_006_000_000 } },
  ]);
});

test("results that come late from a removed target do not count", async () => {
  const bench = createBench([`${A}:80`, `${B}:80`]);
  await bench.runtime.start(SIMPLE);
  await bench.clock.advance(1.5 * SECOND_US);
  const [first] = bench.probes().targets.keys();
  assert.ok(first !== undefined);
  await bench.runtime.reload(configuration([virtualServer([server(B)])]));
  take(bench);
  bench
    .probes()
    .report([
      { target: first, result: "failure", reason: "timeout", stage: "connect", errno: 110, latencyUs: 0, atUs: 0 },
    ]);
  await flush();
  assert.deepEqual(take(bench), []);
});

test("without virtual servers nothing is opened until a reload brings one", async () => {
  const bench = createBench([`${A}:80`]);
  await bench.runtime.start(configuration([]));
  assert.deepEqual(bench.opened, []);
  assert.deepEqual(take(bench), []);
  await bench.runtime.reload(SIMPLE);
  assert.deepEqual(bench.opened, ["ipvs", "probes"]);
  assert.equal((await tableLines(bench.table)).length, 2);
});

test("a table that can't be read fails the start and leaves nothing open", async () => {
  const bench = createBench();
  bench.table.failsDump = true;
  await assert.rejects(bench.runtime.start(SIMPLE), { code: "EIO" });
  assert.deepEqual(bench.opened, ["ipvs"]);
  assert.equal(bench.table.isClosed, true);
  assert.equal(bench.clock.pending, 0);
  await bench.runtime.stop();
});

test("the status tells servers, quorum and the last verdicts", async () => {
  const bench = createBench([`${A}:80`]);
  await bench.runtime.start(SIMPLE);
  await bench.clock.advance(6 * SECOND_US);
  const { virtualServers, table, probes } = bench.runtime.snapshot();
  assert.deepEqual(virtualServers, [
    {
      name: "[192.168.1.100]:tcp:80",
      scheduler: "rr",
      hasQuorum: true,
      isSorryServerActive: false,
      realServers: [
        {
          name: "[192.168.1.7]:tcp:80",
          address: A,
          port: 80,
          weight: 1,
          isAlive: true,
          checkers: [
            { kind: "tcp", verdict: "up", failures: 0, last: { reason: "ok", latencyUs: 100, atUs: 1_001_000_000 } },
          ],
        },
        {
          name: "[192.168.1.8]:tcp:80",
          address: B,
          port: 80,
          weight: 1,
          isAlive: false,
          checkers: [
            {
              kind: "tcp",
              verdict: "down",
              failures: 0,
              last: { reason: "refused", latencyUs: 100, atUs: 1_001_000_000 },
            },
          ],
        },
      ],
    },
  ]);
  assert.deepEqual(table, { reconciles: 1, repairs: 0, failures: 0, isInSync: true });
  assert.equal(probes?.started, 4);
});

test("a group is one service per address, and members come and go with a reload", async () => {
  const bench = createBench([`${A}:80`]);
  const service = virtualServer([server(A)], { key: { kind: "group", group: "G", protocol: "tcp" } });
  const place = { file: "test.conf", line: 1, column: 1 };
  const group = (to: string): VirtualServerGroup => ({
    name: "G",
    members: [{ kind: "range", family: "inet", from: "192.0.2.1", to, port: 80 }],
    place,
  });
  await bench.runtime.start({ ...configuration([service]), virtualServerGroups: [group("192.0.2.2")] });
  assert.deepEqual(await tableLines(bench.table), [
    "tcp 192.0.2.1:80 rr > 192.168.1.7:80 droute w1",
    "tcp 192.0.2.2:80 rr > 192.168.1.7:80 droute w1",
  ]);
  await bench.clock.advance(1.5 * SECOND_US);
  bench.probes().answering.clear();
  await bench.clock.advance(4 * SECOND_US);
  assert.deepEqual(await tableLines(bench.table), ["tcp 192.0.2.1:80 rr", "tcp 192.0.2.2:80 rr"]);
  assert.ok(bench.lines.includes("Lost quorum 1-0=1 > 0 for VS [G]:0"));
  await bench.runtime.reload({ ...configuration([service]), virtualServerGroups: [group("192.0.2.1")] });
  assert.deepEqual(await tableLines(bench.table), ["tcp 192.0.2.1:80 rr"]);
});

test("with checker_log_all_failures each counted failure is told, those of a dead server are not", async () => {
  const bench = createBench([`${A}:80`]);
  const service = virtualServer([server(A, {}, { retries: 1 })]);
  await bench.runtime.start(configuration([service], { logsAllCheckerFailures: true }));
  await bench.clock.advance(1.5 * SECOND_US);
  bench.probes().answering.clear();
  take(bench);
  await bench.clock.advance(20 * SECOND_US);
  assert.deepEqual(take(bench).slice(0, 4), [
    "TCP connection to [192.168.1.7]:tcp:80 failed.",
    "TCP connection to [192.168.1.7]:tcp:80 failed.",
    "TCP_CHECK on service [192.168.1.7]:tcp:80 failed after 1 retries.",
    "Removing service [192.168.1.7]:tcp:80 from VS [192.168.1.100]:tcp:80",
  ]);
  const [target] = bench.probes().targets.keys();
  assert.ok(target !== undefined);
  const more = {
    target,
    result: "failure",
    reason: "timeout",
    stage: "connect",
    errno: 0,
    latencyUs: 0,
    atUs: 0,
  } as const;
  bench.probes().report([more]);
  assert.deepEqual(take(bench), []);
});

test("log_all_failures of one checker tells its failures, and not those of its neighbour on the same target", async () => {
  const bench = createBench([`${A}:80`, `${B}:80`]);
  const loud = server(A, {}, { retries: 1 });
  const checkers = loud.checkers.map((checker) => ({ ...checker, logsAllFailures: true }));
  const service = virtualServer([{ ...loud, checkers }, server(B, {}, { retries: 1 })]);
  await bench.runtime.start(configuration([service]));
  await bench.clock.advance(1.5 * SECOND_US);
  bench.probes().answering.clear();
  take(bench);
  await bench.clock.advance(20 * SECOND_US);
  const told = take(bench).filter((line) => line.startsWith("TCP connection"));
  assert.deepEqual(told, [
    "TCP connection to [192.168.1.7]:tcp:80 failed.",
    "TCP connection to [192.168.1.7]:tcp:80 failed.",
  ]);
});

test("delay_before_retry 0: the retries follow at once", async () => {
  const bench = createBench(["192.168.1.7:80"]);
  const checker = tcpChecker("192.168.1.7", 80, { delayBeforeRetryUs: 0, retries: 2 });
  await bench.runtime.start(configuration([virtualServer([realServer("192.168.1.7", { checkers: [checker] })])]));
  await bench.clock.advance(2_000_000);
  bench.probes().answering.clear();
  await bench.clock.advance(4_000_000);
  assert.deepEqual(await tableLines(bench.table), ["tcp 192.168.1.100:80 rr"]);
  await bench.runtime.stop();
});
