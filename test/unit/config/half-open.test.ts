import assert from "node:assert/strict";
import { test } from "node:test";
import { planTargets } from "../../../src/checker/targets.ts";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";

function load(...checks: readonly string[]): ReturnType<typeof loadConfiguration> {
  const blocks = checks.map((words) => `  TCP_CHECK {\n${words}\n  }\n`).join("");
  const server = ` real_server 192.0.2.1 80 {\n${blocks} }\n`;
  const text = `virtual_server 10.0.0.1 80 {\n lb_algo rr\n lb_kind NAT\n protocol TCP\n${server}}\n`;
  const source = { path: "/c.conf", workingDirectory: "/", configId: null, enforcesIncludes: false };
  return loadConfiguration(source, createMemoryHost({ files: { "/c.conf": text } }));
}

test("half_open makes a TCP_CHECK a probe of its own kind, which a full one does not share", () => {
  const { configuration, diagnostics } = load("half_open", "", "half_open");
  assert.deepEqual(diagnostics, []);
  const targets = [...planTargets(configuration.virtualServers).values()];
  assert.deepEqual(
    targets.map(({ kind, probe, askers }) => [kind, probe.kind, askers.length]),
    [
      ["tcp", "syn", 2],
      ["tcp", "tcp", 1],
    ],
  );
});

test("bind_port is left out with half_open, and said so", () => {
  const { configuration, diagnostics } = load("half_open\n bind_port 7");
  assert.deepEqual(
    diagnostics.map(({ code, place }) => [code, place?.line]),
    [["bad-value", 8]],
  );
  const [target] = planTargets(configuration.virtualServers).values();
  assert.equal(target?.probe.bindPort, 0);
});
