import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import type { Server } from "node:net";
import { after, afterEach, before, describe, it } from "node:test";
import type { ProbeSchedule } from "../../src/native/contract.ts";
import { addon, icmpTarget, REPORT_ONCE, RecordedLoop, tcpTarget } from "./probe-helpers.ts";
import { command, firewall, fullServer, listening, unusedPort } from "./probe-network.ts";

// All of it happens on the loopback device of a network namespace of its own.
const NAMESPACE = `probe-test-${process.pid}`;
const isRoot = process.getuid?.() === 0;
const skip = isRoot ? false : "needs root for a network namespace";
const LIMIT = { skip, timeout: 20_000 };

describe("probe loop", { skip }, () => {
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

  describe("TCP", () => {
    it("a listening server is a success", LIMIT, async () => {
      recorded = new RecordedLoop();
      const beforeUs = addon.monotonicUs();
      const event = await recorded.probe(tcpTarget(port));
      assert.deepEqual(event, { ...event, target: 1, result: "success", reason: "ok", errno: 0 });
      assert.ok(event.latencyUs >= 0 && event.latencyUs < 1_000_000, String(event.latencyUs));
      assert.ok(event.atUs >= beforeUs && event.atUs <= addon.monotonicUs());
    });

    it("IPv6 too", LIMIT, async () => {
      const { server: six, port: portSix } = await listening("::1");
      recorded = new RecordedLoop();
      const event = await recorded.probe(tcpTarget(portSix, { family: "inet6", address: "::1" }));
      assert.equal(event.result, "success");
      six.close();
    });

    it("a socket that served a link-local address serves no other", LIMIT, async () => {
      command("ip link add v0 type veth peer name v1");
      command("ip address add fe80::5/64 dev v0 nodad");
      command("ip link set v0 up");
      command("ip link set v1 up");
      const { server: six, port: portSix } = await listening("::");
      recorded = new RecordedLoop();
      for (const address of ["fe80::5%v0", "::1", "fe80::5%v0", "::1"]) {
        const event = await recorded.probe(tcpTarget(portSix, { family: "inet6", address }));
        assert.deepEqual([address, event.result], [address, "success"]);
      }
      six.close();
    });

    it("a socket that succeeded serves again, whatever came between", LIMIT, async () => {
      const closed = await unusedPort();
      recorded = new RecordedLoop();
      for (let round = 0; round < 3; round++) {
        assert.equal((await recorded.probe(tcpTarget(port))).reason, "ok");
        assert.equal((await recorded.probe(tcpTarget(closed))).reason, "refused");
        assert.equal((await recorded.probe(tcpTarget(port, { address: "127.0.0.2" }))).reason, "refused");
        assert.equal((await recorded.probe(tcpTarget(port, { bindAddress: "127.0.0.9" }))).reason, "ok");
      }
    });

    it("a closed port is refused", LIMIT, async () => {
      recorded = new RecordedLoop();
      const event = await recorded.probe(tcpTarget(await unusedPort()));
      assert.deepEqual([event.result, event.reason, event.errno], ["failure", "refused", 111]);
    });

    it("silence is a timeout, not before its time", LIMIT, async () => {
      firewall(`tcp dport ${port} drop`);
      recorded = new RecordedLoop();
      const event = await recorded.probe(tcpTarget(port, { timeoutUs: 150_000 }));
      assert.deepEqual([event.result, event.reason, event.errno], ["failure", "timeout", 0]);
      assert.ok(event.latencyUs >= 150_000 && event.latencyUs < 250_000, String(event.latencyUs));
    });

    it("a router's host-unreachable is unreachable", LIMIT, async () => {
      firewall(`tcp dport ${port} reject with icmpx type host-unreachable`);
      recorded = new RecordedLoop();
      const event = await recorded.probe(tcpTarget(port));
      assert.deepEqual([event.result, event.reason, event.errno], ["failure", "unreachable", 113]);
    });

    it("a server that loses the first SYN is slow, not down", LIMIT, async () => {
      firewall(`tcp dport ${port} tcp flags & (syn | ack) == syn numgen inc mod 2 0 drop`);
      recorded = new RecordedLoop();
      const event = await recorded.probe(tcpTarget(port, { timeoutUs: 3_000_000 }));
      assert.equal(event.result, "success");
      assert.ok(event.latencyUs >= 900_000, String(event.latencyUs));
    });

    it("a full backlog is a timeout", LIMIT, async () => {
      const full = await fullServer();
      recorded = new RecordedLoop();
      const event = await recorded.probe(tcpTarget(full.port, { timeoutUs: 200_000 }));
      assert.deepEqual([event.result, event.reason], ["failure", "timeout"]);
      full.close();
    });

    it("binds to address, port, interface and mark", LIMIT, async () => {
      const source = await unusedPort();
      firewall(
        `iifname lo ip saddr 127.0.0.9 tcp sport ${source} tcp dport ${port} meta mark 7 accept\ntcp dport ${port} drop`,
      );
      recorded = new RecordedLoop();
      const bound = { bindAddress: "127.0.0.9", bindPort: source, bindInterface: "lo", fwmark: 7, timeoutUs: 300_000 };
      assert.equal((await recorded.probe(tcpTarget(port, bound))).result, "success");
      assert.equal((await recorded.probe(tcpTarget(port, { ...bound, fwmark: 8 }))).reason, "timeout");
      assert.equal((await recorded.probe(tcpTarget(port, { ...bound, bindPort: 0 }))).reason, "timeout");
    });

    it("leaves no TIME_WAIT behind and reaches no accept(2)", LIMIT, async () => {
      recorded = new RecordedLoop();
      recorded.loop.addTarget(
        1,
        tcpTarget(port),
        { expected: "success", intervalUs: 1_000, unexpectedIntervalUs: 1_000 },
        0,
      );
      await recorded.counted((counters) => counters.succeeded >= 20);
      recorded.loop.close();
      const { stdout } = spawnSync("ss", ["-Htan", "state", "time-wait"], { encoding: "utf8" });
      assert.equal(stdout.trim(), "");
    });
  });

  describe("ICMP", () => {
    for (const [how, range] of [
      ["raw socket", "1 0"],
      ["ping socket", "0 2147483647"],
    ] as const) {
      it(`${how}: replies, silence and errors are told apart`, LIMIT, async () => {
        spawnSync("sysctl", ["-qw", `net.ipv4.ping_group_range=${range}`]);
        firewall(
          "ip daddr 127.0.0.3 icmp type echo-request drop\nip daddr 127.0.0.4 icmp type echo-request reject with icmpx type host-unreachable",
        );
        recorded = new RecordedLoop();
        const success = await recorded.probe(icmpTarget("127.0.0.2"));
        assert.deepEqual([success.result, success.reason], ["success", "ok"]);
        const silent = await recorded.probe(icmpTarget("127.0.0.3", { timeoutUs: 100_000 }));
        assert.deepEqual([silent.result, silent.reason], ["failure", "timeout"]);
        const unreachable = await recorded.probe(icmpTarget("127.0.0.4"));
        assert.deepEqual([unreachable.result, unreachable.reason, unreachable.errno], ["failure", "unreachable", 113]);
        assert.equal((await recorded.probe(icmpTarget("::1"))).result, "success");
      });

      it(`${how}: a thousand targets at once all answer`, LIMIT, async () => {
        spawnSync("sysctl", ["-qw", `net.ipv4.ping_group_range=${range}`]);
        command("sysctl -qw net.ipv4.icmp_ratelimit=0");
        recorded = new RecordedLoop(10_000);
        for (let target = 0; target < 1_000; target++) {
          const address = `127.0.${1 + (target >> 8)}.${target & 255}`;
          recorded.loop.addTarget(target, icmpTarget(address), REPORT_ONCE, 0);
        }
        const seen = new Set<number>();
        while (seen.size < 1_000) {
          const event = await recorded.next();
          assert.equal(event.result, "success");
          seen.add(event.target);
        }
        assert.equal(recorded.loop.counters().inFlight, 0);
      });
    }

    it("binds to address, interface and mark", LIMIT, async () => {
      firewall("icmp type echo-request ip saddr 127.0.0.9 meta mark 7 accept\nicmp type echo-request drop");
      recorded = new RecordedLoop();
      const bound = { bindAddress: "127.0.0.9", bindInterface: "lo", fwmark: 7, timeoutUs: 200_000 };
      assert.equal((await recorded.probe(icmpTarget("127.0.0.2", bound))).result, "success");
      assert.equal((await recorded.probe(icmpTarget("127.0.0.2", { ...bound, fwmark: 0 }))).reason, "timeout");
    });
  });

  for (const [name, target] of [
    ["TCP", () => tcpTarget(port, { address: "203.0.113.1" })],
    ["ICMP", () => icmpTarget("203.0.113.1")],
  ] as const) {
    it(`${name} without a route out fails at once: unreachable`, LIMIT, async () => {
      recorded = new RecordedLoop();
      const { result, reason, stage } = await recorded.probe(target());
      assert.deepEqual([result, reason, stage], ["failure", "unreachable", "route"]);
    });
  }

  it("port 0 is asked as any other, and refuses", LIMIT, async () => {
    recorded = new RecordedLoop();
    assert.equal((await recorded.probe(tcpTarget(0))).reason, "refused");
  });

  describe("what says nothing about the server", () => {
    const HASTY: ProbeSchedule = { expected: "none", intervalUs: 1_000, unexpectedIntervalUs: 1_000 };

    for (const [name, target] of [
      ["no such own address", () => tcpTarget(port, { bindAddress: "203.0.113.2" })],
      ["no such interface", () => tcpTarget(port, { bindInterface: "absent0" })],
      ["ICMP from no own address", () => icmpTarget("127.0.0.1", { bindAddress: "203.0.113.2" })],
    ] as const) {
      it(`${name}: counted, tried again, not reported`, LIMIT, async () => {
        recorded = new RecordedLoop();
        recorded.loop.addTarget(1, target(), HASTY, 0);
        const counters = await recorded.counted(({ local }) => local >= 2);
        assert.deepEqual([counters.succeeded, counters.failed, counters.inFlight], [0, 0, 0]);
        assert.deepEqual(recorded.events, []);
      });
    }

    it("a local failure that passes is followed by a verdict", LIMIT, async () => {
      recorded = new RecordedLoop();
      recorded.loop.addTarget(1, tcpTarget(port, { bindAddress: "192.0.2.7" }), HASTY, 0);
      await recorded.counted(({ local }) => local >= 1);
      command("ip address add 192.0.2.7/32 dev lo");
      assert.equal((await recorded.next()).result, "success");
      command("ip address delete 192.0.2.7/32 dev lo");
    });
  });

  describe("schedule", () => {
    it("expected results are counted and not reported", LIMIT, async () => {
      recorded = new RecordedLoop();
      const often: ProbeSchedule = { expected: "success", intervalUs: 5_000, unexpectedIntervalUs: 3_600_000_000 };
      recorded.loop.addTarget(1, tcpTarget(port), often, 0);
      await recorded.counted(({ succeeded }) => succeeded >= 5);
      assert.deepEqual(recorded.events, []);
      firewall(`tcp dport ${port} reject with tcp reset`);
      assert.deepEqual((await recorded.next()).reason, "refused");
    });

    it("setSchedule takes effect with the next result", LIMIT, async () => {
      recorded = new RecordedLoop();
      const quiet: ProbeSchedule = { expected: "success", intervalUs: 5_000, unexpectedIntervalUs: 5_000 };
      recorded.loop.addTarget(1, tcpTarget(port), quiet, 0);
      await recorded.counted(({ succeeded }) => succeeded >= 1);
      recorded.loop.setSchedule(1, { ...quiet, expected: "failure" });
      assert.equal((await recorded.next()).result, "success");
      recorded.loop.setSchedule(99, quiet);
    });

    it("the first probe waits for its delay", LIMIT, async () => {
      recorded = new RecordedLoop();
      const beforeUs = addon.monotonicUs();
      recorded.loop.addTarget(1, tcpTarget(port), REPORT_ONCE, 120_000);
      const event = await recorded.next();
      assert.ok(event.atUs - event.latencyUs >= beforeUs + 120_000);
    });

    it("at most maxInFlight at a time; the rest waits its turn", LIMIT, async () => {
      firewall(`tcp dport ${port} drop`);
      recorded = new RecordedLoop(2);
      for (let target = 0; target < 6; target++) {
        recorded.loop.addTarget(target, tcpTarget(port, { timeoutUs: 60_000 }), REPORT_ONCE, 0);
      }
      const starts: number[] = [];
      while (starts.length < 6) {
        assert.ok(recorded.loop.counters().inFlight <= 2);
        const event = await recorded.next();
        starts.push(event.atUs - event.latencyUs);
      }
      const [first = 0] = starts;
      assert.ok((starts.at(2) ?? 0) - first >= 60_000, String(starts));
      assert.ok((starts.at(4) ?? 0) - first >= 120_000, String(starts));
    });

    it("a removed target frees its place and reports nothing", LIMIT, async () => {
      firewall(`tcp dport ${port} drop`);
      recorded = new RecordedLoop(1);
      recorded.loop.addTarget(1, tcpTarget(port), REPORT_ONCE, 0);
      await recorded.counted(({ inFlight }) => inFlight === 1);
      recorded.loop.addTarget(2, icmpTarget("127.0.0.2"), REPORT_ONCE, 0);
      recorded.loop.removeTarget(1);
      recorded.loop.removeTarget(77);
      assert.equal((await recorded.next()).target, 2);
      assert.deepEqual(recorded.events, []);
    });

    it("health shows a living loop", LIMIT, async () => {
      recorded = new RecordedLoop();
      await recorded.probe(tcpTarget(port));
      const health = recorded.loop.health();
      assert.ok(health.heartbeats > 0 && health.commands === 1 && health.eventsLost === 0);
      assert.ok(health.lateness.count >= 1);
    });
  });
});
