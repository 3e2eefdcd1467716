import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import type { CompleteConfiguration } from "../../../src/model/complete.ts";
import type { ScriptEnd, ScriptListener } from "../../../src/runtime/script-runner.ts";
import { Tracking } from "../../../src/runtime/tracking-runtime.ts";
import type { ProcessFacts } from "../../../src/tracking/process.ts";
import { VirtualClock } from "../../helpers/virtual-clock.ts";

function load(text: string): CompleteConfiguration {
  const source = { path: "/a.conf", workingDirectory: "/", configId: null, enforcesIncludes: false };
  return loadConfiguration(source, createMemoryHost({ files: { "/a.conf": text } })).configuration;
}

function instance(name: string, vrid: number, tracking: string): string {
  return `vrrp_instance ${name} {\n interface eth0\n virtual_router_id ${vrid}\n priority 100\n virtual_ipaddress {\n 10.0.0.${vrid}\n }\n${tracking}\n}\n`;
}

/** Scripts run until the test ends them. */
class Bench {
  readonly clock = new VirtualClock();
  readonly lines: string[] = [];
  news = 0;
  starts = 0;
  terminated = 0;
  processes: readonly ProcessFacts[] = [];
  #listener: ScriptListener | null = null;
  readonly tracking = new Tracking({
    clock: this.clock,
    log: ({ text }) => void this.lines.push(text),
    readProcesses: () => this.processes,
    onNews: () => {
      this.news += 1;
    },
    runner: {
      start: (_script, listener) => {
        this.starts += 1;
        this.#listener = listener;
        return {
          terminate: () => {
            this.terminated += 1;
          },
        };
      },
    },
  });

  begin(text: string): void {
    this.tracking.configure(load(text), false);
    this.tracking.begin();
  }

  end(end: ScriptEnd): void {
    this.#listener?.onEnd(end);
  }

  timeOut(): void {
    this.#listener?.onTimeout?.();
  }

  advance(us: number): void {
    const untilUs = this.clock.nowUs() + us;
    for (let next = this.clock.nextUs(); next !== null && next <= untilUs; next = this.clock.nextUs()) {
      this.clock.sleepTo(next);
      this.clock.runDue();
    }
    this.clock.sleepTo(untilUs);
  }
}

const SCRIPT = "vrrp_script S {\n script /bin/true\n interval 2\n}\n";
const FAILED: ScriptEnd = { kind: "exited", status: 1 };

describe("Tracking", () => {
  it("holds an instance back until a script without weight has reported, then makes it a fault", () => {
    const bench = new Bench();
    bench.begin(
      SCRIPT + instance("A", 1, " track_script {\n S\n }") + instance("B", 2, " track_script {\n S weight -5\n }"),
    );
    assert.deepEqual(bench.tracking.verdictOf("A"), { weight: 0, faults: [], isPending: true });
    assert.deepEqual(bench.tracking.verdictOf("B"), { weight: 0, faults: [], isPending: false });
    bench.end(FAILED);
    assert.equal(bench.news, 1);
    assert.deepEqual(bench.tracking.verdictOf("A"), {
      weight: 0,
      faults: ["tracked script S failed"],
      isPending: false,
    });
    assert.deepEqual(bench.tracking.verdictOf("B"), { weight: -5, faults: [], isPending: false });
  });

  it("keeps the rhythm and skips a run while the last one is still busy", () => {
    const bench = new Bench();
    bench.begin(SCRIPT + instance("A", 1, " track_script {\n S\n }"));
    bench.advance(2_000_000);
    assert.equal(bench.lines.at(-1), "Track script S is already running, expect idle - skipping run");
    assert.equal(bench.starts, 1);
    bench.end({ kind: "exited", status: 0 });
    bench.advance(2_000_000);
    assert.equal(bench.starts, 2);
  });

  it("takes a deadline for a failure once, whatever the script says in the end", () => {
    const bench = new Bench();
    bench.begin(SCRIPT + instance("A", 1, " track_script {\n S\n }"));
    bench.timeOut();
    bench.end({ kind: "exited", status: 0 });
    assert.deepEqual(bench.lines, ["VRRP_Script(S) timed_out"]);
    assert.deepEqual(bench.tracking.verdictOf("A").faults, ["tracked script S failed"]);
  });

  it("learns nothing from a run that this machine could not start, but a missing script has failed", () => {
    const bench = new Bench();
    bench.begin(SCRIPT + instance("A", 1, " track_script {\n S\n }"));
    bench.end({ kind: "not-started", reason: "EAGAIN" });
    assert.deepEqual(bench.lines, ["VRRP_Script(S) could not be started: EAGAIN"]);
    assert.equal(bench.tracking.verdictOf("A").isPending, true);
    bench.advance(2_000_000);
    bench.end({ kind: "not-started", reason: "ENOENT" });
    assert.deepEqual(bench.tracking.verdictOf("A").faults, ["tracked script S failed"]);
  });

  it("keeps verdicts over a reload and names scripts that nobody tracks", () => {
    const bench = new Bench();
    const text = SCRIPT + instance("A", 1, " track_script {\n S\n }");
    bench.begin(text);
    bench.end(FAILED);
    bench.advance(2_000_000);
    bench.tracking.configure(load(text), true);
    assert.equal(bench.terminated, 1);
    assert.equal(bench.lines.at(-1), "VRRP_Script(S) considered unsuccessful on reload");
    assert.deepEqual(bench.tracking.verdictOf("A").faults, ["tracked script S failed"]);
    bench.tracking.configure(load(SCRIPT + instance("A", 1, "")), true);
    assert.equal(bench.lines.at(-1), "Warning - script S is not used");
  });

  it("counts what a sync group tracks for each member", () => {
    const bench = new Bench();
    const group = "vrrp_sync_group G {\n group {\n A\n B\n }\n track_script {\n S\n }\n}\n";
    bench.begin(SCRIPT + group + instance("A", 1, "") + instance("B", 2, ""));
    bench.end(FAILED);
    assert.deepEqual(
      ["A", "B"].map((name) => bench.tracking.verdictOf(name).faults),
      [["tracked script S failed"], ["tracked script S failed"]],
    );
  });

  it("takes a BFD session for down until it is told otherwise", () => {
    const bench = new Bench();
    const bfd = "bfd_instance N {\n neighbor_ip 10.0.0.9\n}\n";
    bench.begin(bfd + instance("A", 1, " track_bfd {\n N\n }"));
    assert.deepEqual(bench.tracking.verdictOf("A").faults, ["tracked BFD N down"]);
    bench.tracking.bfdChanged("N", true);
    assert.deepEqual(bench.tracking.verdictOf("A").faults, []);
    assert.equal(bench.lines.at(-1), "VRRP_Instance(A) Tracked BFD instance N is UP");
  });

  it("follows the number of processes", () => {
    const bench = new Bench();
    bench.processes = [{ name: "sleep", argv: ["sleep", "9"] }];
    bench.begin(`vrrp_track_process P {\n process sleep 9\n}\n${instance("A", 1, " track_process {\n P\n }")}`);
    assert.deepEqual(bench.tracking.verdictOf("A").faults, []);
    bench.processes = [];
    bench.advance(1_000_000);
    assert.deepEqual(bench.tracking.verdictOf("A").faults, ["tracked process P quorum not achieved"]);
    assert.equal(bench.lines.at(-1), "Quorum lost for tracked process P");
    bench.tracking.close();
  });

  it("reads a file at the start and makes it if that is asked for", () => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-track-"));
    try {
      const bench = new Bench();
      writeFileSync(join(folder, "a"), "7\n");
      const file = (name: string, more: string): string =>
        `track_file ${name} {\n file ${folder}/${name}\n ${more}\n}\n`;
      bench.begin(file("a", "weight 2") + file("b", "init_file -30") + instance("A", 1, " track_file {\n a\n b\n }"));
      assert.equal(bench.tracking.verdictOf("A").weight, 14 - 30);
      bench.tracking.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
