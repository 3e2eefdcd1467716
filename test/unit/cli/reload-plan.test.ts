import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ReloadPlan } from "../../../src/api/schema.ts";
import { planReload } from "../../../src/cli/reload-plan.ts";
import { createFakeDaemon, LVS_TEXT } from "../../helpers/fake-daemon-parts.ts";

test("a plan says refused when the reload would be, and why", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-plan-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const configFile = join(folder, "a.conf");
  const { daemon, parts } = createFakeDaemon(LVS_TEXT);
  await daemon.start();
  const plan = (text: string): Promise<ReloadPlan> => {
    writeFileSync(configFile, text);
    return planReload({ configFile, configId: null, enforcesIncludes: false, namespace: null }, daemon);
  };
  const wrong: readonly (readonly [text: string, reason: RegExp])[] = [
    [LVS_TEXT.replace(/\}\s*$/, ""), /^refused: .*a\.conf:1:1: .*does not end with a "\}"/],
    [LVS_TEXT.replace("10.0.0.2", "10.0.0.2000"), /^refused: .*a\.conf:5:14: "10\.0\.0\.2000" is not/],
    [LVS_TEXT.replace("lb_algo rr", "delay_loop 6s"), /^refused: .*a\.conf:3:13: delay_loop: "6s" is not a number/],
    [`${LVS_TEXT}virtual_server 10.0.0.1 99999 {\n}\n`, /^refused: .*a\.conf:10:25: "99999" is not a port/],
    [`instance other\n${LVS_TEXT}`, /^refused: instance cannot change in a reload, a restart is needed/],
    [LVS_TEXT.replace("lb_kind DR", "lb_kind"), /^refused: .*a\.conf:4:2: "lb_kind" needs a value/],
  ];
  for (const [text, reason] of wrong) {
    const { wouldBeRefused, changes, complaints } = await plan(text);
    assert.deepEqual({ wouldBeRefused, changes }, { wouldBeRefused: true, changes: [] }, text);
    assert.match(complaints.at(-1) ?? "", reason);
    parts.calls.length = 0;
    parts.text = text;
    await daemon.reload();
    assert.ok(parts.calls.includes("log reload refused"), `${text}\n${parts.calls.join("\n")}`);
  }
  const { wouldBeRefused, changes } = await plan(LVS_TEXT.replace("10.0.0.2", "10.0.0.3"));
  assert.equal(wouldBeRefused, false);
  assert.ok(changes.some((change) => change.includes("10.0.0.3")));
});
