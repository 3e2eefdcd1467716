import { existsSync, mkdirSync, openSync, readFileSync, rmdirSync } from "node:fs";
import { resolve } from "node:path";
import type { CompleteConfiguration } from "../model/complete.ts";
import { runnerProgram } from "../native/load.ts";
import { asksForVrrp } from "../runtime/daemon-halves.ts";
import type { DaemonDependencies, PidFileSet } from "../runtime/daemon-types.ts";
import { LinkBeats, polledLinks } from "../runtime/link-beats.ts";
import { type BufferUses, NetlinkSockets } from "../runtime/netlink-buffers.ts";
import { Notifier } from "../runtime/notify.ts";
import { acquirePidFiles, type PidFile } from "../runtime/pid-file.ts";
import { type PidRole, pidPaths } from "../runtime/pid-paths.ts";
import { ownMissingCapabilities } from "../runtime/privileges.ts";
import { runningProcessName } from "../runtime/process-stat.ts";
import { createScriptRunner } from "../runtime/script-runner.ts";
import { SharedLoop } from "../runtime/shared-loop.ts";
import { SyncDaemon } from "../runtime/sync-daemon.ts";
import { createReading } from "./config-reading.ts";
import { enterNamespace, namespacePath, nftablesIn } from "./host-network.ts";
import { chooseIpvs, createLvs } from "./lvs-parts.ts";
import { createOwnedKeeper } from "./owned-keeper.ts";
import { createClock, type PartsContext } from "./parts-context.ts";
import { createBfd, createVrrp } from "./vrrp-parts.ts";

const RUN_DIRECTORY = "/run";

function processName(pid: number): string | null {
  try {
    return runningProcessName(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return null;
  }
}

/** Removed last, and only when nothing is left in them. */
function directoriesAsFile(directories: readonly string[]): PidFile {
  return {
    path: directories.at(-1) ?? "",
    close: () => {
      for (const directory of [...directories].reverse()) {
        try {
          rmdirSync(directory);
        } catch {
          return;
        }
      }
    },
  };
}

/** Takes the pid files of these roles, all or none. */
export function takePidFiles(
  context: Pick<PartsContext, "flags" | "native" | "workingDirectory">,
  roles: readonly PidRole[],
  configuration: CompleteConfiguration,
): PidFileSet {
  const { flags, native, workingDirectory } = context;
  const { instanceName, networkNamespace, usesPidDirectory } = configuration.global;
  const given = (path: string | null): string | null => (path === null ? null : resolve(workingDirectory, path));
  const paths = pidPaths(
    {
      runDirectory: RUN_DIRECTORY,
      instanceName,
      networkNamespace: flags.namespace ?? networkNamespace,
      usesPidDirectory,
      given: {
        parent: given(flags.pidFiles.parent),
        vrrp: given(flags.pidFiles.vrrp),
        checkers: given(flags.pidFiles.checkers),
        bfd: given(flags.pidFiles.bfd),
      },
    },
    roles,
  );
  for (const directory of paths.directories) mkdirSync(directory, { recursive: true, mode: 0o755 });
  const { files, refusal } = acquirePidFiles(paths.files, {
    tryLockFile: (fd) => native.tryLockFile(fd),
    pid: process.pid,
    processName,
  });
  const all = paths.directories.length > 0 ? [...files, directoriesAsFile(paths.directories)] : files;
  return { files: all, refusal };
}

/** What observers and threads are told of a configuration goes along with what the notifier is told. */
function observed(
  notifier: Notifier,
  context: PartsContext,
  configure: (configuration: CompleteConfiguration, uses: BufferUses) => void,
): DaemonDependencies["notifier"] {
  const { observers, threads, flags } = context;
  const configured = (configuration: CompleteConfiguration): void => {
    observers.configured(configuration);
    const hasVrrp = flags.runsVrrp && asksForVrrp(configuration);
    const hasBfd = flags.runsBfd && configuration.bfdInstances.length > 0;
    threads.configure(configuration, { hasVrrp, hasBfd });
    const hasCheckers = flags.runsCheckers && configuration.virtualServers.length > 0;
    configure(configuration, { hasVrrp, hasCheckers });
  };
  return {
    begin: async (configuration) => {
      configured(configuration);
      await notifier.begin(configuration);
    },
    reload: async (configuration) => {
      configured(configuration);
      await notifier.reload(configuration);
    },
    reloaded: () => {
      notifier.reloaded();
      observers.reloaded();
    },
    end: () => notifier.end(),
  };
}

/** The real effects behind the daemon. */
export async function createDaemonParts(context: PartsContext): Promise<DaemonDependencies> {
  const { flags, native, log } = context;
  const runner = createScriptRunner({ program: runnerProgram(), log: (record) => log.speak(record) });
  const notifier = new Notifier({
    runner,
    clock: createClock(native),
    log: (record) => log.speak(record),
    runs: { vrrp: flags.runsVrrp, lvs: flags.runsCheckers },
  });
  // `net_namespace_ipvs` without a name is where we are before joining another one.
  let ipvsNamespace: string | null = null;
  const home = openSync("/proc/self/ns/net", "r");
  const ipvsPlace = (): string | null => (ipvsNamespace === "" ? `/proc/self/fd/${home}` : ipvsNamespace);
  const openIpvs = await chooseIpvs(context, ipvsPlace);
  const nftables = nftablesIn(native, ipvsPlace);
  const syncDaemon = new SyncDaemon({
    openTable: openIpvs,
    clock: createClock(native),
    log: (record) => log.speak(record),
  });
  const sockets = new NetlinkSockets();
  const vrrpLog = log.forSubsystem("vrrp");
  const beats = new LinkBeats({ clock: createClock(native), log: (record) => vrrpLog.speak(record) });
  const loop = new SharedLoop((options, onEvents) =>
    context.threads.hold("vrrp", sockets.holdLoop(native.createVrrpLoop(options, onEvents))),
  );
  return {
    log,
    manager: context.manager,
    nowUs: () => native.monotonicUs(),
    ...createReading({ ...context, runDirectory: RUN_DIRECTORY }),
    enterNamespace: (name) => enterNamespace(native, name),
    missingCapabilities: ownMissingCapabilities,
    takePidFiles: (roles, configuration) => takePidFiles(context, roles, configuration),
    openIpvs,
    syncDaemon,
    createLvs: (table, configuration) =>
      createLvs(context, sockets.holdTable(table), configuration, { runner, notifier, loop, nftables }),
    createVrrp: (configuration) => createVrrp(context, configuration, { runner, notifier, syncDaemon, loop, beats }),
    createBfd: (onChange, configuration) => createBfd(context, loop, configuration, onChange),
    notifier: observed(notifier, context, (configuration, uses) => {
      sockets.configure(configuration, uses);
      beats.configure(uses.hasVrrp ? polledLinks(configuration) : []);
    }),
    owned: createOwnedKeeper({
      flags,
      log,
      openRtnetlink: () => native.openRtnetlink(),
      openIpvs: () => (existsSync("/proc/net/ip_vs") ? openIpvs() : null),
      runIpvsNft: nftables.run,
      configFile: resolve(context.workingDirectory, flags.configFile),
    }),
    settle: (configuration) => {
      context.settle(configuration);
      const { ipvsNamespace: name } = configuration.global;
      ipvsNamespace = name === null || name === "" ? name : namespacePath(name);
      // Now that namespace, umask and folder are what scripts shall find.
      runner.open();
    },
  };
}
