import assert from "node:assert/strict";
import { test } from "node:test";
import type { BfdInstance } from "../../../src/model/tracking.ts";
import type { BfdEvent, BfdStatus } from "../../../src/native/contract.ts";
import { BfdRuntime, sessionSettings } from "../../../src/runtime/bfd-runtime.ts";
import type { BfdLoopEvent } from "../../../src/runtime/shared-loop.ts";
import { loadText } from "../../helpers/load-text.ts";
import { NO_TIMES } from "../../helpers/loop-samples.ts";

function sessions(text: string): readonly BfdInstance[] {
  return loadText(text).bfdInstances;
}

const A = "bfd_instance A {\n neighbor_ip 10.0.0.1\n}\n";
const LOST: Extract<BfdEvent, { kind: "session" }> = {
  kind: "session",
  session: 1,
  from: "up",
  to: "down",
  localDiag: 1,
  remoteState: "up",
  remoteDiag: 0,
  tells: "down",
  detectionUs: 50_000,
  overdueUs: 120,
  atUs: 7,
};
const CAME: BfdEvent = { ...LOST, from: "init", to: "up", localDiag: 0, tells: "up", overdueUs: null };

const HEALTH = {
  commands: 0,
  eventsLost: 0,
  lateness: { count: 0, p50Us: 0, p99Us: 0, maxUs: 0 },
  unknownVrids: 0,
  advertLateness: NO_TIMES,
};

/** A loop that writes down what it is asked for. */
class Bench {
  readonly calls: string[] = [];
  readonly lines: string[] = [];
  status: BfdStatus | null = null;
  emit: (events: readonly BfdLoopEvent[]) => void = () => undefined;
  readonly runtime = new BfdRuntime({
    openLoop: (onEvents) => {
      this.emit = onEvents;
      this.calls.push("open loop");
      return {
        openSession: (number, { neighborAddress }) => this.calls.push(`open ${number} ${neighborAddress}`),
        closeSession: (number) => this.calls.push(`close ${number}`),
        sessionStatus: () => this.status,
        health: () => ({ ...HEALTH, heartbeats: this.calls.length }),
        close: () => this.calls.push("close loop"),
      };
    },
    sessionNumber: (name) => name.charCodeAt(0) - 64,
    nowUs: () => 0,
    log: ({ level, text }) => this.lines.push(`${level}: ${text}`),
    onChange: ({ name }, isUp) => this.calls.push(`${name} ${isUp ? "up" : "down"}`),
  });
}

test("the loop's health is that of the loop, and there is none before it is opened and after the stop", async () => {
  const bench = new Bench();
  assert.equal(bench.runtime.health(), null);
  bench.runtime.configure(sessions(A));
  assert.equal(bench.runtime.health()?.heartbeats, 2);
  await bench.runtime.stop();
  assert.equal(bench.runtime.health(), null);
});

test("a session follows the loop's reports, and its lines are keepalived's", () => {
  const bench = new Bench();
  bench.runtime.configure(sessions(A));
  bench.emit([CAME]);
  assert.equal(bench.runtime.isUp("A"), true);
  bench.emit([LOST]);
  assert.equal(bench.runtime.isUp("A"), false);
  assert.deepEqual(bench.calls, ["open loop", "open 1 10.0.0.1", "A up", "A down"]);
  assert.deepEqual(bench.lines, [
    "info: (A) Entering Up state",
    "detail: (A) Detection time is 50000 us (was 0 us)",
    "info: (A) Expired after 50 ms (120 usec overdue)",
    "info: (A) Entering Down state (Local diagnostic - Control Detection Time Expired, Remote diagnostic - No Diagnostic)",
  ]);
  const [snapshot] = bench.runtime.snapshot();
  assert.equal(snapshot?.state, "down");
  assert.equal(snapshot?.localDiag, 1);
});

test("a reload keeps a session whose addresses stay; another neighbour is another session", () => {
  const bench = new Bench();
  bench.runtime.configure(sessions(A));
  bench.emit([CAME]);
  bench.calls.length = 0;
  bench.runtime.configure(sessions(A.replace("}", " min_tx 50\n}")));
  assert.equal(bench.runtime.isUp("A"), true);
  bench.runtime.configure(sessions(A.replace("10.0.0.1", "10.0.0.2")));
  assert.equal(bench.runtime.isUp("A"), false);
  bench.runtime.configure([]);
  assert.deepEqual(bench.calls, ["open 1 10.0.0.1", "close 1", "A down", "open 1 10.0.0.2", "close 1"]);
});

test("after lost events what counts is where the session is", () => {
  const bench = new Bench();
  bench.runtime.configure(sessions(A));
  bench.status = {
    state: "up",
    isUp: true,
    packetsSent: 1,
    packetsReceived: 1,
    dropped: {
      "too-short": 0,
      version: 0,
      length: 0,
      "detect-mult": 0,
      multipoint: 0,
      "my-discr": 0,
      authentication: 0,
      "your-discr": 0,
      "unknown-session": 0,
      ttl: 0,
    },
  };
  bench.emit([{ kind: "overrun", atUs: 9 }]);
  assert.equal(bench.runtime.isUp("A"), true);
  assert.equal(bench.runtime.snapshot()[0]?.state, "up");
});

test("packets that are dropped and sockets that fail are told", () => {
  const bench = new Bench();
  bench.runtime.configure(sessions(A));
  const dropped = { kind: "session-dropped", source: "10.0.0.9", atUs: 1 } as const;
  bench.emit([
    { ...dropped, session: null, reason: "unknown-session", received: 5, expected: 0 },
    { ...dropped, session: 1, reason: "ttl", received: 254, expected: 255 },
    {
      kind: "session-failed",
      session: 1,
      action: "open",
      failure: { syscall: "bind", errno: 98, code: "EADDRINUSE", message: "Address already in use" },
      atUs: 1,
    },
  ]);
  assert.deepEqual(bench.lines, [
    "warning: BFD packet from 10.0.0.9 dropped: there is no such session",
    "warning: (A) packet from 10.0.0.9 dropped: it came from too far away (254, expected 255)",
    "warning: (A) open failed: bind: Address already in use",
  ]);
});

test("stopping closes the loop once", async () => {
  const bench = new Bench();
  bench.runtime.configure(sessions(A));
  await bench.runtime.stop();
  await bench.runtime.stop();
  assert.deepEqual(bench.calls, ["open loop", "open 1 10.0.0.1", "close loop"]);
});

test("hops: by default none is taken, max_hops takes as many, -1 any (RFC 5881 §5)", () => {
  const of = (more: string): readonly (number | undefined)[] => {
    const [config] = sessions(`bfd_instance A {\n neighbor_ip 10.0.0.1\n ${more}\n}\n`);
    const settings = config === undefined ? null : sessionSettings(config);
    return [settings?.ttl, settings?.minTtl, settings?.port];
  };
  assert.deepEqual(of(""), [255, 255, 3784]);
  assert.deepEqual(of("max_hops 3"), [255, 252, 3784]);
  assert.deepEqual(of("ttl 64"), [64, 64, 3784]);
  assert.deepEqual(of("max_hops -1"), [255, 0, 3784]);
  assert.deepEqual(of("multihop"), [255, 255, 4784]);
});
