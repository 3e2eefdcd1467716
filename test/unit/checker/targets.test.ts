import assert from "node:assert/strict";
import { test } from "node:test";
import { planTargets } from "../../../src/checker/targets.ts";
import type { Checker, TlsSettings, UdpExchange } from "../../../src/model/lvs.ts";
import { realServer, tcpChecker, virtualServer } from "./samples.ts";

const ANY_REPLY: UdpExchange = {
  payload: "0102",
  requiresReply: true,
  reply: "",
  minReplyBytes: 0,
  maxReplyBytes: 255,
};

function udpChecker(exchange: Partial<UdpExchange> = {}): Checker {
  const { timing, target, place } = tcpChecker("192.168.1.7", 53);
  return { kind: "udp", timing, target, place, exchange: { ...ANY_REPLY, ...exchange }, logsAllFailures: false };
}

function plan(...checkers: readonly Checker[]): ReturnType<typeof planTargets> {
  return planTargets([virtualServer([realServer("192.168.1.7", { checkers })])]);
}

test("a UDP check becomes a probe with its exchange", () => {
  const [target] = plan(udpChecker()).values();
  assert.equal(target?.kind, "udp");
  assert.equal(target?.probe.kind, "udp");
  assert.equal(target?.probe.port, 53);
  assert.deepEqual(target?.probe.udp, ANY_REPLY);
});

test("without payload 32 octets are sent", () => {
  const [target] = plan(udpChecker({ payload: "" })).values();
  assert.match(target?.probe.udp?.payload ?? "", /^[0-9a-f]{64}$/);
});

test("UDP checks share a probe only if they send and take the same", () => {
  assert.equal(plan(udpChecker(), udpChecker()).size, 1);
  const others: readonly Partial<UdpExchange>[] = [
    { payload: "0103" },
    { requiresReply: false },
    { reply: "xx" },
    { minReplyBytes: 1 },
    { maxReplyBytes: 9 },
  ];
  for (const other of others) assert.equal(plan(udpChecker(), udpChecker(other)).size, 2, JSON.stringify(other));
  assert.equal(plan(udpChecker(), tcpChecker("192.168.1.7", 53)).size, 2);
});

test("an SSL_GET is an HTTPS probe, and shared only with one that speaks TLS alike", () => {
  const { timing, target, place } = tcpChecker("192.168.1.7", 443);
  const ssl = (changes: Partial<TlsSettings> = {}): Checker => ({
    kind: "ssl",
    timing,
    target,
    urls: [
      {
        path: "/",
        request: "GET / HTTP/1.0\r\n\r\n",
        statusCodes: [{ from: 200, to: 299 }],
        digest: null,
        regex: null,
        tls: { serverName: "a.example", isStrict: false, credentials: null, ...changes },
      },
    ],
    recoversFast: false,
    logsAllFailures: false,
    place,
  });
  const [only] = plan(ssl(), ssl()).values();
  assert.equal(only?.probe.kind, "https");
  assert.equal(only?.probe.tls?.serverName, "a.example");
  assert.equal(only?.askers.length, 2);
  assert.equal(plan(ssl(), ssl({ serverName: null })).size, 2);
  assert.equal(plan(ssl(), ssl({ isStrict: true })).size, 2);
});
