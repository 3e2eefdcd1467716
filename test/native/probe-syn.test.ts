import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Server } from "node:net";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { ProbeTarget } from "../../src/native/contract.ts";
import { addon, REPORT_ONCE, RecordedLoop, tcpTarget } from "./probe-helpers.ts";
import { command, firewall, fullServer, listening, unusedPort } from "./probe-network.ts";

const NAMESPACE = `syn-test-${process.pid}`;
const isRoot = process.getuid?.() === 0;
const skip = isRoot ? false : "needs root for a network namespace";
const LIMIT = { skip, timeout: 20_000 };

function synTarget(port: number, changes: Partial<ProbeTarget> = {}): ProbeTarget {
  return tcpTarget(port, { kind: "syn", ...changes });
}

/** Of the namespace; the path of the thread, since only it has entered the namespace. */
function tcpCounter(name: string): number {
  const lines = readFileSync("/proc/thread-self/net/snmp", "utf8").split("\n");
  const [names = "", values = ""] = lines.filter((line) => line.startsWith("Tcp:"));
  return Number(values.split(" ")[names.split(" ").indexOf(name)]);
}

async function droppedPackets(): Promise<void> {
  for (;;) {
    const { stdout } = spawnSync("nft", ["list", "ruleset"], { encoding: "utf8" });
    if (/packets [1-9]/.test(stdout)) return;
    await pause(5);
  }
}

describe("half-open probes", { skip }, () => {
  let server: Server;
  let port = 0;
  let recorded: RecordedLoop;

  before(async () => {
    if (!isRoot) return;
    command(`ip netns add ${NAMESPACE}`);
    addon.enterNetworkNamespace(`/run/netns/${NAMESPACE}`);
    command("ip link set lo up");
    ({ server, port } = await listening("127.0.0.1"));
  });
  after(() => {
    if (!isRoot) return;
    server.close();
    command(`ip netns delete ${NAMESPACE}`);
  });
  afterEach(() => {
    recorded?.loop.close();
    if (isRoot) command("nft flush ruleset");
  });

  it("SYN-ACK is a success, and the kernel's RST ends it before the server's program sees it", LIMIT, async () => {
    recorded = new RecordedLoop();
    const [opens, resets] = [tcpCounter("PassiveOpens"), tcpCounter("OutRsts")];
    const event = await recorded.probe(synTarget(port));
    assert.deepEqual(event, { ...event, target: 1, result: "success", reason: "ok", errno: 0 });
    assert.deepEqual([tcpCounter("PassiveOpens") - opens, tcpCounter("OutRsts") - resets], [0, 1]);
  });

  it("IPv6 too, and a link-local address", LIMIT, async () => {
    command("ip link add v0 type veth peer name v1");
    command("ip address add fe80::5/64 dev v0 nodad");
    command("ip link set v0 up");
    command("ip link set v1 up");
    const { server: six, port: portSix } = await listening("::");
    recorded = new RecordedLoop();
    for (const address of ["::1", "fe80::5%v0"]) {
      const event = await recorded.probe(synTarget(portSix, { family: "inet6", address }));
      assert.deepEqual([address, event.result], [address, "success"]);
    }
    six.close();
    const closed = await recorded.probe(synTarget(portSix, { family: "inet6", address: "::1" }));
    assert.equal(closed.reason, "refused");
  });

  it("RST is a refusal", LIMIT, async () => {
    recorded = new RecordedLoop();
    const event = await recorded.probe(synTarget(await unusedPort()));
    assert.deepEqual([event.result, event.reason, event.errno], ["failure", "refused", 111]);
  });

  it("silence is a timeout", LIMIT, async () => {
    const silent = await fullServer();
    recorded = new RecordedLoop();
    const event = await recorded.probe(synTarget(silent.port, { timeoutUs: 200_000 }));
    assert.deepEqual([event.result, event.reason], ["failure", "timeout"]);
    silent.close();
  });

  it("an ICMP error is one", LIMIT, async () => {
    firewall(`tcp dport ${port} reject with icmpx type host-unreachable`);
    recorded = new RecordedLoop();
    const event = await recorded.probe(synTarget(port));
    assert.deepEqual([event.result, event.reason], ["failure", "unreachable"]);
  });

  it("a lost SYN is sent again after a second", LIMIT, async () => {
    firewall(`tcp dport ${port} counter drop`);
    recorded = new RecordedLoop();
    const probed = recorded.probe(synTarget(port));
    await droppedPackets();
    command("nft flush ruleset");
    const event = await probed;
    assert.equal(event.result, "success");
    assert.ok(event.latencyUs >= 1_000_000, String(event.latencyUs));
  });

  it("source, interface and mark are the target's", LIMIT, async () => {
    firewall("tcp flags syn ip saddr 127.0.0.9 meta mark 7 accept\ntcp flags & (syn | ack) == syn drop");
    recorded = new RecordedLoop();
    const bound = { bindAddress: "127.0.0.9", bindInterface: "lo", fwmark: 7, timeoutUs: 300_000 };
    assert.equal((await recorded.probe(synTarget(port, bound))).result, "success");
    assert.equal((await recorded.probe(synTarget(port, { ...bound, fwmark: 0 }))).reason, "timeout");
  });

  it("without a route there is no way to the server", LIMIT, async () => {
    recorded = new RecordedLoop();
    const { result, reason } = await recorded.probe(synTarget(port, { address: "203.0.113.1" }));
    assert.deepEqual([result, reason], ["failure", "unreachable"]);
  });

  it("from an address that is not ours nothing leaves, and nothing is said about the server", LIMIT, async () => {
    firewall("ip saddr 203.0.113.2 counter drop");
    recorded = new RecordedLoop();
    const often = { ...REPORT_ONCE, intervalUs: 1_000, unexpectedIntervalUs: 1_000 };
    recorded.loop.addTarget(1, synTarget(port, { bindAddress: "203.0.113.2" }), often, 0);
    await recorded.counted(({ local }) => local >= 2);
    assert.deepEqual(recorded.events, []);
    assert.match(spawnSync("nft", ["list", "ruleset"], { encoding: "utf8" }).stdout, /packets 0 /);
  });

  it("a SYN from an address that goes meanwhile says nothing about the server", LIMIT, async () => {
    command("ip link add w0 type veth peer name w1");
    command("ip link set w0 up");
    command("ip link set w1 up");
    command("ip address add 198.51.100.1/24 dev w0");
    command("ip neighbour add 198.51.100.2 lladdr 02:00:00:00:00:02 dev w0");
    const often = { ...REPORT_ONCE, intervalUs: 1_000, unexpectedIntervalUs: 1_000 };
    recorded = new RecordedLoop();
    recorded.loop.addTarget(1, synTarget(80, { address: "198.51.100.2", timeoutUs: 400_000 }), often, 0);
    await recorded.counted(({ inFlight }) => inFlight === 1);
    command("ip address delete 198.51.100.1/24 dev w0");
    command("ip address add 198.51.100.9/24 dev w0");
    const { failed } = await recorded.counted(({ local }) => local === 1);
    assert.equal(failed, 0);
    // From the address that is there now.
    assert.equal((await recorded.next()).reason, "timeout");
    command("ip link delete w0");
  });

  it("thousands at once keep their own results", LIMIT, async () => {
    const closed = await unusedPort();
    recorded = new RecordedLoop(10_000);
    const { server: any, port: anyPort } = await listening("0.0.0.0");
    for (let id = 0; id < 4_000; id++) {
      const address = `127.0.${id >> 8}.${(id & 255) === 0 ? 1 : id & 255}`;
      recorded.loop.addTarget(id, synTarget(id % 2 === 0 ? anyPort : closed, { address }), REPORT_ONCE, 0);
    }
    await recorded.counted(({ succeeded, failed }) => succeeded + failed === 4_000);
    for (let count = 0; count < 4_000; count++) {
      const event = await recorded.next();
      assert.equal(event.reason, event.target % 2 === 0 ? "ok" : "refused", String(event.target));
    }
    any.close();
  });

  it("a target that is removed meanwhile harms nobody", LIMIT, async () => {
    recorded = new RecordedLoop();
    const often = { ...REPORT_ONCE, expected: "success", intervalUs: 1_000, unexpectedIntervalUs: 1_000 } as const;
    for (let round = 0; round < 100; round++) {
      recorded.loop.addTarget(1, synTarget(port), often, 0);
      recorded.loop.addTarget(2, synTarget(port, { fwmark: round }), often, 0);
      if (round % 3 === 0) await pause(1);
      recorded.loop.removeTarget(1);
      recorded.loop.removeTarget(2);
    }
    assert.equal((await recorded.probe(synTarget(port))).result, "success");
  });

  it("a source port can't be asked for", LIMIT, () => {
    recorded = new RecordedLoop();
    assert.throws(() => recorded.loop.addTarget(1, synTarget(port, { bindPort: 7 }), REPORT_ONCE, 0), /bindPort/);
  });
});
