import { randomBytes } from "node:crypto";
import { type ConfigurationSource, type LoadedConfiguration, loadConfiguration } from "../config/load.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { NativeAddon } from "../native/contract.ts";
import { createConfigurationHost } from "../runtime/config-host.ts";
import type { DaemonDependencies } from "../runtime/daemon-types.ts";
import { writeDumpFile } from "../runtime/dump-file.ts";
import type { Logger } from "../runtime/log.ts";
import { clearReloadMarker, reloadMarkerPath, setReloadMarker } from "../runtime/reload-marker.ts";
import { renderComplaints } from "./config-test.ts";
import type { Flags } from "./flags.ts";
import { readLinks } from "./host-network.ts";

export interface ReadingContext {
  readonly flags: Flags;
  readonly native: NativeAddon;
  readonly log: Logger;
  /** For example `/run`. */
  readonly runDirectory: string;
  /** Absolute. */
  readonly workingDirectory: string;
}

/** Where a test of the configuration says nothing to anybody: keepalived's default. */
const NOWHERE = "/dev/null";

const newToken = (): string => randomBytes(8).toString("hex");

/** The daemon's way to read its configuration, with all that keepalived does around a reading. */
export function createReading(context: ReadingContext): Required<Pick<DaemonDependencies, "load" | "noteReloadTest">> {
  const { flags, native, log, workingDirectory } = context;
  const source: ConfigurationSource = {
    path: flags.configFile,
    workingDirectory,
    configId: flags.configId,
    enforcesIncludes: flags.enforcesIncludes,
  };
  const markerOf = ({ global }: CompleteConfiguration): string | null =>
    reloadMarkerPath(global.reload.markerFile, {
      runDirectory: context.runDirectory,
      instanceName: global.instanceName,
      networkNamespace: flags.namespace ?? global.networkNamespace,
      usesPidDirectory: global.usesPidDirectory,
    });
  const setMarker = (path: string): void => {
    const reason = setReloadMarker(path);
    if (reason !== null) log.warning("reload marker not made", { path, reason });
  };
  const clearMarker = (path: string | null): void => {
    const reason = path === null ? null : clearReloadMarker(path);
    if (reason !== null) log.warning("reload marker not removed", { path, reason });
  };
  const read = async (before: CompleteConfiguration | null): Promise<LoadedConfiguration> =>
    loadConfiguration(source, createConfigurationHost(await readLinks(native, log)), null, before);
  return {
    load: async (before) => {
      if (before === null) {
        const loaded = await read(null);
        clearMarker(markerOf(loaded.configuration));
        return loaded;
      }
      const marker = markerOf(before);
      if (marker !== null) setMarker(marker);
      try {
        return await read(before);
      } finally {
        clearMarker(marker);
      }
    },
    noteReloadTest: (tested, path) => {
      if (path === NOWHERE) return;
      const reason = writeDumpFile(path, renderComplaints(tested), newToken);
      if (reason !== null) log.error("reload test not written", { path, reason });
    },
  };
}
