import { describeConfiguration, type ExplainedObject, explain } from "../config/explain/explain.ts";
import { toPlainObject } from "../config/explain/render.ts";
import type { Entry } from "../config/tree.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import { isSameModel } from "../model/equality.ts";
import { loadForTest } from "./config-test.ts";
import type { Flags } from "./flags.ts";

/**
 * The configuration in force, as JSON in parts. Where values came from is read from the file, which is trusted for that
 * only as long as it still says the same: keeping the parse tree would cost memory all the time.
 */
export async function explainRunning(
  flags: Flags,
  configuration: CompleteConfiguration | null,
): Promise<Iterable<string>> {
  if (configuration === null) return ["[]\n"];
  const entries: Entry[] = [];
  const loaded = await loadForTest(flags, entries);
  const isSame = isSameModel(loaded.configuration, configuration);
  return jsonParts(isSame ? explain({ loaded, entries }) : describeConfiguration(configuration));
}

function* jsonParts(objects: Iterable<ExplainedObject>): Generator<string> {
  let separator = "[\n";
  for (const object of objects) {
    yield `${separator}${JSON.stringify(toPlainObject(object, true))}`;
    separator = ",\n";
  }
  yield separator === "[\n" ? "[]\n" : "\n]\n";
}
