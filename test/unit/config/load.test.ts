import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type LoadedConfiguration, loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import { renderDiagnostic } from "../../../src/config/render-diagnostic.ts";

const FILE = "/etc/keepalived/keepalived.conf";

function load(text: string, configId: string | null = null): LoadedConfiguration {
  const host = createMemoryHost({ files: { [FILE]: text }, hostName: "node1.example.org", interfaces: ["lo", "eth0"] });
  return loadConfiguration({ path: FILE, workingDirectory: "/", configId, enforcesIncludes: false }, host);
}

function fixture(name: string): string {
  return readFileSync(join(import.meta.dirname, "../../../../test/fixtures/corpus", `${name}.conf`), "utf8");
}

test("the tutorial's master loads with keepalived's effective values", () => {
  const { configuration, testExitCode, startRefusal } = load(fixture("tutorial-lvs-master"));
  assert.equal(testExitCode, 5);
  assert.equal(startRefusal, null);
  assert.equal(configuration.global.routerId, "LVS1");
  const instance = configuration.vrrpInstances[0];
  assert.equal(instance?.name, "VI_1");
  assert.equal(instance?.version, 2);
  assert.equal(instance?.vrid, 51);
  assert.equal(instance?.priority, 100);
  assert.equal(instance?.advertisementIntervalUs, 1_000_000);
  assert.deepEqual(instance?.authentication, { kind: "pass", password: "1111" });
  assert.deepEqual(
    instance?.virtualAddresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`),
    ["192.168.1.100/32"],
  );
  assert.deepEqual(instance?.announce, {
    repeat: 5,
    delayUs: 5_000_000,
    refreshUs: 0,
    refreshRepeat: 1,
    lowerPriorityRepeat: 5,
    lowerPriorityDelayUs: 5_000_000,
    garpIntervalUs: 0,
    gnaIntervalUs: 0,
  });
  const server = configuration.virtualServers[0];
  assert.deepEqual(server?.key, {
    kind: "address",
    family: "inet",
    address: "192.168.1.100",
    port: 80,
    protocol: "tcp",
  });
  assert.equal(server?.scheduler, "rr");
  assert.equal(server?.persistenceTimeoutSec, 50);
  assert.deepEqual(
    server?.realServers.map(({ address, port, fwdMethod, weight }) => [address, port, fwdMethod, weight]),
    [
      ["192.168.1.7", 80, "droute", 1],
      ["192.168.1.8", 80, "droute", 1],
    ],
  );
});

test("nb_get_retry in a TCP_CHECK is read as retry, with a notice", () => {
  const { configuration, diagnostics } = load(fixture("tutorial-lvs-master"));
  const checker = configuration.virtualServers[0]?.realServers[0]?.checkers[0];
  assert.deepEqual(checker?.timing, {
    delayLoopUs: 6_000_000,
    delayBeforeRetryUs: 3_000_000,
    retries: 3,
    warmupUs: 6_000_000,
    connectTimeoutUs: 3_000_000,
    isAlpha: false,
  });
  const legacy = diagnostics.filter(({ code }) => code === "legacy-keyword");
  assert.deepEqual(
    legacy.map(({ severity, place }) => [severity, place?.line]),
    [
      ["notice", 35],
      ["notice", 44],
      ["notice", 53],
    ],
  );
});

test("a misspelt keyword gives its place, a suggestion and a caret", () => {
  const { diagnostics, sources } = load("vrrp_instance VI_1 {\n  virtual_router_id 1\n  intreface eth0\n}\n");
  const unknown = diagnostics.find(({ code }) => code === "unknown-keyword");
  assert.ok(unknown);
  assert.equal(
    renderDiagnostic(unknown, sources),
    `${FILE}:3:3: error: Unknown keyword 'intreface' in vrrp_instance, did you mean "interface"? [unknown-keyword]\n` +
      "      intreface eth0\n      ^",
  );
});

test("a configuration without problems says nothing and exits with 0", () => {
  const text = "vrrp_instance A {\n interface eth0\n virtual_router_id 7\n virtual_ipaddress {\n 10.0.0.1/24\n }\n}\n";
  const { diagnostics, testExitCode, startRefusal } = load(text);
  assert.deepEqual(diagnostics, []);
  assert.equal(testExitCode, 0);
  assert.equal(startRefusal, null);
});

test("an instance on a missing interface refuses the start", () => {
  const text = "vrrp_instance A {\n interface eth9\n virtual_router_id 7\n virtual_ipaddress {\n 10.0.0.1\n }\n}\n";
  const { startRefusal, testExitCode } = load(text);
  assert.equal(startRefusal?.exitCode, 2);
  assert.equal(startRefusal?.reasons[0]?.code, "missing-interface");
  assert.equal(testExitCode, 5);
});

test("a missing file refuses the start with 6, while the test says 0", () => {
  const host = createMemoryHost({ files: {} });
  const source = { path: "/nowhere.conf", workingDirectory: "/", configId: null, enforcesIncludes: false };
  const { startRefusal, testExitCode } = loadConfiguration(source, host);
  assert.equal(startRefusal?.exitCode, 6);
  assert.equal(testExitCode, 0);
});

test("the loaded configuration is frozen to the bottom", () => {
  const { configuration } = load(fixture("tutorial-lvs-master"));
  assert.ok(Object.isFrozen(configuration.virtualServers[0]?.realServers[0]?.checkers[0]?.timing));
  assert.ok(Object.isFrozen(configuration.vrrpInstances[0]?.virtualAddresses));
});

test("a missing } is told where its block begins", () => {
  const text = "vrrp_instance A {\n  interface eth0\n  virtual_router_id 1\nvrrp_instance B {\n}\nglobal_defs {\n";
  const loaded = loadConfiguration(
    { path: "/t.conf", workingDirectory: "/", configId: null, enforcesIncludes: false },
    createMemoryHost({ files: { "/t.conf": text } }),
  );
  const told = loaded.diagnostics.map(
    ({ code, place, message }) => `${place?.line}:${place?.column} ${code} ${message}`,
  );
  assert.ok(
    told.includes(
      `4:1 unknown-keyword Unknown keyword 'vrrp_instance' in vrrp_instance; is a "}" missing in "vrrp_instance A" at /t.conf:1:1?`,
    ),
    told.join("\n"),
  );
  assert.ok(
    told.includes('6:1 missing-close-brace "global_defs" does not end with a "}"; or there are as many "{" too many'),
    told.join("\n"),
  );
});

test("a main file that is executable refuses the start with 6, as keepalived does", () => {
  const loaded = loadConfiguration(
    { path: "/t.conf", workingDirectory: "/", configId: null, enforcesIncludes: false },
    createMemoryHost({ files: { "/t.conf": { kind: "executable", text: "global_defs {\n}\n" } } }),
  );
  assert.equal(loaded.startRefusal?.exitCode, 6);
  assert.match(loaded.diagnostics[0]?.message ?? "", /is executable/);
});
