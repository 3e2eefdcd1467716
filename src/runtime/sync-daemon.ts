import { diffSyncDaemons, expandSyncDaemons } from "../ipvs/sync-daemon.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { IpvsCommand, IpvsSyncDaemon, IpvsTable, SyscallFailure } from "../native/contract.ts";
import { errorText } from "./error-code.ts";
import type { SpokenRecord } from "./log.ts";
import { speakCommandFailure, speakSyncDaemon, speakTableUnusable } from "./lvs-table-wording.ts";
import type { LvsClock } from "./lvs-types.ts";
import type { VrrpStateChange } from "./vrrp-types.ts";

export interface SyncDaemonDependencies {
  /** @throws NativeError */
  readonly openTable: () => IpvsTable;
  readonly clock: LvsClock;
  readonly log: (record: SpokenRecord) => void;
}

type SyncConfiguration = Pick<CompleteConfiguration, "vrrpInstances"> & {
  readonly global: Pick<CompleteConfiguration["global"], "lvsSyncDaemon" | "ipvsReconcileIntervalUs">;
};

/** What of the daemon runs. */
export interface SyncRoles {
  readonly hasVrrp: boolean;
  readonly hasCheckers: boolean;
}

/**
 * Keeps the kernel's connection sync threads as `lvs_sync_daemon` asks: one of them by the state of an instance, or
 * both. It is not on the way of a takeover, and its failures (told once, tried again) stop nothing else.
 */
export class SyncDaemon {
  readonly #dependencies: SyncDaemonDependencies;
  readonly #active = new Set<string>();
  #configuration: SyncConfiguration | null = null;
  #roles: SyncRoles = { hasVrrp: false, hasCheckers: false };
  #table: IpvsTable | null = null;
  /** The threads are ours to stop from the first wish for one. */
  #isOurs = false;
  #isStopping = false;
  /** The length is not seen in a comparison, so that a new one asks for a new start. */
  #maxLengthBytes: number | null | undefined;
  #cancelTimer: (() => void) | null = null;
  #work: Promise<void> = Promise.resolve();
  readonly #standing = new Set<string>();

  constructor(dependencies: SyncDaemonDependencies) {
    this.#dependencies = dependencies;
  }

  /** At start and reload; resolves when the threads run as wanted or could not be made to. Never rejects. */
  configure(configuration: SyncConfiguration, roles: SyncRoles): Promise<void> {
    this.#configuration = configuration;
    this.#roles = roles;
    return this.#settle();
  }

  instanceChanged({ instance, to }: Pick<VrrpStateChange, "instance" | "to">): void {
    const wasActive = this.#active.has(instance);
    if (to === "active") this.#active.add(instance);
    else this.#active.delete(instance);
    const isFollowed = this.#configuration?.global.lvsSyncDaemon?.instance === instance;
    if (isFollowed && wasActive !== (to === "active")) void this.#settle();
  }

  /** Stops the threads that are ours. Idempotent, never rejects. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#settle();
    this.#table?.close();
    this.#table = null;
  }

  #wanted(): readonly IpvsSyncDaemon[] {
    const settings = this.#configuration?.global.lvsSyncDaemon ?? null;
    if (settings === null || this.#isStopping) return [];
    if (settings.instance === null) {
      return this.#roles.hasCheckers ? expandSyncDaemons(settings, { vrid: null, isActive: false }) : [];
    }
    const followed = this.#configuration?.vrrpInstances.find(({ name }) => name === settings.instance);
    if (followed === undefined || !this.#roles.hasVrrp) return [];
    return expandSyncDaemons(settings, { vrid: followed.vrid, isActive: this.#active.has(followed.name) });
  }

  /** One at a time, in the order of the wishes. */
  #settle(): Promise<void> {
    this.#work = this.#work.then(() => this.#apply());
    return this.#work;
  }

  async #apply(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const wanted = this.#wanted();
    if (wanted.length === 0 && !this.#isOurs) return;
    this.#isOurs = wanted.length > 0;
    try {
      this.#table ??= this.#dependencies.openTable();
      const found = await this.#table.syncDaemons();
      await this.#carryOut(this.#table, diffSyncDaemons(wanted, found, this.#isLengthNew(wanted)));
    } catch (error) {
      this.#tell(speakTableUnusable(errorText(error)));
    }
    this.#watch(wanted.length > 0);
  }

  #isLengthNew(wanted: readonly IpvsSyncDaemon[]): boolean {
    const before = this.#maxLengthBytes;
    this.#maxLengthBytes = wanted[0]?.maxLengthBytes ?? null;
    return before !== undefined && before !== this.#maxLengthBytes;
  }

  async #carryOut(table: IpvsTable, commands: readonly IpvsCommand[]): Promise<void> {
    if (commands.length === 0) return;
    const results = await table.apply(commands);
    let hasFailed = false;
    commands.forEach((command, index) => {
      const failure = results[index] ?? null;
      if (failure === null) this.#dependencies.log(speakSyncDaemon(command));
      else if (!isAlreadySo(command, failure)) {
        hasFailed = true;
        this.#tell(speakCommandFailure(command, failure));
      }
    });
    if (!hasFailed) this.#standing.clear();
  }

  /** A lasting failure is told once. */
  #tell(record: SpokenRecord): void {
    if (this.#standing.has(record.text)) return;
    this.#standing.add(record.text);
    this.#dependencies.log(record);
  }

  #watch(isWanted: boolean): void {
    const intervalUs = this.#configuration?.global.ipvsReconcileIntervalUs ?? 0;
    if (!isWanted || this.#isStopping || intervalUs === 0) return;
    this.#cancelTimer = this.#dependencies.clock.after(intervalUs, () => void this.#settle());
  }
}

function isAlreadySo(command: IpvsCommand, { code }: SyscallFailure): boolean {
  return command.kind === "sync-daemon-stop" && code === "ESRCH";
}
