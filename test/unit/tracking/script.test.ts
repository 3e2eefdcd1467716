import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  carryScript,
  initialScript,
  type ScriptResult,
  type ScriptState,
  stepScript,
} from "../../../src/tracking/script.ts";

const GOOD: ScriptResult = { kind: "exited", status: 0 };
const BAD: ScriptResult = { kind: "exited", status: 2 };

/** Takes results one after the other. @returns what was said, and the last state */
function play(
  rules: { rise: number; fall: number },
  results: readonly ScriptResult[],
  from: ScriptState = initialScript(rules),
): { readonly said: readonly (readonly string[])[]; readonly state: ScriptState } {
  let state = from;
  const said = results.map((result) => {
    const step = stepScript("S", rules, state, result);
    state = step.state;
    return step.notes.map(({ text }) => text);
  });
  return { said, state };
}

describe("stepScript", () => {
  it("believes the first result, whatever rise and fall are", () => {
    assert.deepEqual(play({ rise: 3, fall: 3 }, [GOOD]).said, [["VRRP_Script(S) succeeded"]]);
    assert.deepEqual(play({ rise: 3, fall: 3 }, [BAD]).said, [
      ["Script `S` now returning 2", "VRRP_Script(S) failed (exited with status 2)"],
    ]);
  });

  it("needs `fall` failures in a row to become bad", () => {
    const { said, state } = play({ rise: 1, fall: 3 }, [GOOD, BAD, BAD, GOOD, BAD, BAD, BAD]);
    assert.deepEqual(said.slice(1), [
      ["Script `S` now returning 2"],
      [],
      ["Script `S` now returning 0"],
      ["Script `S` now returning 2"],
      [],
      ["VRRP_Script(S) failed (exited with status 2)"],
    ]);
    assert.equal(state.isGood, false);
  });

  it("needs `rise` successes in a row to become good again", () => {
    const { said } = play({ rise: 2, fall: 1 }, [BAD, GOOD, BAD, GOOD, GOOD]);
    assert.deepEqual(said.at(-2), ["Script `S` now returning 0"]);
    assert.deepEqual(said.at(-1), ["VRRP_Script(S) succeeded"]);
  });

  it("says why a run failed", () => {
    const rules = { rise: 1, fall: 1 };
    assert.deepEqual(play(rules, [{ kind: "timed-out" }]).said, [["VRRP_Script(S) timed_out"]]);
    assert.deepEqual(play(rules, [{ kind: "signalled", signal: 9 }]).said, [
      ["VRRP_Script(S) failed (due to signal 9)"],
    ]);
    const missing: ScriptResult = { kind: "not-runnable", reason: "ENOENT" };
    assert.deepEqual(play(rules, [missing]).said, [["VRRP_Script(S) failed (could not be started: ENOENT)"]]);
  });

  it("keeps the verdict over a reload", () => {
    const rules = { rise: 2, fall: 2 };
    const good = carryScript(rules, play(rules, [GOOD]).state);
    assert.deepEqual(play(rules, [BAD], good).state.isGood, true);
    const bad = carryScript(rules, play(rules, [BAD]).state);
    assert.deepEqual(play(rules, [GOOD], bad).state.isGood, false);
    assert.equal(carryScript(rules, initialScript(rules)).isGood, null);
  });
});
