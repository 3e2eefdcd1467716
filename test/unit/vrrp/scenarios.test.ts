import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readScenarios, runScenario } from "../../helpers/scenario.ts";

const FOLDER = join("test", "scenarios");

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith(".jsonl"))) {
  describe(file, () => {
    for (const scenario of readScenarios(join(FOLDER, file))) {
      it(`${scenario.header.scenario} (${scenario.header.source})`, () => {
        assert.ok(scenario.lines.length > 0, "a scenario needs events");
        assert.deepEqual(runScenario(scenario), scenario.lines);
      });
    }
  });
}
