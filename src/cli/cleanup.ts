import { existsSync, openSync } from "node:fs";
import { type LoadedConfiguration, loadConfiguration } from "../config/load.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { IpvsTable, NativeAddon } from "../native/contract.ts";
import { loadNative } from "../native/load.ts";
import { cleanUp } from "../runtime/cleanup.ts";
import { createConfigurationHost } from "../runtime/config-host.ts";
import { errorText, obstacleText } from "../runtime/error-code.ts";
import { runNft } from "../runtime/network-firewall.ts";
import { takePidFiles } from "./daemon-parts.ts";
import { type Flags, parseFlags } from "./flags.ts";
import { enterNamespace, linksHere, namespacePath, nftablesIn, openIpvsIn } from "./host-network.ts";
import { findOwned, forgetOwned, type Owned } from "./owned-file.ts";

const FAILED = 1;
/** Is there once the kernel's module is, in every namespace: to ask for the table itself would load it. */
const IPVS_LOADED = "/proc/net/ip_vs";

function complain(text: string): void {
  process.stderr.write(`holdfast: ${text}\n`);
}

/** Leaves this thread in the namespace that the daemon worked in. @throws NativeError */
async function loadInNamespace(native: NativeAddon, flags: Flags): Promise<LoadedConfiguration> {
  const { configFile: path, configId, enforcesIncludes, namespace } = flags;
  const source = { path, workingDirectory: process.cwd(), configId, enforcesIncludes };
  const load = async (): Promise<LoadedConfiguration> =>
    loadConfiguration(source, createConfigurationHost(await linksHere(native)));
  if (namespace !== null) enterNamespace(native, namespace);
  const first = await load();
  const wanted = first.configuration.global.networkNamespace;
  if (namespace !== null || wanted === null) return first;
  enterNamespace(native, wanted);
  return await load();
}

/** @throws NativeError */
function openLoadedIpvs(native: NativeAddon, { global }: CompleteConfiguration, home: string): IpvsTable | null {
  if (!existsSync(IPVS_LOADED)) return null;
  return openIpvsIn(native, ipvsPath({ global }, home));
}

/** Of the namespace of the IPVS table; null for that of VRRP. */
function ipvsPath({ global: { ipvsNamespace } }: Pick<CompleteConfiguration, "global">, home: string): string | null {
  return ipvsNamespace === "" ? home : ipvsNamespace === null ? null : namespacePath(ipvsNamespace);
}

interface Place {
  readonly native: NativeAddon;
  readonly flags: Flags;
  /** Path of the network namespace in which the command was given. */
  readonly home: string;
}

async function withdraw({ native, flags, home }: Place, configuration: CompleteConfiguration): Promise<boolean> {
  let isClean = true;
  const rtnetlink = native.openRtnetlink();
  try {
    await cleanUp(
      configuration,
      { vrrp: flags.runsVrrp && !flags.keepsVrrp, ipvs: flags.runsCheckers && !flags.keepsIpvs },
      {
        rtnetlink,
        openIpvs: () => openLoadedIpvs(native, configuration, home),
        runNft,
        runIpvsNft: nftablesIn(native, () => ipvsPath(configuration, home)).run,
        onRemoved: (what) => process.stdout.write(`removed ${what}\n`),
        onFailure: (what, reason) => {
          isClean = false;
          complain(`${what} not removed: ${reason}`);
        },
      },
    );
  } finally {
    rtnetlink.close();
  }
  return isClean;
}

/** What earlier runs said that they have, where it can be believed. */
function readSaved(configFile: string): readonly Owned[] {
  try {
    return findOwned(configFile);
  } catch (error) {
    complain(errorText(error));
    return [];
  }
}

/** @throws NativeError */
function enterAlone(native: NativeAddon, { namespace }: Flags, { global }: CompleteConfiguration): void {
  if (namespace === null && global.networkNamespace !== null) enterNamespace(native, global.networkNamespace);
}

async function cleanUpAfter(flags: Flags): Promise<number> {
  const native = loadNative();
  const home = `/proc/self/fd/${openSync("/proc/self/ns/net", "r")}`;
  const saved = readSaved(flags.configFile);
  const loaded = await loadInNamespace(native, flags);
  const [known] = saved.flatMap(({ configurations }) => configurations);
  if (loaded.startRefusal !== null && known === undefined) {
    const { exitCode } = loaded.startRefusal;
    complain(`${flags.configFile} is not usable, so it is not known what to remove; see: holdfast -t`);
    return exitCode;
  }
  const configuration = loaded.startRefusal === null || known === undefined ? loaded.configuration : known;
  if (loaded.startRefusal !== null) enterAlone(native, flags, configuration);
  const workingDirectory = process.cwd();
  const held = takePidFiles({ flags, native, workingDirectory }, ["parent", "vrrp", "checkers"], configuration);
  if (held.refusal?.kind === "running") {
    const { pid, path } = held.refusal;
    complain(`a daemon is running (pid ${pid ?? "unknown"}, ${path}); nothing was removed. Stop it first`);
    return FAILED;
  }
  if (held.refusal !== null) {
    complain(
      `${held.refusal.path}: ${obstacleText(held.refusal.code)}; nothing was removed, since a daemon may be running`,
    );
    return FAILED;
  }
  try {
    const place = { native, flags, home };
    let isClean = true;
    for (const { configurations, path } of saved) {
      for (const one of configurations) isClean = (await withdraw(place, one)) && isClean;
      if (isClean && !flags.keepsVrrp && !flags.keepsIpvs) forgetOwned(path);
    }
    return (await withdraw(place, configuration)) && isClean ? 0 : FAILED;
  } finally {
    for (const file of held.files) file.close();
  }
}

/**
 * `holdfast cleanup [-- DAEMON OPTIONS]`: takes away what a daemon that was killed left in the kernel, and its pid
 * files. Refuses while the daemon runs.
 * @param words the options that the daemon was started with
 * @returns exit code
 */
export async function cleanup(words: readonly string[]): Promise<number> {
  const { action, flags, complaints } = parseFlags(words);
  for (const complaint of complaints) complain(complaint);
  if (action.kind === "usage-error") return FAILED;
  try {
    return await cleanUpAfter(flags);
  } catch (error) {
    complain(errorText(error));
    return FAILED;
  }
}
