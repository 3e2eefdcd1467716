import type { LoadedConfiguration } from "../config/load.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { IpvsTable, VrrpLoopHealth } from "../native/contract.ts";
import type { BfdRuntime, BfdRuntimeDependencies, BfdSessionSnapshot } from "./bfd-runtime.ts";
import type { Logger } from "./log.ts";
import type { LvsRuntime, LvsSnapshot } from "./lvs-types.ts";
import type { Notifier } from "./notify.ts";
import type { PidFile, PidFileRefusal } from "./pid-file.ts";
import type { PidRole } from "./pid-paths.ts";
import type { ServiceManager } from "./service-manager.ts";
import type { SyncDaemon } from "./sync-daemon.ts";
import type { TrackedStates } from "./tracking-runtime.ts";
import type { VrrpHalf } from "./tracking-vrrp.ts";
import type { VrrpInstanceSnapshot } from "./vrrp-types.ts";

/** @see cli.md section 4 of keepalived's exit codes: the same numbers */
export const EXIT_CODES = {
  ok: 0,
  fatal: 1,
  configuration: 2,
  noPermission: 4,
  noConfiguration: 6,
  internal: 70,
} as const;

export type DaemonExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

export interface DaemonOptions {
  /** Shown in messages. */
  readonly configFile: string;
  /** False with `-C`. */
  readonly runsVrrp: boolean;
  /** False with `-P`. */
  readonly runsCheckers: boolean;
  /** False with `-B`. */
  readonly runsBfd: boolean;
  /** `-s`; null leaves it to the configuration. */
  readonly namespace: string | null;
  /** `-d` */
  readonly dumpsConfiguration: boolean;
}

/** What dump and statistics files are made of. */
export interface DaemonStatus {
  readonly configuration: CompleteConfiguration;
  /** Empty without VRRP. */
  readonly instances: readonly VrrpInstanceSnapshot[];
  /** Null without VRRP. */
  readonly tracked?: TrackedStates | null;
  /** Empty without BFD. */
  readonly bfdSessions: readonly BfdSessionSnapshot[];
  /** Null without load balancing. */
  readonly lvs: LvsSnapshot | null;
  /** Of the vrrp loop; null without VRRP and BFD. */
  readonly vrrpHealth: VrrpLoopHealth | null;
  /** Of the configuration in force. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface PidFileSet {
  readonly refusal: PidFileRefusal | null;
  readonly files: readonly PidFile[];
}

/** Everything with an effect that the daemon is made of. */
export interface DaemonDependencies {
  readonly log: Logger;
  readonly manager: ServiceManager;
  /** CLOCK_MONOTONIC in microseconds. */
  readonly nowUs: () => number;
  /**
   * Reads the configuration with the host facts of the moment.
   * @param before what is in force, null at the start; what is equal is kept
   */
  readonly load: (before: CompleteConfiguration | null) => Promise<LoadedConfiguration>;
  /** `reload_check_config`: leaves in the log of that test what is wrong with a text. Never throws. */
  readonly noteReloadTest?: (tested: LoadedConfiguration, logFile: string) => void;
  /** @throws NativeError */
  readonly enterNamespace: (name: string) => void;
  /** Names of capabilities that are missing; empty when all is allowed. */
  readonly missingCapabilities: () => readonly string[];
  /** Takes the pid files of these roles, all or none. */
  readonly takePidFiles: (roles: readonly PidRole[], configuration: CompleteConfiguration) => PidFileSet;
  /** @throws NativeError */
  readonly openIpvs: () => IpvsTable;
  readonly createLvs: (table: IpvsTable, configuration: CompleteConfiguration) => LvsRuntime;
  readonly createVrrp: (configuration: CompleteConfiguration) => VrrpHalf;
  readonly createBfd: (
    onChange: BfdRuntimeDependencies["onChange"],
    configuration: CompleteConfiguration,
  ) => BfdRuntime;
  /** Keeps the kernel's connection sync threads. */
  readonly syncDaemon: Pick<SyncDaemon, "configure" | "stop">;
  /** Scripts, FIFOs and mail. */
  readonly notifier: Pick<Notifier, "begin" | "reload" | "reloaded" | "end">;
  /** Knows, also after this process was killed, what may be ours in the kernel. Never throws, never rejects. */
  readonly owned?: {
    /** At start: takes away what an earlier run had and this configuration has no place for. */
    readonly clear: (now: CompleteConfiguration) => Promise<void>;
    /** Objects of these configurations may be there from now on. */
    readonly note: (configurations: readonly CompleteConfiguration[]) => void;
    /** After a stop in good order. */
    readonly forget: () => void;
  };
  /** Called once the configuration is loaded and the pid files are held: leave the terminal. */
  readonly settle: (configuration: CompleteConfiguration) => void;
}
