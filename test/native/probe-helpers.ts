import { setTimeout as pause } from "node:timers/promises";
import type {
  ProbeCounters,
  ProbeEvent,
  ProbeHttp,
  ProbeLoop,
  ProbeSchedule,
  ProbeTarget,
  ProbeUdp,
} from "../../src/native/contract.ts";
import { loadNative } from "../../src/native/load.ts";

export const addon = loadNative();

/** Every result is reported, and the next probe comes an hour later. */
export const REPORT_ONCE: ProbeSchedule = {
  expected: "none",
  intervalUs: 3_600_000_000,
  unexpectedIntervalUs: 3_600_000_000,
};

export function tcpTarget(port: number, changes: Partial<ProbeTarget> = {}): ProbeTarget {
  return {
    kind: "tcp",
    family: "inet",
    address: "127.0.0.1",
    port,
    bindAddress: null,
    bindPort: 0,
    bindInterface: null,
    fwmark: 0,
    timeoutUs: 5_000_000,
    ...changes,
  };
}

export function icmpTarget(address: string, changes: Partial<ProbeTarget> = {}): ProbeTarget {
  const family = address.includes(":") ? "inet6" : "inet";
  return tcpTarget(0, { kind: "icmp", family, address, ...changes });
}

/** Silence passes, as does any reply. */
export function udpTarget(port: number, udp: Partial<ProbeUdp> = {}, changes: Partial<ProbeTarget> = {}): ProbeTarget {
  const exchange = { payload: "7069", requiresReply: false, reply: "", minReplyBytes: 0, maxReplyBytes: 255, ...udp };
  return tcpTarget(port, { kind: "udp", udp: exchange, ...changes });
}

/** Takes status 200 to 299 with any body. */
export function httpTarget(
  port: number,
  http: Partial<ProbeHttp> = {},
  changes: Partial<ProbeTarget> = {},
): ProbeTarget {
  const request = "GET /health HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: www\r\n\r\n";
  const exchange = { request, statusCodes: [{ from: 200, to: 299 }], digest: null, regex: null, ...http };
  return tcpTarget(port, { kind: "http", http: exchange, ...changes });
}

/** A probe loop whose events can be waited for. */
export class RecordedLoop {
  readonly loop: ProbeLoop;
  readonly events: ProbeEvent[] = [];
  private wake: () => void = () => undefined;

  constructor(
    maxInFlight = 1_000,
    open: (...words: Parameters<typeof addon.createProbeLoop>) => ProbeLoop = (...words) =>
      addon.createProbeLoop(...words),
  ) {
    this.loop = open({ maxInFlight }, (events) => {
      this.events.push(...events);
      this.wake();
    });
  }

  /** The oldest event not taken yet. */
  async next(): Promise<ProbeEvent> {
    for (;;) {
      const event = this.events.shift();
      if (event !== undefined) return event;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** Probes once and gives the result. */
  async probe(target: ProbeTarget): Promise<ProbeEvent> {
    this.loop.addTarget(1, target, REPORT_ONCE, 0);
    return this.next();
  }

  /** Resolves once the counters are as wanted; the test's own time limit ends a vain wait. */
  async counted(isReached: (counters: ProbeCounters) => boolean): Promise<ProbeCounters> {
    for (;;) {
      const counters = this.loop.counters();
      if (isReached(counters)) return counters;
      await pause(2);
    }
  }
}

export function smtpTarget(port: number, changes: Partial<ProbeTarget> = {}): ProbeTarget {
  return tcpTarget(port, { kind: "smtp", smtp: { heloName: "checker.example" }, ...changes });
}
