import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { initialProcess, matchesProcess, type ProcessRules, stepProcess } from "../../../src/tracking/process.ts";

const rules = (changes: Partial<ProcessRules> = {}): ProcessRules => ({
  quorum: 1,
  quorumMaximum: null,
  forkDelayUs: 0,
  terminateDelayUs: 0,
  ...changes,
});

describe("stepProcess", () => {
  it("gains and loses the quorum at once without delays", () => {
    const start = initialProcess(rules({ quorum: 2 }), 1);
    assert.equal(start.hasQuorum, false);
    const gained = stepProcess(rules({ quorum: 2 }), start, { kind: "count", count: 2 });
    assert.deepEqual([gained.state.hasQuorum, gained.isNews, gained.timer], [true, true, null]);
    const lost = stepProcess(rules({ quorum: 2 }), gained.state, { kind: "count", count: 1 });
    assert.deepEqual([lost.state.hasQuorum, lost.isNews], [false, true]);
  });

  it("takes too many for no quorum", () => {
    assert.equal(initialProcess(rules({ quorum: 0, quorumMaximum: 0 }), 0).hasQuorum, true);
    assert.equal(initialProcess(rules({ quorum: 0, quorumMaximum: 0 }), 1).hasQuorum, false);
  });

  it("waits for the delay of the direction", () => {
    const delayed = rules({ forkDelayUs: 5, terminateDelayUs: 9 });
    const start = initialProcess(delayed, 1);
    const gone = stepProcess(delayed, start, { kind: "count", count: 0 });
    assert.deepEqual([gone.timer, gone.isNews], [{ kind: "start", delayUs: 9 }, false]);
    const lost = stepProcess(delayed, gone.state, { kind: "delay-passed" });
    assert.deepEqual([lost.state.hasQuorum, lost.isNews], [false, true]);
    const back = stepProcess(delayed, lost.state, { kind: "count", count: 1 });
    assert.deepEqual(back.timer, { kind: "start", delayUs: 5 });
  });

  it("forgets a change that is undone within the delay", () => {
    const delayed = rules({ terminateDelayUs: 9 });
    const gone = stepProcess(delayed, initialProcess(delayed, 1), { kind: "count", count: 0 });
    const back = stepProcess(delayed, gone.state, { kind: "count", count: 1 });
    assert.deepEqual([back.timer, back.isNews, back.state.isDelayed], [{ kind: "stop" }, false, false]);
    assert.equal(stepProcess(delayed, back.state, { kind: "delay-passed" }).isNews, false);
  });
});

describe("matchesProcess", () => {
  const facts = { name: "a-very-long-nam", argv: ["/usr/bin/a-very-long-name", "-c", "one.conf"] };
  const wanted = (command: readonly string[], parameterMatch: "none" | "exact" | "partial" | "initial") => ({
    command,
    parameterMatch,
    matchesFullCommand: parameterMatch !== "none",
  });

  it("compares 15 octets of the name", () => {
    assert.equal(matchesProcess(wanted(["a-very-long-name"], "none"), facts), true);
    assert.equal(matchesProcess(wanted(["a-very-long"], "none"), facts), false);
  });

  it("compares arguments exactly, from the front, or with an open end", () => {
    const path = "/usr/bin/a-very-long-name";
    const match = (rule: "exact" | "initial" | "partial", ...parameters: readonly string[]): boolean =>
      matchesProcess(wanted([path, ...parameters], rule), facts);
    assert.deepEqual([match("exact", "-c", "one.conf"), match("exact", "-c")], [true, false]);
    assert.deepEqual([match("initial", "-c"), match("initial", "-c", "one")], [true, false]);
    assert.deepEqual([match("partial", "-c", "one"), match("partial", "-d")], [true, false]);
    assert.equal(matchesProcess(wanted(["other"], "exact"), facts), false);
  });
});
