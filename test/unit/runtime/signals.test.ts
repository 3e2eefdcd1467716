import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { SILENT_LOGGER } from "../../../src/runtime/log.ts";
import { missingCapabilities } from "../../../src/runtime/privileges.ts";
import { openServiceManager } from "../../../src/runtime/service-manager.ts";
import { listenToRealtimeSignals, listenToSignals } from "../../../src/runtime/signals.ts";
import { VERSION } from "../../../src/runtime/version.ts";

function listen(ignoresSigint: boolean): { readonly source: EventEmitter; readonly asked: string[]; end: () => void } {
  const source = new EventEmitter();
  const asked: string[] = [];
  const handlers = {
    stop: () => asked.push("stop"),
    reload: () => asked.push("reload"),
    dump: (what: string) => asked.push(what),
    cpuLimitPassed: () => asked.push("cpu limit"),
  };
  return { source, asked, end: listenToSignals(source, { ignoresSigint }, handlers, SILENT_LOGGER) };
}

test("keepalived's signals", () => {
  const { source, asked, end } = listen(false);
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGXCPU"]) {
    assert.ok(source.emit(signal), `${signal} has a listener`);
  }
  assert.deepEqual(asked, ["stop", "stop", "reload", "DATA", "STATS", "cpu limit"]);
  end();
  assert.equal(source.eventNames().length, 0);
});

test("--ignore-sigint", () => {
  const { source, asked } = listen(true);
  assert.ok(source.emit("SIGINT"));
  assert.deepEqual(asked, []);
});

test("real-time signals: JSON and statistics by keepalived's numbers, the rest harmless", () => {
  const asked: string[] = [];
  const dump = (what: string): number => asked.push(what);
  const handlers = { stop: () => {}, reload: () => {}, dump, cpuLimitPassed: () => {} };
  let watched: readonly number[] = [];
  let send: (signal: number) => void = () => {};
  const watch = (signals: readonly number[], onSignal: (signal: number) => void): boolean => {
    watched = signals;
    send = onSignal;
    return true;
  };
  listenToRealtimeSignals(watch, handlers, SILENT_LOGGER);
  assert.deepEqual([watched[0], watched.at(-1)], [34, 64]);
  for (const signal of watched) send(signal);
  assert.deepEqual(asked, ["JSON", "STATS_CLEAR"]);
});

test("capabilities are read from the process's status", () => {
  assert.deepEqual(missingCapabilities("Name:\tx\nCapEff:\t000001ffffffffff\n"), []);
  assert.deepEqual(missingCapabilities("CapEff:\t0000000000001000\n"), ["CAP_NET_RAW"]);
  assert.deepEqual(missingCapabilities("CapEff:\t0000000000000000\n"), ["CAP_NET_ADMIN", "CAP_NET_RAW"]);
  assert.deepEqual(missingCapabilities("nothing"), []);
});

test("the service manager hears of start, reload and stop, and scripts do not inherit its socket", () => {
  const heard: string[] = [];
  const environment: NodeJS.ProcessEnv = { NOTIFY_SOCKET: "/run/systemd/notify" };
  const manager = openServiceManager(
    environment,
    (path) => ({ send: (message) => heard.push(`${path} ${Buffer.from(message)}`) > 0, close: () => {} }),
    SILENT_LOGGER,
  );
  manager.ready();
  manager.reloading(77);
  manager.stopping();
  manager.failed(2);
  assert.deepEqual(heard, [
    `/run/systemd/notify READY=1\nMAINPID=${process.pid}`,
    "/run/systemd/notify RELOADING=1\nMONOTONIC_USEC=77",
    "/run/systemd/notify STOPPING=1",
    "/run/systemd/notify ERRNO=2",
  ]);
  assert.deepEqual(environment, {});
});

test("without a service manager, or with one that is not there, nothing happens", () => {
  const fail = (): never => {
    throw new Error("ENOENT");
  };
  openServiceManager({}, fail, SILENT_LOGGER).ready();
  openServiceManager({ NOTIFY_SOCKET: "relative" }, fail, SILENT_LOGGER).ready();
  openServiceManager({ NOTIFY_SOCKET: "@gone" }, fail, SILENT_LOGGER).ready();
});

test("the version is the package's", () => {
  const { version }: { version?: unknown } = JSON.parse(readFileSync("package.json", "utf8"));
  assert.equal(VERSION, version);
});
