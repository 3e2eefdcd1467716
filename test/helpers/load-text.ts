import type { ConfigurationHost } from "../../src/config/host.ts";
import { type LoadedConfiguration, loadConfiguration } from "../../src/config/load.ts";
import { createMemoryHost, type MemoryHostFacts } from "../../src/config/memory-host.ts";
import type { CompleteConfiguration } from "../../src/model/complete.ts";

/**
 * A configuration text, loaded with all that is to be said of it.
 * @param facts of the machine; more: what the memory host does not have
 */
export function loadWhole(
  text: string,
  facts: Omit<MemoryHostFacts, "files"> = {},
  more: Partial<ConfigurationHost> = {},
): LoadedConfiguration {
  const source = { path: "/test.conf", workingDirectory: "/", configId: null, enforcesIncludes: false };
  return loadConfiguration(source, { ...createMemoryHost({ ...facts, files: { "/test.conf": text } }), ...more });
}

/** The model of a configuration text; any refusal fails the test. */
export function loadText(text: string): CompleteConfiguration {
  const loaded = loadWhole(text);
  if (loaded.startRefusal !== null) throw new Error(loaded.startRefusal.reasons.map((it) => it.message).join("\n"));
  return loaded.configuration;
}
