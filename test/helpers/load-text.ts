import { loadConfiguration } from "../../src/config/load.ts";
import { createMemoryHost } from "../../src/config/memory-host.ts";
import type { Configuration } from "../../src/model/configuration.ts";

/** The model of a configuration text; any refusal fails the test. */
export function loadText(text: string): Configuration {
  const loaded = loadConfiguration(
    { path: "/test.conf", workingDirectory: "/", configId: null, enforcesIncludes: false },
    createMemoryHost({ files: { "/test.conf": text } }),
  );
  if (loaded.startRefusal !== null) throw new Error(loaded.startRefusal.reasons.map((it) => it.message).join("\n"));
  return loaded.configuration;
}
