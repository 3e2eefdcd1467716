import type { LoadedConfiguration } from "../config/load.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { asksForVrrp, Halves, type Role } from "./daemon-halves.ts";
import {
  type DaemonDependencies,
  type DaemonExitCode,
  type DaemonOptions,
  type DaemonStatus,
  EXIT_CODES,
} from "./daemon-types.ts";
import { errorText } from "./error-code.ts";
import type { LvsUsage } from "./lvs-types.ts";
import { PidFileKeeper } from "./pid-file-keeper.ts";
import { damageOf, newDamage, Refusal, summarise, tellDiagnostics } from "./refusal.ts";
import { restartOnly, unchangeables, unchangeableText } from "./reload-limits.ts";
import { COMPATIBLE_VERSION, VERSION } from "./version.ts";
import type { Heartbeats } from "./watchdog.ts";

type Phase = "new" | "starting" | "running" | "reloading" | "stopping" | "stopped";

const DEFAULT_STOP_PATIENCE_SEC = 5;
/** Longer than this no timer counts. */
const LONGEST_STOP_PATIENCE_SEC = 2_000_000;

/** The daemon's life: start, reload, stop. Knows no signals, no descriptors and no process. */
export class Daemon {
  private readonly options: DaemonOptions;
  private readonly dependencies: DaemonDependencies;
  private phase: Phase = "new";
  private isReloadQueued = false;
  private isStopWanted = false;
  private configuration: CompleteConfiguration | null = null;
  private namespace: string | null = null;
  private readonly halves: Halves;
  private readonly pidFiles: PidFileKeeper;
  private diagnostics: readonly Diagnostic[] = [];
  /** What was damaged in the configuration that is in force. */
  private damage: ReadonlySet<string> = new Set();
  private readonly ended: Promise<DaemonExitCode>;
  private end: (exitCode: DaemonExitCode) => void = () => {};

  constructor(options: DaemonOptions, dependencies: DaemonDependencies) {
    this.options = options;
    this.dependencies = dependencies;
    this.halves = new Halves(dependencies);
    this.pidFiles = new PidFileKeeper(dependencies);
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  /** Resolves when the daemon has ended, with the exit code. */
  untilEnd(): Promise<DaemonExitCode> {
    return this.ended;
  }

  /** What is in force and how it fares; null unless the daemon is up. */
  status(): DaemonStatus | null {
    const configuration = this.inForce();
    return configuration === null ? null : { configuration, diagnostics: this.diagnostics, ...this.halves.status() };
  }

  /** The configuration alone, which costs nothing; null unless the daemon is up. */
  inForce(): CompleteConfiguration | null {
    return this.phase === "running" || this.phase === "reloading" ? this.configuration : null;
  }

  /** What passes through the kernel's IPVS table; null when there is none, or it can't be read. */
  usage(): Promise<LvsUsage | null> {
    return this.halves.usage();
  }

  /** Of the native loops; empty unless the daemon is up, since loops that are being closed stand still. */
  heartbeats(): Heartbeats {
    return this.inForce() === null ? new Map() : this.halves.heartbeats();
  }

  /**
   * Starts everything, or says why not and leaves nothing behind.
   * @returns true when the daemon is up
   */
  async start(): Promise<boolean> {
    const { log, manager } = this.dependencies;
    this.phase = "starting";
    try {
      await this.bringUp();
    } catch (error) {
      await this.abandon(error);
      return false;
    }
    log.info("startup complete");
    manager.ready();
    await this.becomeRunning("starting");
    return true;
  }

  /** Loads the configuration anew; a bad one changes nothing. Requests during a reload are carried out after it. */
  async reload(): Promise<void> {
    const { log, manager, nowUs } = this.dependencies;
    if (this.phase === "reloading") {
      log.info("reload queued");
      this.isReloadQueued = true;
      return;
    }
    // keepalived: a reload that comes before start-up is complete is ignored.
    if (this.phase !== "running") return;
    this.phase = "reloading";
    do {
      this.isReloadQueued = false;
      log.info(this.reloadTestLog() === null ? "reloading" : "reload tested");
      manager.reloading(nowUs());
      await this.reloadOnce();
      manager.ready();
    } while (this.isReloadQueued && !this.isStopWanted);
    await this.becomeRunning("reloading");
  }

  /** Why a reload of this would change nothing, in one line; null when it would be carried out. */
  reloadRefusal(loaded: LoadedConfiguration): string | null {
    const { startRefusal, configuration, diagnostics } = loaded;
    if (startRefusal !== null) return summarise(startRefusal.reasons);
    const tested = this.testRefusal(loaded);
    if (tested !== null) return tested;
    const changed = this.unchangeables(configuration);
    if (changed.length > 0) return unchangeableText(changed);
    const added = newDamage(this.damage, diagnostics);
    return added.length > 0 ? summarise(added) : null;
  }

  /** Stops in good order, once; resolves with `untilEnd`. */
  async stop(): Promise<void> {
    if (this.phase === "starting" || this.phase === "reloading") this.stopWhenThrough();
    if (this.phase !== "running") return;
    this.phase = "stopping";
    this.dependencies.log.info("stopping");
    this.dependencies.manager.stopping();
    await this.takeDown();
    this.finish(EXIT_CODES.ok);
  }

  /** After an internal error: releases what is held and ends with the code for that. */
  async crash(): Promise<void> {
    if (this.phase === "stopped") return;
    this.phase = "stopping";
    await this.takeDown();
    this.finish(EXIT_CODES.internal);
  }

  /** Start and reload look at the wish when they are through; one that hangs is not waited for. */
  private stopWhenThrough(): void {
    if (this.isStopWanted) return;
    this.isStopWanted = true;
    const force = (): void => {
      if (this.phase !== "starting" && this.phase !== "reloading") return;
      this.phase = "running";
      void this.stop();
    };
    setTimeout(force, this.stopPatienceMs()).unref();
  }

  private async becomeRunning(from: Phase): Promise<void> {
    if (this.phase !== from) return;
    this.phase = "running";
    if (this.isStopWanted) await this.stop();
  }

  private async bringUp(): Promise<void> {
    const { options, dependencies } = this;
    if (options.namespace !== null) this.enterNamespace(options.namespace);
    const loaded = await this.loadInItsNamespace();
    tellDiagnostics(this.dependencies.log, loaded.diagnostics);
    const { configuration } = loaded;
    if (options.dumpsConfiguration) await this.dump(configuration);
    this.checkPrivileges(configuration);
    this.pidFiles.hold(["parent", ...this.rolesOf(configuration)], configuration);
    dependencies.settle(configuration);
    if (this.rolesOf(configuration).length === 0) dependencies.log.warning("no configuration to run");
    await dependencies.owned?.clear(configuration);
    dependencies.owned?.note([configuration]);
    await this.halves.start(this.rolesOf(configuration), configuration);
    this.configuration = configuration;
    this.diagnostics = loaded.diagnostics;
    this.damage = damageOf(loaded.diagnostics);
  }

  /** What is said about interfaces holds for the namespace in which it was asked, so a second look may be needed. */
  private async loadInItsNamespace(): Promise<LoadedConfiguration> {
    const first = await this.dependencies.load(null);
    const wanted = first.configuration.global.networkNamespace;
    if (wanted === null || this.namespace !== null) return this.refuseIfBad(first);
    this.enterNamespace(wanted);
    return this.refuseIfBad(await this.dependencies.load(null));
  }

  private enterNamespace(name: string): void {
    try {
      this.dependencies.enterNamespace(name);
    } catch (error) {
      this.dependencies.log.error("namespace not entered", { namespace: name, reason: errorText(error) });
      throw new Refusal(EXIT_CODES.fatal);
    }
    this.namespace = name;
  }

  private refuseIfBad(loaded: LoadedConfiguration): LoadedConfiguration {
    const { log } = this.dependencies;
    if (loaded.startRefusal !== null) {
      const { exitCode, reasons } = loaded.startRefusal;
      const isTold = loaded.diagnostics.length > 0 || reasons.length > 0;
      if (!isTold) log.error("configuration missing", { file: this.options.configFile });
      tellDiagnostics(this.dependencies.log, loaded.diagnostics);
      tellDiagnostics(
        this.dependencies.log,
        reasons.filter((reason) => !loaded.diagnostics.includes(reason)),
      );
      const reason = summarise(reasons);
      // Among complaints that it would start with nobody sees which one it was.
      const hidesReason = reasons.length > 0 && loaded.diagnostics.some((one) => !reasons.includes(one));
      if (this.phase === "starting" && hidesReason) log.error("start refused", { reason });
      throw new Refusal(exitCode, reason);
    }
    log.info("configuration file", { file: this.options.configFile });
    return loaded;
  }

  private checkPrivileges(configuration: CompleteConfiguration): void {
    const missing = this.rolesOf(configuration).length > 0 ? this.dependencies.missingCapabilities() : [];
    if (missing.length === 0) return;
    this.dependencies.log.error("missing capabilities", { capabilities: missing });
    throw new Refusal(EXIT_CODES.noPermission);
  }

  private rolesOf(configuration: CompleteConfiguration): readonly Role[] {
    const hasVrrp = this.options.runsVrrp && asksForVrrp(configuration);
    const hasCheckers = this.options.runsCheckers && configuration.virtualServers.length > 0;
    const hasBfd = this.options.runsBfd && configuration.bfdInstances.length > 0;
    return [
      ...(hasVrrp ? ["vrrp" as const] : []),
      ...(hasCheckers ? ["checkers" as const] : []),
      ...(hasBfd ? ["bfd" as const] : []),
    ];
  }

  private async reloadOnce(): Promise<void> {
    const { log, manager } = this.dependencies;
    try {
      const { configuration, diagnostics } = this.refuseIfBad(await this.loadTested());
      this.checkUnchangeable(configuration);
      tellDiagnostics(this.dependencies.log, diagnostics);
      this.refuseNewDamage(diagnostics);
      const before = this.configuration ?? configuration;
      this.dependencies.owned?.note([before, configuration]);
      await this.halves.reload(this.rolesOf(configuration), configuration, before);
      this.dependencies.owned?.note([configuration]);
      this.pidFiles.holdNew(this.rolesOf(configuration), configuration);
      this.configuration = configuration;
      this.diagnostics = diagnostics;
      this.damage = damageOf(diagnostics);
      const waiting = restartOnly(before.global, configuration.global);
      if (waiting.length > 0) log.warning("restart needed", { settings: waiting });
      log.info("reload complete");
      manager.status("Running; the last reload is complete");
    } catch (error) {
      if (!(error instanceof Refusal)) log.error("reload failed", { reason: errorText(error) });
      log.error("reload refused", { file: this.options.configFile, reason: errorText(error) });
      manager.status(`Running with the configuration before a reload that was refused: ${errorText(error)}`);
    }
  }

  /** `reload_check_config` of what is in force; null without it. */
  private reloadTestLog(): string | null {
    return this.configuration?.global.reload.checkLog ?? null;
  }

  /** What `reload_check_config` finds in a text; null for nothing, or without it. */
  private testRefusal({ startRefusal, diagnostics, testExitCode }: LoadedConfiguration): string | null {
    if (this.reloadTestLog() === null || (testExitCode === 0 && startRefusal === null)) return null;
    return summarise(startRefusal?.reasons ?? diagnostics);
  }

  /** keepalived: with reload_check_config a text with any complaint at all is refused, and the complaints go to a file. */
  private async loadTested(): Promise<LoadedConfiguration> {
    const { log, load, noteReloadTest } = this.dependencies;
    const logFile = this.reloadTestLog();
    const loaded = await load(this.configuration);
    if (logFile === null) return loaded;
    noteReloadTest?.(loaded, logFile);
    const refusal = this.testRefusal(loaded);
    if (refusal !== null) {
      log.error("reload test failed", { path: logFile });
      throw new Refusal(EXIT_CODES.configuration, refusal);
    }
    log.info("reloading");
    return loaded;
  }

  private unchangeables({ global: after }: CompleteConfiguration): readonly string[] {
    return unchangeables(this.configuration?.global ?? null, after, this.options.namespace !== null);
  }

  private checkUnchangeable(configuration: CompleteConfiguration): void {
    const changed = this.unchangeables(configuration);
    if (changed.length === 0) return;
    this.dependencies.log.error("unchangeable", { settings: changed });
    throw new Refusal(EXIT_CODES.configuration, unchangeableText(changed));
  }

  /** A file saved by half must not take addresses away. */
  private refuseNewDamage(diagnostics: readonly Diagnostic[]): void {
    const added = newDamage(this.damage, diagnostics);
    if (added.length > 0) throw new Refusal(EXIT_CODES.configuration, summarise(added));
  }

  private async dump(configuration: CompleteConfiguration): Promise<void> {
    const { log } = this.dependencies;
    const { dumpConfiguration } = await import("../config/explain/render.ts");
    for (const text of dumpConfiguration(configuration)) log.info("configuration", { text });
  }

  /** How long the parts may take to stop before the daemon ends without them (`child_wait_time`). */
  private stopPatienceMs(): number {
    const seconds = this.configuration?.global.childWaitSec ?? DEFAULT_STOP_PATIENCE_SEC;
    return Math.min(seconds, LONGEST_STOP_PATIENCE_SEC) * 1000;
  }

  /** Stops both halves, no longer than the patience lasts. */
  private async takeDown(): Promise<void> {
    const { log } = this.dependencies;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), this.stopPatienceMs());
    });
    const outcome = await Promise.race([this.halves.stop(), patience]);
    clearTimeout(timer);
    if (outcome === "late") log.error("stop took too long", { patienceMs: this.stopPatienceMs() });
    else this.dependencies.owned?.forget();
    await this.dependencies.notifier.end();
  }

  private async abandon(error: unknown): Promise<void> {
    const { log, manager } = this.dependencies;
    const exitCode = error instanceof Refusal ? error.exitCode : EXIT_CODES.fatal;
    if (!(error instanceof Refusal)) log.error("start failed", { reason: errorText(error) });
    this.phase = "stopping";
    await this.takeDown();
    if (exitCode !== EXIT_CODES.ok) manager.failed(exitCode);
    this.finish(exitCode);
  }

  private finish(exitCode: DaemonExitCode): void {
    this.pidFiles.close();
    this.phase = "stopped";
    this.dependencies.log.info("stopped", { version: VERSION, compatible: COMPATIBLE_VERSION });
    this.end(exitCode);
  }
}
