import { writeFileSync, writeSync } from "node:fs";
import { release, type } from "node:os";
import type { InterfaceFacts } from "../api/data-interfaces.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { NativeAddon } from "../native/contract.ts";
import { loadNative } from "../native/load.ts";
import { AddressReports } from "../runtime/address-reports.ts";
import { allowCoreDumps } from "../runtime/core-dumps.ts";
import { Daemon } from "../runtime/daemon.ts";
import { type DaemonExitCode, type DaemonOptions, EXIT_CODES } from "../runtime/daemon-types.ts";
import { detachStandardError, type StartReporter } from "../runtime/daemonize.ts";
import { errorText } from "../runtime/error-code.ts";
import type { Logger } from "../runtime/log.ts";
import { LoopThreads } from "../runtime/loop-threads.ts";
import { readLinkFacts } from "../runtime/network-vmacs.ts";
import { OverrideKeeper } from "../runtime/override-keeper.ts";
import { ReloadSchedule } from "../runtime/reload-schedule.ts";
import { openServiceManager, type ServiceManager } from "../runtime/service-manager.ts";
import { listenToRealtimeSignals, listenToSignals, type SignalHandlers } from "../runtime/signals.ts";
import { StateObservers } from "../runtime/state-observers.ts";
import { COMPATIBLE_VERSION, VERSION } from "../runtime/version.ts";
import { VrrpOperator } from "../runtime/vrrp-operator.ts";
import { startWatchdog } from "../runtime/watchdog.ts";
import { Control } from "./control.ts";
import { createDaemonParts } from "./daemon-parts.ts";
import { Dbus } from "./dbus.ts";
import { Dumps } from "./dumps.ts";
import type { Flags } from "./flags.ts";
import { type Logging, openLogging } from "./loggers.ts";
import { orderStore } from "./order-file.ts";
import { overridePath, overrideStore } from "./override-file.ts";
import { Snmp } from "./snmp.ts";
import { statePath } from "./state-fields.ts";

const STDERR = 2;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What `killall` and `top` show. @param name 15 octets are kept */
function nameMainThread(name: string): void {
  try {
    writeFileSync("/proc/self/comm", name);
  } catch {
    // Only a nicety; without /proc it stays as it is.
  }
}

/** What `ps` shows: this program's name, not Node's. */
function nameProcess(words: readonly string[]): void {
  process.title = ["holdfast", ...words].join(" ");
  nameMainThread("holdfast");
}

function sayOnStandardError(text: string): void {
  try {
    writeSync(STDERR, `${text}\n`);
  } catch {
    // Nobody listens.
  }
}

/** A broken invariant ends the process after the addresses were released, and is told wherever possible. */
function watchForCrashes(daemon: Daemon, log: Logger, say: (text: string) => void): void {
  let isCrashing = false;
  const crash = (error: unknown): void => {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    say(`holdfast: internal error: ${stack}`);
    log.error("internal error", { reason: errorText(error), stack });
    if (isCrashing) return;
    isCrashing = true;
    void daemon.crash();
  };
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);
}

function introduce(log: Logger, words: readonly string[], flags: Flags): void {
  log.info("starting", { version: VERSION, compatible: COMPATIBLE_VERSION });
  log.info("running on", { system: `${type()} ${release()}`, node: process.versions.node });
  log.info("command line", { words: ["holdfast", ...words].map((word) => `'${word}'`) });
  for (const flag of flags.inertFlags) log.info("flag without effect", { flag });
}

async function readInterfaces(native: NativeAddon): Promise<InterfaceFacts> {
  const rtnetlink = native.openRtnetlink();
  try {
    const [links, addresses, stacked] = await Promise.all([
      rtnetlink.links(),
      rtnetlink.addresses(),
      readLinkFacts(rtnetlink),
    ]);
    return { links, addresses, stacked };
  } finally {
    rtnetlink.close();
  }
}

/** What signals and D-Bus ask for. */
function requestHandlers(
  daemon: Daemon,
  control: Control,
  { flags, native, threads, observers, logging: { log } }: Setting,
): SignalHandlers {
  const dumps = new Dumps({
    status: () => daemon.status(),
    namespace: flags.namespace,
    nowUs: () => native.monotonicUs(),
    readInterfaces: () => readInterfaces(native),
    log,
  });
  observers.add(dumps);
  return {
    stop: () => {
      void control.close();
      void daemon.stop();
    },
    reload: () => void daemon.reload().then(() => control.apply()),
    dump: (what) => void dumps.write(what),
    cpuLimitPassed: () => threads.limitPassed(),
  };
}

function watchSignals(handlers: SignalHandlers, { flags, native, logging: { log } }: Setting): void {
  listenToSignals(process, { ignoresSigint: flags.ignoresSigint }, handlers, log);
  listenToRealtimeSignals((signals, onSignal) => native.watchSignals(signals, onSignal), handlers, log);
}

function later(delayMs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}

function every(delayUs: number, callback: () => void): () => void {
  const timer = setInterval(callback, delayUs / 1000);
  return () => clearInterval(timer);
}

export interface DaemonRun {
  readonly flags: Flags;
  readonly words: readonly string[];
  /** Null when it stays in the foreground. */
  readonly reporter: StartReporter | null;
  /** Ends what guards the time before the daemon listens to signals. */
  readonly endShield: () => void;
}

interface Setting extends DaemonRun {
  readonly native: NativeAddon;
  readonly say: (text: string) => void;
  readonly logging: Logging;
  readonly overrides: OverrideKeeper;
  readonly operator: VrrpOperator;
  readonly observers: StateObservers;
  readonly threads: LoopThreads;
}

async function createDaemon(setting: Setting & { readonly manager: ServiceManager }): Promise<Daemon> {
  const { flags, native, reporter, logging } = setting;
  const options: DaemonOptions = {
    configFile: flags.configFile,
    runsVrrp: flags.runsVrrp,
    runsCheckers: flags.runsCheckers,
    runsBfd: flags.runsBfd,
    namespace: flags.namespace,
    dumpsConfiguration: flags.dumpsConfiguration,
  };
  const workingDirectory = process.cwd();
  const settle = (configuration: CompleteConfiguration): void => {
    const { networkNamespace, instanceName } = configuration.global;
    const names = [flags.namespace ?? networkNamespace, instanceName].filter((name) => name !== null);
    const daemonNames = { networkNamespace: flags.namespace ?? networkNamespace, instanceName };
    setting.overrides.open(overrideStore(overridePath(daemonNames)));
    setting.operator.open(orderStore(statePath("orders", daemonNames)));
    logging.setIdentSuffix(names.map((name) => `_${name}`).join(""));
    process.umask(flags.umask ?? configuration.global.umask);
    if (reporter === null) return;
    process.chdir("/");
    detachStandardError();
  };
  const { manager } = setting;
  return new Daemon(
    options,
    await createDaemonParts({
      flags,
      native,
      log: logging.log,
      manager,
      workingDirectory,
      settle,
      overrides: setting.overrides,
      operator: setting.operator,
      observers: setting.observers,
      threads: setting.threads,
    }),
  );
}

async function runToEnd(setting: Setting): Promise<DaemonExitCode> {
  const { flags, native, reporter, logging, say } = setting;
  introduce(logging.log, setting.words, flags);
  const endCoreDumps = allowCoreDumps(flags.coreDumps, { unlimit: () => native.unlimitCoreDumps(), log: logging.log });
  const manager = openServiceManager(process.env, (path) => native.openDatagram(path), logging.log);
  const { overrides, operator, observers } = setting;
  const snmp = new Snmp({
    ...{ flags, native, overrides, operator, log: logging.log, after: later },
    status: () => daemon.status(),
    usage: () => daemon.usage(),
  });
  observers.add(snmp);
  const dbus = new Dbus({
    flags,
    log: logging.log,
    after: later,
    reload: () => handlers.reload(),
    dump: (what) => handlers.dump(what),
    announce: (instance) => operator.announce(instance),
  });
  observers.add(dbus);
  if (flags.reportsAddresses)
    observers.add(
      new AddressReports({ log: logging.log.forSubsystem("vrrp"), readInterfaces: () => readInterfaces(native) }),
    );
  const schedule = new ReloadSchedule({
    nowMs: Date.now,
    clock: { after: (delayUs, callback) => later(delayUs / 1000, callback) },
    log: logging.log,
    reload: () => handlers.reload(),
  });
  observers.add({ configured: ({ global }) => schedule.configure(global.reload) });
  const daemon: Daemon = await createDaemon({ ...setting, manager });
  watchForCrashes(daemon, logging.log, say);
  const control = new Control({ daemon, flags, native, overrides, operator, log: logging.log, events: logging.events });
  const handlers = requestHandlers(daemon, control, setting);
  watchSignals(handlers, setting);
  setting.endShield();
  // keepalived: without anything to do the daemon idles and waits for a reload. Node would end.
  setInterval(() => {}, LONGEST_TIMER_MS);
  const isUp = await daemon.start();
  logging.endStart();
  const endWatchdog = startWatchdog({
    watchdog: manager.watchdog,
    heartbeats: () => daemon.heartbeats(),
    nowUs: () => native.monotonicUs(),
    every,
    log: (record) => logging.log.speak(record),
  });
  await control.apply();
  // The command returns now, so that the next one finds the control socket.
  if (isUp) reporter?.up();
  const exitCode = await daemon.untilEnd();
  endWatchdog();
  schedule.close();
  snmp.close();
  dbus.close();
  await control.close();
  overrides.close();
  operator.close();
  endCoreDumps();
  return exitCode;
}

/** Runs the daemon in this process until it ends, and ends the process. */
export async function runDaemon(daemonRun: DaemonRun): Promise<never> {
  const { flags, words, reporter } = daemonRun;
  const say = reporter?.say ?? sayOnStandardError;
  let exitCode: number = EXIT_CODES.fatal;
  nameProcess(words);
  try {
    const native = loadNative();
    // keepalived: a daemon in the background has no console, whatever -l says.
    const logsToConsole = flags.logsToConsole && reporter === null;
    const logging = await openLogging({ ...flags, logsToConsole }, native, say);
    const operator = new VrrpOperator({ after: later, nowMs: Date.now, log: logging.log });
    const overrides = new OverrideKeeper({ nowMs: Date.now, after: later, log: logging.log });
    const observers = new StateObservers();
    const threads = new LoopThreads({
      log: (record) => logging.log.speak(record),
      limitRealtime: (limitUs) => native.limitRealtime(limitUs),
      nameProcess: nameMainThread,
      every,
    });
    exitCode = await runToEnd({ ...daemonRun, native, say, logging, overrides, operator, observers, threads });
    await logging.close();
  } catch (error) {
    say(`holdfast: ${errorText(error)}`);
  }
  reporter?.failed(exitCode);
  process.exit(exitCode);
}
