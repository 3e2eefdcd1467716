import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { NO_BLOCKS } from "../config/known-blocks.ts";
import {
  type ConfigurationSource,
  type LoadedConfiguration,
  loadConfiguration,
  mergeConfiguration,
  withoutVrrpRefusals,
} from "../config/load.ts";
import { rememberingHost } from "../config/merged-copy.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { NativeAddon } from "../native/contract.ts";
import { createConfigurationHost } from "../runtime/config-host.ts";
import type { DaemonDependencies } from "../runtime/daemon-types.ts";
import { writeDumpFile } from "../runtime/dump-file.ts";
import { errorCode, obstacleText } from "../runtime/error-code.ts";
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

/** keepalived: a seed takes effect for the next reading. */
function seedOf(inForce: CompleteConfiguration | null): number | null {
  return inForce?.global.randomSeed ?? null;
}

type Save = (directory: string, text: string, isStart: boolean) => void;

/** `config_save_dir`: each configuration that was read, as keepalived.conf.PID.N; the one of the start is the first. */
function savingCopies(log: Logger): Save {
  let reloads = 0;
  return (directory, text, isStart) => {
    if (!isStart) reloads += 1;
    const path = join(directory, `keepalived.conf.${process.pid}.${reloads}`);
    const reason = makeFolder(directory) ?? writeDumpFile(path, text, newToken);
    if (reason !== null) log.error("configuration not saved", { path, reason: obstacleText(reason) });
  };
}

/** @returns null, or the code of what stood in the way */
function makeFolder(path: string): string | null {
  try {
    mkdirSync(path);
    // Whatever our umask is.
    chmodSync(path, 0o700);
    return null;
  } catch (error) {
    return errorCode(error) === "EEXIST" ? null : errorCode(error);
  }
}

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
    if (reason !== null) log.warning("reload marker not made", { path, reason: obstacleText(reason) });
  };
  const clearMarker = (path: string | null): void => {
    const reason = path === null ? null : clearReloadMarker(path);
    if (reason !== null) log.warning("reload marker not removed", { path, reason: obstacleText(reason) });
  };
  const save = savingCopies(log);
  let blocks = NO_BLOCKS;
  const read = async (before: CompleteConfiguration | null): Promise<LoadedConfiguration> => {
    const host = rememberingHost(createConfigurationHost(await readLinks(native, log), seedOf(before)));
    const loaded = loadConfiguration(source, host, null, { configuration: before, blocks });
    blocks = loaded.blocks;
    const { saveDirectory } = loaded.configuration.global.reload;
    if (saveDirectory !== null) save(saveDirectory, mergeConfiguration(source, host), before === null);
    return flags.runsVrrp ? loaded : withoutVrrpRefusals(loaded);
  };
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
      if (reason !== null) log.error("reload test not written", { path, reason: obstacleText(reason) });
    },
  };
}
