import assert from "node:assert/strict";
import { test } from "node:test";
import type { LoopThreadControl, SyscallFailure, ThreadSettings } from "../../../src/native/contract.ts";
import { LoopThreads, planThreads } from "../../../src/runtime/loop-threads.ts";
import { loadText } from "../../helpers/load-text.ts";

const BOTH = { hasVrrp: true, hasBfd: true };
const EPERM: SyscallFailure = { syscall: "sched_setscheduler", errno: 1, code: "EPERM", message: "not permitted" };

function globals(...lines: readonly string[]): ReturnType<typeof loadText> {
  return loadText(`global_defs {\n${lines.join("\n")}\n}\n`);
}

class FakeThread implements LoopThreadControl {
  readonly arranged: ThreadSettings[] = [];
  failures: readonly SyscallFailure[] = [];
  latenessUs = 0;
  isClosed = false;

  arrange(settings: ThreadSettings): readonly SyscallFailure[] {
    if (this.isClosed) throw Object.assign(new Error("closed"), { code: "ERR_CLOSED" });
    this.arranged.push(settings);
    return this.failures;
  }

  takeLateness(): number {
    return this.latenessUs;
  }
}

function build(): {
  threads: LoopThreads;
  said: string[];
  limits: (number | null)[];
  names: string[];
  look: () => void;
} {
  const said: string[] = [];
  const limits: (number | null)[] = [];
  const names: string[] = [];
  const looks: (() => void)[] = [];
  const threads = new LoopThreads({
    log: ({ text }) => said.push(text),
    limitRealtime: (limitUs) => limits.push(limitUs),
    nameProcess: (name) => names.push(name),
    every: (_, callback) => looks.push(callback),
  });
  return { threads, said, limits, names, look: () => looks.forEach((callback) => void callback()) };
}

test("without words the vrrp loop is just above ordinary threads, and the threads bear our names", () => {
  const { vrrp, probe, realtimeLimit } = planThreads(globals(), { hasVrrp: true, hasBfd: false });
  const ordinary = { niceness: 0, realtimePriority: 0, cpus: [], isMemoryLocked: false };
  assert.deepEqual(vrrp.settings, { name: "holdfast-vrrp", ...ordinary, realtimePriority: 1 });
  assert.deepEqual(probe.settings, { name: "holdfast-probe", ...ordinary });
  assert.equal(realtimeLimit?.us, 10_000_000);
  assert.equal(planThreads(globals(), { hasVrrp: false, hasBfd: true }).vrrp.settings.name, "holdfast-bfd");
});

test("a written priority of the vrrp loop, or max_auto_priority -1, is all that it gets", () => {
  for (const word of ["vrrp_priority 0", "bfd_priority 3", "max_auto_priority -1"]) {
    const { vrrp, realtimeLimit } = planThreads(globals(word), BOTH);
    assert.equal(vrrp.settings.realtimePriority, 0, word);
    assert.equal(realtimeLimit, null, word);
  }
  assert.equal(
    planThreads(globals("bfd_priority 3"), { hasVrrp: true, hasBfd: false }).vrrp.settings.realtimePriority,
    1,
  );
});

test("VRRP and BFD share a thread: the more urgent value, VRRP's CPUs", () => {
  const text = ["vrrp_priority -3", "bfd_priority -5", "vrrp_rt_priority 7", "bfd_rt_priority 4", "bfd_no_swap"];
  const configuration = globals(...text, "vrrp_cpu_affinity 1", "bfd_cpu_affinity 0 2", "process_names");
  const expected = { name: "keepalived_vrrp", niceness: -5, realtimePriority: 7, cpus: [1], isMemoryLocked: true };
  assert.deepEqual(planThreads(configuration, BOTH).vrrp.settings, expected);
  const alone = planThreads(configuration, { hasVrrp: false, hasBfd: true }).vrrp.settings;
  assert.deepEqual(alone, { ...expected, name: "keepalived_bfd", realtimePriority: 4, cpus: [0, 2] });
  const without = planThreads(configuration, { hasVrrp: true, hasBfd: false }).vrrp.settings;
  assert.deepEqual(without, { ...expected, niceness: -3, isMemoryLocked: false });
});

test("a niceness of one process is not hidden by the default of the other", () => {
  assert.equal(planThreads(globals("bfd_priority 4"), BOTH).vrrp.settings.niceness, 4);
});

test("the limit holds for real-time threads only, and only when it is written", () => {
  const limitOf = (...lines: readonly string[]): number | undefined =>
    planThreads(globals(...lines), BOTH).realtimeLimit?.us;
  assert.equal(limitOf("vrrp_rt_priority 5"), undefined);
  assert.equal(limitOf("vrrp_priority 0", "vrrp_rlimit_rttime 5000"), undefined);
  assert.equal(limitOf("vrrp_rt_priority 5", "vrrp_rlimit_rttime 5000", "checker_rlimit_rttime 10"), 5000);
  assert.equal(limitOf("vrrp_rt_priority 5", "vrrp_rlimit_rtime 1"), 2);
});

test("what is refused is said once, with its place and a remedy", () => {
  const { threads, said, names } = build();
  const thread = new FakeThread();
  thread.failures = [EPERM];
  threads.configure(globals("vrrp_rt_priority 20", "process_name night"), BOTH);
  threads.hold("vrrp", thread);
  threads.configure(globals("vrrp_rt_priority 20", "process_name night"), BOTH);
  assert.deepEqual(said, [
    "vrrp_rt_priority 20 (/test.conf:2:18) has no effect: sched_setscheduler: not permitted; give the daemon CAP_SYS_NICE",
  ]);
  assert.equal(thread.arranged.length, 2);
  assert.deepEqual(names, ["night", "night"]);
});

test("real-time scheduling that nobody asked for is not missed", () => {
  const { threads, said } = build();
  const thread = new FakeThread();
  thread.failures = [EPERM];
  threads.configure(globals(), BOTH);
  threads.hold("vrrp", thread);
  assert.equal(thread.arranged.at(-1)?.realtimePriority, 1);
  assert.deepEqual(said, []);
});

test("a reload arranges anew, and a closed loop is let go", () => {
  const { threads, names } = build();
  const [vrrp, probe] = [new FakeThread(), new FakeThread()];
  threads.configure(globals("checker_priority 5"), BOTH);
  threads.hold("vrrp", vrrp);
  threads.hold("probe", probe);
  vrrp.isClosed = true;
  threads.configure(globals(), BOTH);
  assert.deepEqual(
    probe.arranged.map(({ niceness }) => niceness),
    [5, 0],
  );
  assert.deepEqual(names, ["holdfast", "holdfast"]);
});

test("lateness raises the real-time priority step by step, up to max_auto_priority", () => {
  const { threads, said, look } = build();
  const thread = new FakeThread();
  threads.configure(globals("max_auto_priority 2", "min_auto_priority_delay 5000"), BOTH);
  threads.hold("probe", thread);
  const present = (): number | undefined => thread.arranged.at(-1)?.realtimePriority;
  thread.latenessUs = 4999;
  look();
  assert.equal(present(), 0);
  thread.latenessUs = 5000;
  look();
  assert.equal(present(), 1);
  look();
  look();
  assert.equal(present(), 2);
  assert.equal(said.length, 2);
});

test("past the limit there is no real-time scheduling until the next reload", () => {
  const { threads, said, limits } = build();
  const thread = new FakeThread();
  const configuration = globals("vrrp_rt_priority 9", "vrrp_rlimit_rttime 5000");
  threads.configure(configuration, BOTH);
  threads.hold("vrrp", thread);
  threads.limitPassed();
  threads.limitPassed();
  assert.equal(thread.arranged.at(-1)?.realtimePriority, 0);
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", /vrrp_rlimit_rttime \(\/test\.conf:3:20\)/);
  threads.configure(configuration, BOTH);
  assert.equal(thread.arranged.at(-1)?.realtimePriority, 9);
  assert.deepEqual(limits, [5000, 5000]);
});
