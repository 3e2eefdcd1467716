/** What keepalived does around a reload: test first, tell others by a file, reload at a time. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, statSync, watch } from "node:fs";
import { describe, test } from "node:test";
import { EventLog } from "../helpers/event-log.ts";
import { whyNoLab } from "./capabilities.ts";
import { vrrpConfig } from "./config.ts";
import { Daemon, type DaemonName } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";

const FOLDER = "/run/lab/words";
const CHECK_LOG = `${FOLDER}/check.log`;
const TIME_FILE = `${FOLDER}/when`;

function config(...globals: readonly string[]): string {
  const virtualAddresses = ["192.168.1.100/24"];
  return vrrpConfig({ version: 2, priority: 100, advertInt: "1", virtualAddresses, globalLines: globals });
}

function outside(machine: Machine, path: string): string {
  return `/proc/${machine.holder.pid}/root${path}`;
}

async function withDaemon(
  name: DaemonName,
  text: string,
  scenario: (daemon: Daemon, machine: Machine) => Promise<void>,
): Promise<void> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
    mkdirSync(outside(machine, FOLDER), { recursive: true });
    const daemon = new Daemon(machine, { name, config: text });
    await daemon.logged("Startup complete");
    await scenario(daemon, machine);
    assert.deepEqual(await daemon.terminate(), { status: 0, signal: null });
  } finally {
    await network.close();
  }
}

/** `HH:MM:SS` so many seconds from now. */
function timeIn(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toTimeString().slice(0, 8);
}

describe("the words around a reload", { skip: whyNoLab([]) }, () => {
  for (const name of daemonNames()) {
    test(`${name}: reload_check_config refuses a text with a complaint and writes it down`, () =>
      withDaemon(name, config(`reload_check_config ${CHECK_LOG}`), async (daemon, machine) => {
        const from = daemon.log.position;
        daemon.reload(config(`reload_check_config ${CHECK_LOG}`, "no_such_word"));
        await daemon.logged("validate conf before Reload", { from });
        await daemon.logged(`New config failed validation, see ${CHECK_LOG} for details`, { from });
        assert.match(machine.readFile(CHECK_LOG), /no_such_word/);
        assert.equal(statSync(outside(machine, CHECK_LOG)).mode & 0o777, 0o600);
        const isReloading = daemon.log.items.slice(from).some(({ text }) => text.includes("Reloading ..."));
        assert.equal(isReloading, false);
        daemon.reload(config(`reload_check_config ${CHECK_LOG}`));
        await daemon.logged("Reload complete", { from });
        assert.doesNotMatch(machine.readFile(CHECK_LOG), /no_such_word/);
      }));

    // keepalived 2.2.7 makes the file only where a reload is tested.
    test(`${name}: reload_file is there while the configuration is read`, () =>
      withDaemon(name, config(`reload_file ${FOLDER}/reading`, "reload_check_config"), async (daemon, machine) => {
        const seen = new EventLog<string>();
        const watcher = watch(outside(machine, FOLDER), (_event, file) => seen.push(`${file}`));
        try {
          daemon.reload(config("reload_file", "reload_check_config"));
          await seen.waitFor("the file to come and go", () => seen.items.length >= 2);
          await daemon.logged("Reload complete");
          assert.deepEqual([...new Set(seen.items)], ["reading"]);
          assert.deepEqual(readdirSync(outside(machine, FOLDER)), []);
        } finally {
          watcher.close();
        }
        const places = new EventLog<string>();
        const runWatcher = watch(outside(machine, "/run"), (_event, file) => places.push(`${file}`));
        try {
          daemon.reload(config("reload_file", "reload_check_config"));
          await places.waitFor("the file at its own place", (file) => file === "keepalived.reload");
        } finally {
          runWatcher.close();
        }
      }));

    test(`${name}: reload_time_file reloads at its time, once or every day`, () =>
      withDaemon(name, config(`reload_time_file ${TIME_FILE}`), async (daemon, machine) => {
        machine.writeFile(TIME_FILE, `${timeIn(3)}\n`);
        await daemon.logged("Scheduling reload for ");
        machine.writeFile(TIME_FILE, `${timeIn(4)}\n`);
        await daemon.logged("Reload time updated from ");
        await daemon.logged("Reload complete", { timeoutMs: 15_000 });
        assert.equal(existsSync(outside(machine, TIME_FILE)), false);
        machine.writeFile(TIME_FILE, "soon\n");
        await daemon.logged("Invalid reload time 'soon' specified - ignoring");
        let from = daemon.log.position;
        daemon.reload(config(`reload_time_file ${TIME_FILE}`, "reload_repeat"));
        await daemon.logged("Reload complete", { from });
        from = daemon.log.position;
        machine.writeFile(TIME_FILE, `${timeIn(3)}\n`);
        await daemon.logged("Reload complete", { from, timeoutMs: 15_000 });
        const scheduled = daemon.log.items.slice(from).filter(({ text }) => text.includes("Scheduling reload for "));
        assert.equal(scheduled.length, 2, daemon.text);
        assert.equal(existsSync(outside(machine, TIME_FILE)), true);
        machine.writeFile(TIME_FILE, "2020-01-01 00:00:00\n");
        await daemon.logged("is in the past - ignoring", { from });
        await daemon.logged("Cancelling reload scheduled for ", { from });
      }));
  }
});
