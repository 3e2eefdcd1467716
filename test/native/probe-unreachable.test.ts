/** Hosts that cannot be reached: who says so is the own neighbour table, the own routes, or a router. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import type { ProbeTarget } from "../../src/native/contract.ts";
import { addon, icmpTarget, RecordedLoop, tcpTarget } from "./probe-helpers.ts";
import { command } from "./probe-network.ts";

const NAMESPACE = `unreachable-${process.pid}`;
const ROUTER = `${NAMESPACE}-r`;
const isRoot = process.getuid?.() === 0;
const skip = isRoot ? false : "needs root for network namespaces";
const LIMIT = { skip, timeout: 20_000 };

const OWN = "198.51.100.1";
const EHOSTUNREACH = 113;
const ENETUNREACH = 101;

const OWN_ROUTE = "a route of the own that says so";

/** Whom to ask, and the errno by which it is known that there is no way. */
const HOSTS: Readonly<Record<string, readonly [string, number]>> = {
  "a neighbour that is not there": ["198.51.100.7", EHOSTUNREACH],
  [OWN_ROUTE]: ["192.0.2.7", EHOSTUNREACH],
  "a router that rejects": ["203.0.113.7", ENETUNREACH],
  "a router without a neighbour": ["198.18.0.7", EHOSTUNREACH],
};

/** Not so by a raw or UDP socket that is bound to an interface: what the own kernel says comes in by the loopback. */
const IS_FROM_OUTSIDE = /^a router/;

const SILENCE_PASSES = { payload: "00", requiresReply: false, reply: "", minReplyBytes: 0, maxReplyBytes: 255 };

const KINDS: Readonly<Record<string, (address: string, changes: Partial<ProbeTarget>) => ProbeTarget>> = {
  tcp: (address, changes) => tcpTarget(80, { address, ...changes }),
  syn: (address, changes) => tcpTarget(80, { kind: "syn", address, ...changes }),
  "icmp by a raw socket": (address, changes) => icmpTarget(address, changes),
  "icmp by a ping socket": (address, changes) => icmpTarget(address, changes),
  udp: (address, changes) => tcpTarget(80, { kind: "udp", address, udp: SILENCE_PASSES, ...changes }),
};

const SOURCES: Readonly<Record<string, Partial<ProbeTarget>>> = {
  "": {},
  ", from an address": { bindAddress: OWN },
  ", by an interface": { bindInterface: "w0" },
  ", with a mark": { fwmark: 5 },
};

function buildNetwork(): void {
  command(`ip netns add ${NAMESPACE}`);
  command(`ip netns add ${ROUTER}`);
  addon.enterNetworkNamespace(`/run/netns/${NAMESPACE}`);
  command("ip link set lo up");
  command(`ip link add w0 type veth peer name w1 netns ${ROUTER}`);
  command(`ip address add ${OWN}/24 dev w0`);
  command("ip link set w0 up");
  command("ip route add unreachable 192.0.2.0/24");
  command("ip route add 203.0.113.0/24 via 198.51.100.2");
  command("ip route add 198.18.0.0/24 via 198.51.100.2");
  command(`ip -n ${ROUTER} address add 198.51.100.2/24 dev w1`);
  command(`ip -n ${ROUTER} link set w1 up`);
  command(`ip -n ${ROUTER} link add w2 type veth peer name w3`);
  command(`ip -n ${ROUTER} address add 198.18.0.1/24 dev w2`);
  command(`ip -n ${ROUTER} link set w2 up`);
  command(`ip -n ${ROUTER} link set w3 up`);
  command(
    `ip netns exec ${ROUTER} sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0 net.ipv4.neigh.w2.retrans_time_ms=50`,
  );
  // Of routes that are missing it tells five times, then once a second.
  const rule = "ip daddr 203.0.113.0/24 reject with icmp type net-unreachable";
  const table = `table ip t { chain f { type filter hook forward priority 0; ${rule}; }; }`;
  command(`ip netns exec ${ROUTER} nft -f -`, table);
  command(`ip -n ${ROUTER} route add 203.0.113.0/24 dev w2`);
  command("sysctl -qw net.ipv4.neigh.w0.retrans_time_ms=50 net.ipv4.icmp_ratelimit=0");
}

describe("hosts that cannot be reached", { skip }, () => {
  let recorded: RecordedLoop;
  before(() => {
    if (isRoot) buildNetwork();
  });
  after(() => {
    if (!isRoot) return;
    command(`ip netns delete ${NAMESPACE}`);
    command(`ip netns delete ${ROUTER}`);
  });
  afterEach(() => recorded?.loop.close());

  for (const [host, [address, errno]] of Object.entries(HOSTS)) {
    for (const [kind, targetOf] of Object.entries(KINDS)) {
      for (const [source, changes] of Object.entries(SOURCES)) {
        const isDeaf = kind === "syn" || kind === "udp" || kind.includes("raw");
        if (isDeaf && changes.bindInterface !== undefined && !IS_FROM_OUTSIDE.test(host)) continue;
        it(`${host}: ${kind}${source}`, LIMIT, async () => {
          command(`sysctl -qw net.ipv4.ping_group_range=${kind.includes("ping") ? "0\t2147483647" : "1\t0"}`);
          // Bound to an interface it goes past that route.
          const isRouted = host !== OWN_ROUTE || changes.bindInterface !== undefined;
          recorded = new RecordedLoop();
          const event = await recorded.probe(targetOf(address, changes));
          assert.deepEqual([event.result, event.reason, event.errno], ["failure", "unreachable", errno]);
          assert.equal(event.stage, isRouted ? "connect" : "route");
        });
      }
    }
  }
});
