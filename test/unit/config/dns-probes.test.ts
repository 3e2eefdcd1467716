import assert from "node:assert/strict";
import { test } from "node:test";
import { dnsNameProblem, dnsProbesOf } from "../../../src/config/build-dns-probes.ts";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import type { ApplicationChecker } from "../../../src/model/checks.ts";

const TIMING = {
  delayLoopUs: 1,
  delayBeforeRetryUs: 1,
  retries: 3,
  warmupUs: 0,
  connectTimeoutUs: 1,
  isAlpha: false,
};

function payloadOf(type: string, name: string): { readonly payload: string; readonly reply: string } {
  const target = { family: "inet", address: "192.0.2.1", port: 53, bindAddress: null, bindPort: 0 } as const;
  const checker: ApplicationChecker = {
    check: { kind: "dns", target: { ...target, bindInterface: null, fwmark: 0 }, type, name },
    timing: TIMING,
    logsAllFailures: false,
    place: { file: "test.conf", line: 1, column: 1 },
  };
  const [probe] = dnsProbesOf(checker);
  if (probe === undefined) throw new Error("a probe is expected");
  return probe.exchange;
}

test("a question is the literal datagram of RFC 1035, recursion desired", () => {
  const { payload, reply } = payloadOf("AAAA", "www.Example.org");
  assert.equal(
    payload.slice(4),
    "01000001000000000000" + "03777777" + "074578616d706c65" + "036f7267" + "00" + "001c0001",
  );
  assert.equal(reply, `${payload.slice(0, 4)}8xx0`);
});

test("the root is an empty name, with or without its dot", () => {
  assert.equal(payloadOf("SOA", ".").payload.slice(24), "0000060001");
  assert.equal(payloadOf("SOA", "").payload.slice(24), "0000060001");
  assert.equal(payloadOf("NS", "org.").payload.slice(24), "036f7267000002" + "0001");
});

test("no name makes a datagram that is not one", () => {
  const longest = 2 * (12 + 255 + 4);
  for (const name of ["a".repeat(300), "a.".repeat(300), "ü.日本", "..", "a..b"]) {
    const { payload } = payloadOf("A", name);
    assert.match(payload, /^(?:[0-9a-f]{2})+$/);
    assert.ok(payload.length <= longest);
  }
});

test("RFC 1035 §2.3.4: a label has 63 octets, a name 255; what is longer is told", () => {
  const label = "a".repeat(63);
  assert.equal(dnsNameProblem(`${label}.org.`), null);
  assert.match(dnsNameProblem(`${label}a.org`) ?? "", /label of 64 octets/);
  const longest = `${label}.${label}.${label}.${"a".repeat(61)}`;
  assert.equal(dnsNameProblem(longest), null);
  assert.match(dnsNameProblem(`${longest}a`) ?? "", /name of 256 octets/);
});

test("the place of a name that is too long is told, and the check is kept", () => {
  const check = `DNS_CHECK {\nname ${"a".repeat(64)}.org\n}`;
  const text = `virtual_server 10.0.0.1 53 {\nprotocol UDP\nreal_server 10.0.0.2 53 {\n${check}\n}\n}\n`;
  const { diagnostics, configuration } = loadConfiguration(
    { path: "/test.conf", workingDirectory: "/", configId: null, enforcesIncludes: false },
    createMemoryHost({ files: { "/test.conf": text } }),
  );
  const found = diagnostics.filter(({ code }) => code === "dns-name-too-long");
  assert.deepEqual(
    found.map((diagnostic) => diagnostic.place?.line),
    [5],
  );
  assert.equal(configuration.virtualServers[0]?.realServers[0]?.checkers.length, 1);
});
