import { appendFileSync, closeSync, constants, openSync, writeFileSync } from "node:fs";
import {
  type ConfigurationSource,
  type LoadedConfiguration,
  loadConfiguration,
  mergeConfiguration,
} from "../config/load.ts";
import type { Entry } from "../config/tree.ts";
import type { Link } from "../native/contract.ts";
import { loadNative } from "../native/load.ts";
import { createTestHost } from "../runtime/config-host.ts";
import { errorText } from "../runtime/error-code.ts";
import { VERSION } from "../runtime/version.ts";
import { renderCheck } from "./check-formats.ts";
import type { FlagAction, Flags } from "./flags.ts";
import { readLinksOf } from "./host-network.ts";

/** keepalived's codes for a test that could not be made, for one whose file cannot be written, and for a complaint. */
const CANNOT_RUN = 4;
const CANNOT_TELL = 1;
const COMPLAINT = 5;

/** keepalived 2.2.7 passes the test of a file that is not there with 0; nobody is served by that. */
export function testExitCode(loaded: LoadedConfiguration): number {
  return loaded.testExitCode === 0 && loaded.startRefusal !== null ? CANNOT_RUN : loaded.testExitCode;
}

/** The interfaces to check names against; null (nothing is checked) without the addon or without permission. */
async function findLinks(namespace: string | null): Promise<readonly Link[] | null> {
  try {
    return await readLinksOf(loadNative(), namespace);
  } catch {
    return null;
  }
}

function sourceOf(flags: Pick<Flags, "configFile" | "configId" | "enforcesIncludes">): ConfigurationSource {
  return {
    path: flags.configFile,
    workingDirectory: process.cwd(),
    configId: flags.configId,
    enforcesIncludes: flags.enforcesIncludes,
  };
}

/**
 * Loads a configuration for inspection only, with the interfaces of the namespace that it is for.
 * @param kept filled with the root entries of the text
 */
export async function loadForTest(
  flags: Pick<Flags, "configFile" | "configId" | "enforcesIncludes" | "namespace">,
  kept: Entry[] | null = null,
): Promise<LoadedConfiguration> {
  const source = sourceOf(flags);
  const first = loadConfiguration(source, createTestHost(await findLinks(flags.namespace)), kept);
  const wanted = flags.namespace === null ? first.configuration.global.networkNamespace : null;
  return wanted === null ? first : loadConfiguration(source, createTestHost(await findLinks(wanted)), kept);
}

/** Every complaint with its line and a caret. */
export function renderComplaints(loaded: LoadedConfiguration): string {
  return renderCheck(loaded, "text", VERSION);
}

/** @param file appended to, 0644, never through a symbolic link; null is standard error */
function report(text: string, file: string | null): void {
  if (file === null) {
    process.stderr.write(text);
    return;
  }
  const fd = openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW, 0o644);
  appendFileSync(fd, text);
  closeSync(fd);
}

/** @returns whether it could */
function canReport(file: string | null): boolean {
  try {
    report("", file);
    return true;
  } catch (error) {
    process.stderr.write(`holdfast: Unable to open config-test log file ${file}: ${errorText(error)}\n`);
    return false;
  }
}

/** `--config-fd` @throws system error when the descriptor is none that can be written */
function writeMerged(flags: Flags): void {
  if (flags.configFd === null) return;
  writeFileSync(flags.configFd, mergeConfiguration(sourceOf(flags), createTestHost(null)));
}

/**
 * `-t`: checks the configuration and changes nothing.
 * @returns keepalived's exit code
 */
export async function testConfiguration(
  flags: Flags,
  { file, isFaulted }: Extract<FlagAction, { kind: "config-test" }>,
): Promise<number> {
  if (!canReport(file)) return CANNOT_TELL;
  try {
    const loaded = await loadForTest(flags);
    report(renderComplaints(loaded), file);
    writeMerged(flags);
    const code = testExitCode(loaded);
    return isFaulted && code === 0 ? COMPLAINT : code;
  } catch (error) {
    process.stderr.write(`holdfast: ${errorText(error)}\n`);
    return CANNOT_RUN;
  }
}
