import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  NEW_SESSION,
  type SessionEffect,
  type SessionEvent,
  type SessionState,
  step,
} from "../../../src/snmp/session.ts";

const CONFIG = {
  id: [1, 3],
  description: "d",
  subtrees: [
    [1, 3, 6, 1, 5],
    [1, 3, 6, 1, 6],
  ],
};

class Run {
  state: SessionState = NEW_SESSION;

  take(event: SessionEvent): readonly SessionEffect[] {
    const { state, effects } = step(CONFIG, this.state, event);
    this.state = state;
    return effects;
  }

  words(event: SessionEvent): readonly string[] {
    return this.take(event).map((effect) => {
      if (effect.kind === "send") return `send ${effect.pdu.type} ${effect.pdu.packetId}`;
      if (effect.kind === "arm") return `arm ${effect.afterMs}`;
      return effect.kind === "tell" ? `tell ${effect.what}` : effect.kind;
    });
  }

  response(packetId: number, error = 0, sessionId = 7): readonly string[] {
    return this.words({
      kind: "received",
      pdu: { type: "response", error, packetId, transactionId: packetId, sessionId },
    });
  }

  open(): void {
    this.words({ kind: "start" });
    this.words({ kind: "connected" });
    this.response(1);
    this.response(2);
    this.response(3);
  }
}

const NOTE = { kind: "notify", varBinds: [] } as const;

describe("AgentX session (RFC 2741)", () => {
  test("§7.1: connects, opens, registers each subtree in turn", () => {
    const run = new Run();
    assert.deepEqual(run.words({ kind: "start" }), ["connect", "arm 10000"]);
    assert.deepEqual(run.words({ kind: "connected" }), ["send open 1", "arm 10000"]);
    assert.deepEqual(run.response(1), ["send register 2", "arm 10000"]);
    assert.deepEqual(run.response(2), ["send register 3", "arm 10000"]);
    assert.deepEqual(run.response(3), ["tell open", "arm 60000"]);
    assert.deepEqual(run.words(NOTE), ["send notify 4"]);
  });

  test("a subtree that is refused is told, and the others are served", () => {
    const run = new Run();
    run.words({ kind: "start" });
    run.words({ kind: "connected" });
    run.response(1);
    assert.deepEqual(run.response(2, 263), ["tell-refused", "send register 3", "arm 10000"]);
    assert.deepEqual(run.response(3), ["tell open", "arm 60000"]);
  });

  test("notifications wait for the session, the oldest are dropped", () => {
    const run = new Run();
    run.words({ kind: "start" });
    for (let count = 0; count < 70; count += 1) assert.deepEqual(run.words(NOTE), []);
    run.words({ kind: "connected" });
    run.response(1);
    run.response(2);
    const sent = run.response(3).filter((word) => word.startsWith("send notify"));
    assert.equal(sent.length, 64);
  });

  test("a lost session is made anew", () => {
    const run = new Run();
    run.open();
    assert.deepEqual(run.words({ kind: "lost" }), ["tell lost", "arm 5000"]);
    assert.deepEqual(run.words({ kind: "timer" }), ["connect", "arm 10000"]);
    assert.deepEqual(run.words({ kind: "connected" }), ["send open 4", "arm 10000"]);
  });

  test("§7.1.10: a master that leaves a ping unanswered is gone", () => {
    const run = new Run();
    run.open();
    assert.deepEqual(run.words({ kind: "timer" }), ["send ping 4", "arm 10000"]);
    assert.deepEqual(run.response(4), ["arm 60000"]);
    run.words({ kind: "timer" });
    assert.deepEqual(run.words({ kind: "timer" }), ["disconnect", "tell lost", "arm 5000"]);
  });

  test("an answer to something else changes nothing", () => {
    const run = new Run();
    run.words({ kind: "start" });
    run.words({ kind: "connected" });
    assert.deepEqual(run.response(99), []);
  });

  test("stop says good-bye, and nothing follows", () => {
    const run = new Run();
    run.open();
    assert.deepEqual(run.words({ kind: "stop" }), ["disarm", "send close 4", "disconnect"]);
    for (const kind of ["timer", "lost", "connected"] as const) assert.deepEqual(run.words({ kind }), []);
    assert.deepEqual(run.words(NOTE), []);
  });
});
