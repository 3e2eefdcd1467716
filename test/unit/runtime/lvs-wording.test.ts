import assert from "node:assert/strict";
import { test } from "node:test";
import type { VirtualServerKey } from "../../../src/model/lvs.ts";
import type { IpvsCommand, ProbeReason, ProbeStage, SyscallFailure } from "../../../src/native/contract.ts";
import { nameVirtualServers } from "../../../src/runtime/lvs-names.ts";
import { speakCommandFailure } from "../../../src/runtime/lvs-table-wording.ts";
import { type CheckFailure, speakFailure, speakPoolEffect, speakVerdict } from "../../../src/runtime/lvs-wording.ts";
import { realServer, virtualServer } from "../checker/samples.ts";

const PLACE = { address: "192.0.2.8", port: 25 };
const SORRY = realServer("192.168.1.9", { checkers: [] });

function nameOf(key: VirtualServerKey): string[] {
  const [names] = nameVirtualServers([virtualServer([realServer("192.168.1.7")], { key })]);
  return [names?.virtualServer ?? "", names?.realServer(0) ?? ""];
}

test("names of services and servers read as keepalived's", () => {
  assert.deepEqual(nameOf({ kind: "address", family: "inet6", address: "2001:db8::1", port: 53, protocol: "udp" }), [
    "[2001:db8::1]:udp:53",
    "[192.168.1.7]:udp:80",
  ]);
  assert.deepEqual(nameOf({ kind: "fwmark", fwmark: 5, family: "inet", protocol: "tcp" }), [
    "FWM 5",
    "[192.168.1.7]:none:80",
  ]);
  assert.deepEqual(nameOf({ kind: "group", group: "G", protocol: null }), ["[G]:0", "[192.168.1.7]:none:80"]);
});

test("virtual servers of one group are numbered in their order", () => {
  const group = (name: string): VirtualServerKey => ({ kind: "group", group: name, protocol: "tcp" });
  const servers = ["G", "H", "G"].map((name) => virtualServer([], { key: group(name) }));
  const names = nameVirtualServers(servers).map((one) => one.virtualServer);
  assert.deepEqual(names, ["[G]:0", "[H]:0", "[G]:1"]);
});

test("verdicts of all kinds of checks", () => {
  const say = (kind: "tcp" | "ping" | "udp", isUp: boolean, retries: number): string =>
    speakVerdict(
      { kind, isUp, retries, reason: "timeout", stage: "connect", endpoint: PLACE },
      "[192.0.2.7]:tcp:80",
      "[192.0.2.1]:tcp:80",
    ).text;
  assert.equal(say("tcp", true, 0), "TCP connection to [192.0.2.7]:tcp:80 success.");
  assert.equal(say("tcp", false, 0), "TCP_CHECK on service [192.0.2.7]:tcp:80 failed.");
  assert.equal(say("tcp", false, 3), "TCP_CHECK on service [192.0.2.7]:tcp:80 failed after 3 retries.");
  assert.equal(say("udp", true, 0), "UDP connection to [192.0.2.7]:tcp:80 success.");
  assert.equal(say("udp", false, 2), "UDP_CHECK on service [192.0.2.7]:tcp:80 failed after 2 retries.");
  assert.equal(say("ping", true, 0), "ICMP connection to [192.0.2.7]:tcp:80 success.");
  assert.equal(say("ping", false, 0), "ICMP CHECK on service [192.0.2.7]:tcp:80 failed.");
  assert.equal(
    say("ping", false, 1),
    "ICMP CHECK on service [192.0.2.7]:tcp:80 of [192.0.2.1]:tcp:80 failed after 1 retries.",
  );
});

test("failures of HTTP_GET, SSL_GET and SMTP_CHECK tell what was wrong", () => {
  const say = (kind: "http" | "ssl" | "smtp", reason: ProbeReason, stage: ProbeStage): string =>
    speakFailure({ kind, reason, stage, endpoint: PLACE }, "[192.0.2.7]:tcp:80", "V").text;
  assert.equal(say("http", "mismatch", "status"), "HTTP status code error to server [192.0.2.7]:tcp:80.");
  assert.equal(say("http", "mismatch", "digest"), "MD5 digest error to server [192.0.2.7]:tcp:80.");
  assert.equal(say("http", "mismatch", "regex"), "Regex match failed server [192.0.2.7]:tcp:80.");
  assert.equal(say("http", "mismatch", "answer"), "Read, no data received from  server [192.0.2.7]:tcp:80.");
  assert.equal(say("http", "reset", "answer"), "Read error with server [192.0.2.7]:tcp:80.");
  assert.equal(say("http", "timeout", "answer"), "Timeout WEB read server [192.0.2.7]:tcp:80.");
  assert.equal(say("http", "timeout", "connect"), "Timeout connecting server [192.0.2.7]:tcp:80.");
  assert.equal(say("http", "refused", "connect"), "Connection failed server [192.0.2.7]:tcp:80.");
  const connecting = "SSL handshake/communication error connecting to server [192.0.2.7]:tcp:80.";
  assert.equal(say("ssl", "other", "handshake"), connecting);
  assert.equal(say("ssl", "mismatch", "digest"), "MD5 digest error to server [192.0.2.7]:tcp:80.");
  assert.equal(say("ssl", "timeout", "connect"), "Timeout connecting server [192.0.2.7]:tcp:80.");
  assert.equal(say("ssl", "reset", "connect"), "Connection failed server [192.0.2.7]:tcp:80.");
  assert.equal(say("ssl", "timeout", "answer"), "Timeout SSL read server [192.0.2.7]:tcp:80.");
  assert.equal(say("ssl", "reset", "answer"), "SSL read error from server [192.0.2.7]:tcp:80.");
  assert.equal(say("smtp", "mismatch", "greeting"), "SMTP_CHECK Bad greeting banner from server [192.0.2.8]:25");
  assert.equal(say("smtp", "mismatch", "helo"), "SMTP_CHECK Bad HELO response from server [192.0.2.8]:25");
  assert.equal(say("smtp", "timeout", "quit"), "SMTP_CHECK Read timeout from server [192.0.2.8]:25");
  assert.equal(say("smtp", "reset", "greeting"), "SMTP_CHECK Read failure from server [192.0.2.8]:25");
  assert.equal(say("smtp", "refused", "connect"), "SMTP_CHECK Could not connect to server [192.0.2.8]:25");
});

test("a server to which there is no way has words of its own", () => {
  const S = "[192.0.2.7]:tcp:80";
  const failure = (kind: "http" | "ssl" | "smtp" | "dns"): CheckFailure => ({
    kind,
    reason: "unreachable",
    stage: "route",
    endpoint: PLACE,
  });
  const say = (kind: "http" | "ssl" | "smtp" | "dns"): string => speakFailure(failure(kind), S, "V").text;
  assert.equal(say("http"), "HTTP_CHECK - network unreachable server [192.0.2.7]:tcp:80.");
  assert.equal(say("ssl"), "HTTP_CHECK - network unreachable server [192.0.2.7]:tcp:80.");
  assert.equal(say("smtp"), "SMTP_CHECK Network unreachable for server 192.0.2.8 - real server [192.0.2.7]:80");
  assert.equal(say("dns"), "DNS_CHECK ([192.0.2.7]:tcp:80) network unreachable for [192.0.2.8]:25");
  const verdict = { ...failure("dns"), isUp: false, retries: 2 };
  assert.equal(
    speakVerdict(verdict, S, "V").text,
    "DNS_CHECK ([192.0.2.7]:tcp:80) network unreachable for [192.0.2.8]:25 after 2 retries",
  );
});

test("each failure of a PING_CHECK that is told", () => {
  const say = (reason: ProbeReason): string =>
    speakFailure({ kind: "ping", reason, stage: "connect", endpoint: PLACE }, "S", "V").text;
  assert.equal(say("timeout"), "ICMP connection to address S timeout.");
  assert.equal(say("unreachable"), "ICMP connection to S of V failed.");
});

test("inhibited servers are enabled and disabled instead of added and removed", () => {
  const inhibited = virtualServer([realServer("192.168.1.7", { isInhibitedOnFailure: true })], {
    sorryServer: SORRY,
    isSorryServerInhibited: true,
  });
  const [names] = nameVirtualServers([inhibited]);
  assert.ok(names !== undefined);
  const say = (kind: "server-up" | "server-down"): string | undefined =>
    speakPoolEffect({ kind, server: 0 }, inhibited, names)?.text;
  assert.equal(say("server-up"), "Enabling service [192.168.1.7]:tcp:80 of VS [192.168.1.100]:tcp:80");
  assert.equal(say("server-down"), "Disabling service [192.168.1.7]:tcp:80 of VS [192.168.1.100]:tcp:80");
  const sorry = (kind: "sorry-server-on" | "sorry-server-off"): string | undefined =>
    speakPoolEffect({ kind }, inhibited, names)?.text;
  assert.equal(sorry("sorry-server-on"), "Enabling sorry server [192.168.1.9]:tcp:80 to VS [192.168.1.100]:tcp:80");
  assert.equal(sorry("sorry-server-off"), "Disabling sorry server [192.168.1.9]:tcp:80 from VS [192.168.1.100]:tcp:80");
});

test("failed commands carry keepalived's names and words", () => {
  const service = { family: "inet", fwmark: 0, protocol: "tcp", address: "192.0.2.1", port: 80 } as const;
  const failure = (code: string, errno: number): SyscallFailure => ({
    syscall: "IPVS_CMD_DEL_SERVICE",
    errno,
    code,
    message: "No such process",
  });
  const gone: IpvsCommand = { kind: "service-delete", service };
  assert.equal(
    speakCommandFailure(gone, failure("ESRCH", 3)).text,
    "IPVS cmd IP_VS_SO_SET_DEL(1156) error: No such service(3) (192.0.2.1:tcp:80)",
  );
  const fwmark: IpvsCommand = {
    kind: "service-delete",
    service: { ...service, fwmark: 77, protocol: null, address: null, port: 0 },
  };
  assert.equal(
    speakCommandFailure(fwmark, failure("EINVAL", 22)).text,
    "IPVS cmd IP_VS_SO_SET_DEL(1156) error: No such process(22) (Fwm 77)",
  );
});

test("the first failure of a DNS_CHECK was not retried", () => {
  const say = (retries: number): string =>
    speakVerdict({ kind: "dns", isUp: false, retries, reason: "refused", stage: "answer", endpoint: PLACE }, "S", "V")
      .text;
  assert.equal(say(0), "DNS_CHECK (S) failed to read socket; errno 111 (Connection refused)");
  assert.equal(say(2), "DNS_CHECK (S) failed to read socket; errno 111 (Connection refused) after 2 retries");
});
