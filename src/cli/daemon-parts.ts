import { existsSync, mkdirSync, openSync, readFileSync, rmdirSync } from "node:fs";
import { resolve } from "node:path";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { InterfaceAddress, IpvsTable, NativeAddon, VrrpEvent, VrrpLoopOptions } from "../native/contract.ts";
import { runnerProgram } from "../native/load.ts";
import { BfdRuntime, type BfdRuntimeDependencies } from "../runtime/bfd-runtime.ts";
import { asksForVrrp } from "../runtime/daemon-halves.ts";
import type { DaemonDependencies, PidFileSet } from "../runtime/daemon-types.ts";
import { collectGarbage } from "../runtime/heap.ts";
import { LinkBeats, polledLinks } from "../runtime/link-beats.ts";
import type { Logger } from "../runtime/log.ts";
import type { LoopThreads } from "../runtime/loop-threads.ts";
import { lookAtNetwork } from "../runtime/lvs-network-look.ts";
import { createLvsRuntime } from "../runtime/lvs-runtime.ts";
import type { LvsRuntime } from "../runtime/lvs-types.ts";
import { speakTlsWorkerFailed } from "../runtime/lvs-wording.ts";
import { type BufferUses, NetlinkSockets } from "../runtime/netlink-buffers.ts";
import type { FirewallDependencies } from "../runtime/network-firewall.ts";
import { createNetworkHalf } from "../runtime/network-half.ts";
import { Notifier } from "../runtime/notify.ts";
import type { OverrideKeeper } from "../runtime/override-keeper.ts";
import { acquirePidFiles, type PidFile } from "../runtime/pid-file.ts";
import { type PidRole, pidPaths } from "../runtime/pid-paths.ts";
import { ownMissingCapabilities } from "../runtime/privileges.ts";
import { openProbeLoops } from "../runtime/probe-loops.ts";
import { runningProcessName } from "../runtime/process-stat.ts";
import { createScriptRunner, type ScriptRunner } from "../runtime/script-runner.ts";
import { seededRandom } from "../runtime/seeded-random.ts";
import type { ServiceManager } from "../runtime/service-manager.ts";
import { SharedLoop } from "../runtime/shared-loop.ts";
import { vrrpStartupDelayUs } from "../runtime/startup-delay.ts";
import type { StateObservers } from "../runtime/state-observers.ts";
import { SyncDaemon } from "../runtime/sync-daemon.ts";
import { readProcesses } from "../runtime/tracking-processes.ts";
import { createVrrpHalf, type VrrpHalf, vrrpSurroundings } from "../runtime/tracking-vrrp.ts";
import type { VrrpOperator } from "../runtime/vrrp-operator.ts";
import { createVrrpRuntime } from "../runtime/vrrp-runtime.ts";
import type { TrackingVerdict, VrrpClock, VrrpRuntime } from "../runtime/vrrp-types.ts";
import { createReading } from "./config-reading.ts";
import type { Flags } from "./flags.ts";
import { enterNamespace, namespacePath, nftablesIn, openIpvsIn } from "./host-network.ts";
import { createOwnedKeeper } from "./owned-keeper.ts";

/** What the parts are built from. */
export interface PartsContext {
  readonly flags: Flags;
  readonly native: NativeAddon;
  readonly log: Logger;
  readonly manager: ServiceManager;
  readonly workingDirectory: string;
  readonly settle: (configuration: CompleteConfiguration) => void;
  readonly overrides: OverrideKeeper;
  readonly operator: VrrpOperator;
  readonly observers: StateObservers;
  readonly threads: LoopThreads;
}

const RUN_DIRECTORY = "/run";

/** How often the kernel's IPVS table is compared with the wanted one. */
const RECONCILE_INTERVAL_US = 5_000_000;
const IPVS_VARIABLE = "HOLDFAST_IPVS";

function createClock(native: NativeAddon): VrrpClock {
  return {
    nowUs: () => native.monotonicUs(),
    after: (delayUs, callback) => {
      const timer = setTimeout(callback, Math.ceil(delayUs / 1000));
      return () => clearTimeout(timer);
    },
  };
}

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

/** What both halves have their effects on the world outside carried out by. */
interface Effects {
  readonly runner: ScriptRunner;
  readonly notifier: Notifier;
  readonly syncDaemon: SyncDaemon;
  readonly loop: SharedLoop;
  readonly beats: LinkBeats;
}

function createVrrp(context: PartsContext, configuration: CompleteConfiguration, effects: Effects): VrrpHalf {
  const log = context.log.forSubsystem("vrrp");
  const clock = createClock(context.native);
  return createNetworkHalf(configuration, {
    rtnetlink: context.native.openRtnetlink(),
    log: (record) => log.speak(record),
    firewall: nftablesIn(context.native, () => null),
    keepsNetwork: context.flags.keepsVrrp,
    createHalf: (placed, onLoopEvents) =>
      createVrrpHalf(placed, {
        runner: effects.runner,
        clock,
        log: (record) => log.speak(record),
        readProcesses,
        createRuntime: (trackingOf, fatalSessionsOf) =>
          createRuntimeOf(context, placed, { trackingOf, fatalSessionsOf, effects, onLoopEvents }),
      }),
  });
}

function createRuntimeOf(
  context: PartsContext,
  configuration: CompleteConfiguration,
  seams: {
    readonly trackingOf: (instance: string) => TrackingVerdict;
    readonly fatalSessionsOf: (instance: string) => readonly string[];
    readonly effects: Effects;
    readonly onLoopEvents: (events: readonly VrrpEvent[]) => void;
  },
): VrrpRuntime {
  const { flags, native } = context;
  const { trackingOf, onLoopEvents } = seams;
  const { notifier, syncDaemon, loop, beats } = seams.effects;
  const { leaseUs } = configuration.global;
  const log = context.log.forSubsystem("vrrp");
  const runtime = createVrrpRuntime(
    {
      instances: configuration.vrrpInstances,
      ...vrrpSurroundings(configuration),
      startupDelayUs: vrrpStartupDelayUs(configuration.global, native.monotonicUs()),
      leaseUs,
      adoptsAddresses: true,
      keepsAddresses: flags.keepsVrrp,
      allowsMissingInterfaces: configuration.global.dynamicInterfaces,
    },
    {
      createLoop: (onEvents) =>
        beats.follow(onEvents, (onBeats) =>
          loop.openVrrp(loopOptions(configuration), (events) => {
            onBeats(events);
            onLoopEvents(events);
            context.observers.networkNews(events);
          }),
        ),
      rtnetlink: beats.attach(native.openRtnetlink()),
      clock: createClock(native),
      log: (record) => log.speak(record),
      isDetailed: log.isDetailed,
      onStateChange: (change) => {
        notifier.instanceChanged(change);
        syncDaemon.instanceChanged(change);
        context.observers.instanceChanged(change);
      },
      onGroupChange: (change) => {
        notifier.groupChanged(change);
        context.observers.groupChanged(change);
      },
      onPriorityChange: (change) => notifier.priorityChanged(change),
      onDrop: (drop) => context.observers.advertDropped(drop),
      onLowerPriorityHeard: (change) => notifier.lowerPriorityHeard(change),
      trackingOf: (instance) => context.operator.amend(instance, trackingOf(instance)),
      fatalSessionsOf: (instance) => seams.fatalSessionsOf(instance).map((name) => loop.sessionNumber(name)),
    },
  );
  context.operator.attach(runtime);
  return runtime;
}

function loopOptions({ global: { leaseUs } }: CompleteConfiguration): VrrpLoopOptions {
  return { leaseUs };
}

function createBfd(
  context: PartsContext,
  loop: SharedLoop,
  configuration: CompleteConfiguration,
  onChange: BfdRuntimeDependencies["onChange"],
): BfdRuntime {
  const log = context.log.forSubsystem("bfd");
  return new BfdRuntime({
    openLoop: (onEvents) => loop.openBfd(loopOptions(configuration), onEvents),
    sessionNumber: (name) => loop.sessionNumber(name),
    nowUs: () => context.native.monotonicUs(),
    log: (record) => log.speak(record),
    onChange,
  });
}

/** Where the IPVS table is: marks that lead to its services must be there too. */
interface LvsPlace {
  readonly nftables: Omit<FirewallDependencies, "log">;
}

function createLvs(
  context: PartsContext,
  table: IpvsTable,
  configuration: CompleteConfiguration,
  { runner, notifier, loop, nftables }: Pick<Effects, "runner" | "notifier" | "loop"> & LvsPlace,
): LvsRuntime {
  const { flags, native } = context;
  const { randomSeed } = configuration.global;
  const log = context.log.forSubsystem("checkers");
  native.tightenHeap();
  const lvs = createLvsRuntime(
    { keepsTableAtStop: flags.keepsIpvs, reconcileIntervalUs: RECONCILE_INTERVAL_US },
    {
      openIpvs: () => table,
      openProbeLoop: (onEvents, maxInFlight) =>
        openProbeLoops(
          { createProbeLoop: (...given) => context.threads.hold("probe", native.createProbeLoop(...given)) },
          { maxInFlight },
          onEvents,
          (reason) => log.speak(speakTlsWorkerFailed(reason)),
        ),
      runner,
      log: (record) => log.speak(record),
      clock: createClock(native),
      random: randomSeed === null ? Math.random : seededRandom(randomSeed),
      onPoolEvent: (event) => {
        notifier.lvs.onPoolEvent(event);
        context.observers.poolChanged(event);
      },
      nftables,
      addresses: {
        watch: (onEvents) => loop.watchNetwork(loopOptions(configuration), onEvents),
        read: () => readAddresses(native),
      },
      lookAtNetwork: async (targets) => {
        const rtnetlink = native.openRtnetlink();
        try {
          return await lookAtNetwork(rtnetlink, targets);
        } finally {
          rtnetlink.close();
        }
      },
      onAlert: ({ message, text }) => notifier.mail({ subject: `IPVS: ${message}`, body: text }),
      collectGarbage: () => {
        collectGarbage();
        native.tightenHeap();
      },
    },
  );
  context.overrides.attach(lvs);
  return lvs;
}

async function readAddresses(native: NativeAddon): Promise<readonly InterfaceAddress[]> {
  const rtnetlink = native.openRtnetlink();
  try {
    return await rtnetlink.addresses();
  } finally {
    rtnetlink.close();
  }
}

/** The kernel's table, or an imagined one for trials on kernels without IPVS. */
async function chooseIpvs(context: PartsContext, namespace: () => string | null): Promise<() => IpvsTable> {
  const { native } = context;
  if (process.env[IPVS_VARIABLE] !== "memory") return () => openIpvsIn(native, namespace());
  const { createMemoryIpvsTable } = await import("../ipvs/memory-table.ts");
  context.log.warning("ipvs in memory", { variable: IPVS_VARIABLE });
  return () => createMemoryIpvsTable();
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
