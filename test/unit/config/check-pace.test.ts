import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import type { CompleteConfiguration } from "../../../src/model/complete.ts";
import type { CheckerTiming } from "../../../src/model/lvs.ts";

interface Words {
  readonly globals?: string;
  readonly virtualServer?: string;
  readonly realServer?: string;
  readonly checker?: string;
}

function load({ globals = "", virtualServer = "", realServer = "", checker = "" }: Words): CompleteConfiguration {
  const check = `  TCP_CHECK {\n${checker}\n  }\n`;
  const server = ` real_server 192.0.2.1 80 {\n${realServer}\n${check} }\n`;
  const head = "lb_algo rr\n lb_kind NAT\n protocol TCP\n";
  const text = `global_defs {\n${globals}\n}\nvirtual_server 10.0.0.1 80 {\n ${head}${virtualServer}\n${server}}\n`;
  const source = { path: "/c.conf", workingDirectory: "/", configId: null, enforcesIncludes: false };
  const { configuration, diagnostics } = loadConfiguration(source, createMemoryHost({ files: { "/c.conf": text } }));
  assert.deepEqual(diagnostics, []);
  return configuration;
}

function timingOf(words: Words): CheckerTiming | undefined {
  return load(words).virtualServers[0]?.realServers[0]?.checkers[0]?.timing;
}

test("delay_loop_down is taken from the checker, else its real server, else its virtual server", () => {
  assert.equal(timingOf({})?.downDelayLoopUs, undefined);
  const virtualServer = "delay_loop_down 30";
  assert.equal(timingOf({ virtualServer })?.downDelayLoopUs, 30_000_000);
  assert.equal(timingOf({ virtualServer, realServer: "delay_loop_down 2" })?.downDelayLoopUs, 2_000_000);
  const own = { virtualServer, realServer: "delay_loop_down 2", checker: "delay_loop_down 0.5" };
  assert.equal(timingOf(own)?.downDelayLoopUs, 500_000);
});

test("checker_start_spread is the warmup of checkers that have none of their own", () => {
  assert.equal(timingOf({ virtualServer: "delay_loop 7" })?.warmupUs, 7_000_000);
  const globals = "checker_start_spread 0";
  assert.equal(timingOf({ globals, virtualServer: "delay_loop 7" })?.warmupUs, 0);
  assert.equal(timingOf({ globals, virtualServer: "warmup 3" })?.warmupUs, 3_000_000);
});

test("checker_max_in_flight is 4096 unless given", () => {
  assert.equal(load({}).global.largestProbeCount, 4096);
  assert.equal(load({ globals: "checker_max_in_flight 100" }).global.largestProbeCount, 100);
});

test("words that have nothing to act on are named with the reason", () => {
  const check = "HTTP_GET {\n enable_sni\n url {\n path /\n regex x\n regex_stack 32768 65536\n }\n }\n";
  const server = `real_server 192.0.2.1 80 {\n${check}}\n`;
  const text = `virtual_server 10.0.0.1 80 {\n lb_algo rr\n lb_kind NAT\n protocol TCP\n${server}}\n`;
  const source = { path: "/c.conf", workingDirectory: "/", configId: null, enforcesIncludes: false };
  const { diagnostics } = loadConfiguration(source, createMemoryHost({ files: { "/c.conf": text } }));
  assert.deepEqual(diagnostics.map(({ message }) => message).sort(), [
    "accepted, without effect: enable_sni (plain HTTP has no TLS)",
    "accepted, without effect: regex_stack (patterns are searched without JIT, within 1 MiB)",
  ]);
});
