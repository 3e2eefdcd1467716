/** keepalived's words for its processes, on the threads that do their work. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import { vrrpConfig } from "./config.ts";
import { Daemon } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";

const VIP = "192.168.1.100";
const FIFO = 1;
const RESET_ON_FORK_BIT = 0x40000000;

interface Thread {
  readonly niceness: number;
  readonly policy: number;
  readonly realtimePriority: number;
  readonly cpus: string;
}

/** @see proc_pid_stat(5): fields 19, 40 and 41, counted behind the name */
function threadNamed(pid: number, wanted: string): Thread | null {
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${task}`;
    if (readFileSync(`${folder}/comm`, "utf8").trim() !== wanted) continue;
    const fields = readFileSync(`${folder}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ")
      .map(Number);
    const cpus = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync(`${folder}/status`, "utf8"))?.[1] ?? "";
    const [niceness = 0, realtimePriority = 0, policy = 0] = [fields[16], fields[37], fields[38]];
    return { niceness, realtimePriority, policy: policy & ~RESET_ON_FORK_BIT, cpus };
  }
  return null;
}

function config(...globals: readonly string[]): string {
  const instance = vrrpConfig({ version: 3, priority: 200, advertInt: "0.2", virtualAddresses: [`${VIP}/24`] });
  return instance.replace("router_id LAB", ["router_id LAB", ...globals].join("\n    "));
}

async function withMachine(scenario: (machine: Machine) => Promise<void>): Promise<void> {
  const network = await Network.build();
  try {
    await scenario(await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] }));
  } finally {
    await network.close();
  }
}

function pidOf(daemon: Daemon): number {
  const pid = daemon.pids.find((each) => readdirSync(`/proc/${each}/task`).length > 1);
  assert.ok(pid !== undefined, daemon.text);
  return pid;
}

const isOursUnderTest = daemonNames().includes("holdfast");
const SKIP = whyNoLab(["setpriv"]) || (isOursUnderTest ? false : "holdfast is not under test");

describe("the words for keepalived's processes", { skip: SKIP }, () => {
  test("hold for the thread of the vrrp loop, at start and at reload", { timeout: 60_000 }, () =>
    withMachine(async (machine) => {
      const words = ["vrrp_rt_priority 20", "vrrp_priority -5", "vrrp_cpu_affinity 0", "vrrp_no_swap", "process_names"];
      const daemon = new Daemon(machine, { name: "holdfast", config: config(...words, "vrrp_rlimit_rttime 900000") });
      await daemon.logged("Entering MASTER STATE");
      const pid = pidOf(daemon);
      const thread = threadNamed(pid, "keepalived_vrrp");
      assert.deepEqual(thread, { niceness: -5, policy: FIFO, realtimePriority: 20, cpus: "0" }, daemon.text);
      assert.equal(readFileSync(`/proc/${pid}/comm`, "utf8"), "keepalived\n");
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const lockedKb = Number(/^VmLck:\s*(\d+) kB/m.exec(status)?.[1]);
      assert.ok(lockedKb > 0 && lockedKb < 200_000, `${lockedKb} kB are locked`);
      assert.match(readFileSync(`/proc/${pid}/limits`, "utf8"), /^Max realtime timeout\s+900000\s+unlimited/m);

      const from = daemon.log.position;
      daemon.signal("SIGXCPU");
      await daemon.logged("real-time scheduling is off until the next reload", { from });
      assert.equal(threadNamed(pid, "keepalived_vrrp")?.policy, 0);

      daemon.reload(config("vrrp_priority 3"));
      await daemon.logged("Reload complete", { from });
      const after = threadNamed(pid, "holdfast-vrrp");
      assert.equal(after?.niceness, 3);
      assert.equal(after.policy, 0);
      assert.equal(after.cpus, /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
      assert.match(readFileSync(`/proc/${pid}/limits`, "utf8"), /^Max realtime timeout\s+unlimited/m);
      assert.equal(daemon.log.items.filter(({ text }) => text.includes("has no effect")).length, 0, daemon.text);
      await daemon.terminate();
    }),
  );

  test("say once what the machine does not allow, and the daemon runs on", { timeout: 60_000 }, () =>
    withMachine(async (machine) => {
      const text = config("vrrp_rt_priority 20", "vrrp_cpu_affinity 4000", "checker_priority -9");
      const daemon = new Daemon(machine, {
        name: "holdfast",
        config: text,
        wrapper: ["setpriv", "--bounding-set=-sys_nice"],
      });
      await daemon.logged("Entering MASTER STATE");
      const from = daemon.log.position;
      daemon.reload(text);
      await daemon.logged("Reload complete", { from });
      const refused = daemon.log.items.filter((line) => line.text.includes("has no effect"));
      assert.equal(refused.length, 2, daemon.text);
      assert.match(
        daemon.text,
        /vrrp_rt_priority 20 \(.*keepalived\.conf:3:22\) has no effect: sched_setscheduler: .*CAP_SYS_NICE/,
      );
      assert.match(daemon.text, /vrrp_cpu_affinity 4000 \(.*keepalived\.conf:4:23\) has no effect: sched_setaffinity/);
      await daemon.terminate();
    }),
  );
});
