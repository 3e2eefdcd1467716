/** Where dumps and copies of the configuration go, beside keepalived. */
import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { describe, test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import { vrrpConfig } from "./config.ts";
import { Daemon } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";

const SAVED = "/run/lab/saved";
/** Longer than a daemon may need for a dump on a busy machine. */
const PATIENCE_MS = 15_000;

function outside(machine: Machine, path: string): string {
  return `/proc/${machine.holder.pid}/root${path}`;
}

function namesIn(machine: Machine, path: string): readonly string[] {
  return readdirSync(outside(machine, path)).sort();
}

async function untilNamed(machine: Machine, path: string, pattern: RegExp): Promise<void> {
  const endMs = Date.now() + PATIENCE_MS;
  while (!namesIn(machine, path).some((name) => pattern.test(name))) {
    assert.ok(Date.now() < endMs, `${path} holds ${namesIn(machine, path).join(" ")}, not ${pattern}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe("dumps and saved configurations", { skip: whyNoLab([]) }, () => {
  for (const name of daemonNames()) {
    test(`${name}: data_use_instance and config_save_dir`, async () => {
      const network = await Network.build();
      try {
        const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
        const virtualAddresses = ["192.168.1.100/24"];
        const globalLines = ["data_use_instance", `config_save_dir ${SAVED}`, "include /run/lab/extra.conf"];
        machine.writeFile("/run/lab/extra.conf", "vrrp_garp_master_delay 3   # three\n");
        const text = vrrpConfig({ version: 2, priority: 100, advertInt: "1", virtualAddresses, globalLines });
        const daemon = new Daemon(machine, { name, config: `instance foo\n${text}` });
        await daemon.logged("Startup complete");
        daemon.signal("SIGUSR1");
        await untilNamed(machine, "/tmp", /^keepalived\.foo\.data$/);
        daemon.signal("SIGUSR2");
        await untilNamed(machine, "/tmp", /^keepalived\.stats$/);
        daemon.reload(`instance foo\n${text}`);
        await untilNamed(machine, SAVED, /^keepalived\.conf\.\d+\.1$/);
        const copies = namesIn(machine, SAVED).filter((file) => file.startsWith("keepalived.conf."));
        assert.deepEqual(
          copies.map((file) => file.replace(/\.\d+\./, ".PID.")),
          ["keepalived.conf.PID.0", "keepalived.conf.PID.1"],
        );
        for (const file of copies) {
          assert.equal(statSync(outside(machine, `${SAVED}/${file}`)).mode & 0o777, 0o600);
          const copy = machine.readFile(`${SAVED}/${file}`);
          assert.match(copy, /^# \/run\/lab\/etc\/keepalived\.conf\ninstance foo\nglobal_defs \{\nrouter_id LAB\n/);
          assert.match(copy, /\n\n# \/run\/lab\/extra\.conf\nvrrp_garp_master_delay 3\n!\n\}\n/);
          assert.match(copy, /\n\}\n!\n$/);
        }
        assert.deepEqual(await daemon.terminate(), { status: 0, signal: null });
      } finally {
        await network.close();
      }
    });
  }

  test("holdfast: files of dumps at their own places", { skip: !daemonNames().includes("holdfast") }, async () => {
    const network = await Network.build();
    try {
      const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
      const globalLines = ["state_dump_file /run/lab/state.txt", "stats_dump_file sub/", "json_dump_file j.json"];
      const virtualAddresses = ["192.168.1.100/24"];
      const config = vrrpConfig({ version: 2, priority: 100, advertInt: "1", virtualAddresses, globalLines });
      machine.writeFile("/tmp/sub/other", "");
      const daemon = new Daemon(machine, {
        name: "holdfast",
        config: config.replace("router_id", "json_version 2\n router_id"),
      });
      await daemon.logged("Startup complete");
      daemon.signal("SIGUSR1");
      await untilNamed(machine, "/run/lab", /^state\.txt$/);
      daemon.signal("SIGUSR2");
      await untilNamed(machine, "/tmp/sub", /^keepalived\.stats$/);
      const [pid] = daemon.pids.slice(-1);
      assert.ok(pid !== undefined);
      await machine.run(["sh", "-c", "kill -36 $(cat /run/keepalived.pid)"]);
      await untilNamed(machine, "/tmp", /^j\.json$/);
      assert.equal(JSON.parse(machine.readFile("/tmp/j.json")).vrrp[0].data.iname, "VI_1");
      assert.deepEqual(
        namesIn(machine, "/tmp").filter((file) => file.startsWith("keepalived.")),
        [],
      );
      await daemon.terminate();
    } finally {
      await network.close();
    }
  });
});
