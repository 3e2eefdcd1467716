import type { Checker, CheckerTiming, RealServer, VirtualServer } from "../../../src/model/lvs.ts";
import type { SourcePlace } from "../../../src/model/units.ts";

const PLACE: SourcePlace = { file: "test.conf", line: 1, column: 1 };

/** A TCP_CHECK of `address`:`port` with short times and no retries. */
export function tcpChecker(address: string, port: number, timing: Partial<CheckerTiming> = {}): Checker {
  return {
    kind: "tcp",
    isHalfOpen: false,
    timing: {
      delayLoopUs: 4_000_000,
      delayBeforeRetryUs: 1_000_000,
      retries: 0,
      warmupUs: 0,
      connectTimeoutUs: 2_000_000,
      isAlpha: false,
      ...timing,
    },
    target: {
      family: "inet",
      address,
      port,
      bindAddress: null,
      bindPort: 0,
      bindInterface: null,
      fwmark: 0,
    },
    place: PLACE,
  };
}

/** A server with one TCP_CHECK of itself. */
export function realServer(address: string, fields: Partial<RealServer> = {}): RealServer {
  const port = fields.port ?? 80;
  return {
    family: "inet",
    address,
    port,
    fwdMethod: "droute",
    weight: 1,
    isInhibitedOnFailure: false,
    upperThreshold: 0,
    lowerThreshold: 0,
    checkers: [tcpChecker(address, port)],
    place: PLACE,
    ...fields,
  };
}

/** 192.168.1.100:80 TCP, round robin. */
export function virtualServer(realServers: readonly RealServer[], fields: Partial<VirtualServer> = {}): VirtualServer {
  return {
    key: { kind: "address", family: "inet", address: "192.168.1.100", port: 80, protocol: "tcp" },
    scheduler: "rr",
    flags: [],
    persistenceTimeoutSec: 0,
    persistenceGranularity: 0xffffffff,
    persistenceEngine: null,
    quorum: 1,
    hysteresis: 0,
    sorryServer: null,
    isSorryServerInhibited: false,
    realServers,
    place: PLACE,
    ...fields,
  };
}
