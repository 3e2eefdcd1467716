import { NO_DROPS } from "../../../src/api/statistics.ts";
import type { Snapshot } from "../../../src/api/views.ts";
import { overrideKey } from "../../../src/checker/override.ts";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import { NO_TRAFFIC } from "../../../src/ipvs/traffic.ts";
import type { ProbeKindCounters, VrrpCounters } from "../../../src/native/contract.ts";
import type { LvsUsage } from "../../../src/runtime/lvs-types.ts";
import { NO_KINDS } from "../../helpers/loop-samples.ts";

const COUNTERS: VrrpCounters = {
  advertsSent: 3,
  advertsReceived: 4,
  priorityZeroSent: 1,
  priorityZeroReceived: 0,
  announcementsSent: 5,
  dropped: NO_DROPS,
};

const TCP_PROBES: ProbeKindCounters = {
  ...{ succeeded: 8, failed: 1, local: 0, late: 2 },
  latency: { boundsUs: [1000, 10_000], counts: [8, 0, 1], sumUs: 3_000_000 },
};

const NO_LOOP_HEALTH = {
  heartbeats: 0,
  commands: 0,
  eventsLost: 0,
  lateness: { count: 0, p50Us: 0, p99Us: 0, maxUs: 0 },
};

const SOURCE = { path: "/a.conf", workingDirectory: "/", configId: null, enforcesIncludes: false };
export function snapshot(): Snapshot {
  const server = (
    port: number,
    isAlive: boolean,
  ): NonNullable<Snapshot["lvs"]>["virtualServers"][0]["realServers"][0] => ({
    name: `[10.0.0.2]:tcp:${port}`,
    address: "10.0.0.2",
    port,
    weight: 1,
    isAlive,
    checkers: [
      {
        kind: "tcp",
        verdict: isAlive ? "up" : "down",
        failures: 0,
        last: { reason: "ok", latencyUs: 80, atUs: 98_500_000 },
      },
      { kind: "misc", verdict: "pending", failures: 0 },
    ],
  });
  return {
    configuration: loadConfiguration(
      SOURCE,
      createMemoryHost({
        files: {
          "/a.conf":
            "global_defs {\n router_id r1\n}\nvrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n virtual_ipaddress {\n  10.0.0.100\n }\n}\n",
        },
      }),
    ).configuration,
    instances: [
      {
        name: "VI_1",
        family: "inet",
        version: 2,
        vrid: 51,
        interfaceName: "eth0",
        state: "backup",
        sinceUs: 40_000_000,
        basePriority: 100,
        effectivePriority: 90,
        sourceAddress: "10.0.0.1",
        activeRouter: { address: "10.0.0.9", priority: 200 },
        faultReasons: [],
        virtualAddresses: ["10.0.0.100/32"],
        becameActive: 2,
        releasedActive: 2,
        counters: COUNTERS,
        transitions: [{ from: "backup", to: "active", cause: "silence", count: 2 }],
      },
    ],
    bfdSessions: [
      {
        name: "uplink",
        neighborAddress: "10.0.0.254",
        sourceAddress: null,
        state: "up",
        sinceUs: 40_000_000,
        isUp: true,
        localDiag: 0,
        remoteState: "up",
        remoteDiag: 1,
        detectionUs: 50_000,
        status: {
          state: "up",
          isUp: true,
          packetsSent: 11,
          packetsReceived: 12,
          dropped: {
            "too-short": 0,
            version: 0,
            length: 0,
            "detect-mult": 0,
            multipoint: 0,
            "my-discr": 0,
            authentication: 0,
            "your-discr": 0,
            "unknown-session": 0,
            ttl: 2,
          },
        },
      },
    ],
    lvs: {
      virtualServers: [
        {
          name: "[10.0.0.100]:tcp:80",
          scheduler: "rr",
          hasQuorum: true,
          isSorryServerActive: false,
          realServers: [server(80, true), server(81, false), server(82, true)],
        },
      ],
      probes: {
        started: 9,
        succeeded: 8,
        failed: 1,
        local: 0,
        late: 2,
        inFlight: 0,
        kinds: { ...NO_KINDS, tcp: TCP_PROBES },
      },
      probeHealth: { ...NO_LOOP_HEALTH, heartbeats: 6 },
      table: { reconciles: 1, repairs: 0, failures: 0, isInSync: true },
    },
    vrrpHealth: {
      ...{ heartbeats: 5, commands: 1, eventsLost: 0, lateness: { count: 9, p50Us: 20, p99Us: 90, maxUs: 120 } },
      unknownVrids: 4,
      advertLateness: { boundsUs: [50, 100, 250], counts: [7, 1, 1, 0], sumUs: 260 },
    },
    diagnostics: [{ severity: "warning", code: "x", message: "y", place: { file: "/a", line: 1, column: 2 } }],
  };
}

/** As the kernel counts for the virtual server and its first real server. */
export const USAGE: LvsUsage = {
  virtualServers: new Map([["[10.0.0.100]:tcp:80", { ...NO_TRAFFIC, connections: 12, inPackets: 100, inBytes: 6400 }]]),
  realServers: new Map([
    [
      overrideKey({ virtualServer: "[10.0.0.100]:tcp:80", realServer: "[10.0.0.2]:tcp:80" }),
      {
        traffic: { ...NO_TRAFFIC, connections: 11, inPackets: 90, inBytes: 6000 },
        activeConnections: 3,
        inactiveConnections: 4,
        persistentConnections: 2,
      },
    ],
  ]),
  sorryServers: new Map(),
};

export const FACTS = {
  version: "0.1.0",
  compatible: "2.4.3",
  pid: 7,
  node: "20.0.0",
  uptimeSec: 60,
  configFile: "/a.conf",
  lastEvent: 3,
  heapUsedBytes: 1,
  residentBytes: 2,
  loopLag: { count: 100, p50Us: 50, p99Us: 400, maxUs: 2000 },
};
