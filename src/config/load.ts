import type { Configuration } from "../model/configuration.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { ConfigurationHost } from "./host.ts";

/** What to load, as the command line says it. */
export interface ConfigurationSource {
  /** Argument of `-f`: a path, relative to `workingDirectory`, or a glob. */
  readonly path: string;
  /** Absolute. */
  readonly workingDirectory: string;
  /** Argument of `-i`; null takes the host name up to its first dot. */
  readonly configId: string | null;
  /** `-e`: every include problem is an error. */
  readonly enforcesIncludes: boolean;
}

/** What `-t` exits with: 0 clean, 2 missing parameter, 4 cannot run, 5 complaints, 6 script security or include error. */
export type TestExitCode = 0 | 2 | 4 | 5 | 6;

export interface LoadedConfiguration {
  /** Always complete and deeply frozen; do not run it when `startRefusal` is set. */
  readonly configuration: Configuration;
  /** Ordered by file and line; those without a place come last. */
  readonly diagnostics: readonly Diagnostic[];
  readonly testExitCode: TestExitCode;
  /** Set when a real start (or a reload) has to be refused; 2 is a configuration error, 6 a missing file. */
  readonly startRefusal: { readonly exitCode: 2 | 6; readonly reasons: readonly Diagnostic[] } | null;
  /** Text of every file read, by the name used in places: what carets are drawn on. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * Loads a keepalived configuration: a pure function of its arguments that never throws and stays within
 * the limits of `limits.ts` whatever the text is.
 */
export function loadConfiguration(source: ConfigurationSource, host: ConfigurationHost): LoadedConfiguration {
  const content = host.readFile(source.path);
  return {
    configuration: {
      global: {
        routerId: host.hostName,
        instanceName: null,
        networkNamespace: null,
        usesPidDirectory: false,
        vrrpRealtimePriority: 0,
        isVrrpMemoryLocked: false,
        flushesIpvsAtStart: false,
        flushesIpvsAtStop: "no",
      },
      vrrpInstances: [],
      virtualServers: [],
    },
    diagnostics: [],
    testExitCode: 0,
    startRefusal: content.kind === "text" ? null : { exitCode: 6, reasons: [] },
    sources: new Map(),
  };
}
