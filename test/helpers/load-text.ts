import { loadConfiguration } from "../../src/config/load.ts";
import { createMemoryHost } from "../../src/config/memory-host.ts";
import type { CompleteConfiguration } from "../../src/model/complete.ts";

/** The model of a configuration text; any refusal fails the test. */
export function loadText(text: string): CompleteConfiguration {
  const loaded = loadConfiguration(
    { path: "/test.conf", workingDirectory: "/", configId: null, enforcesIncludes: false },
    createMemoryHost({ files: { "/test.conf": text } }),
  );
  if (loaded.startRefusal !== null) throw new Error(loaded.startRefusal.reasons.map((it) => it.message).join("\n"));
  return loaded.configuration;
}
