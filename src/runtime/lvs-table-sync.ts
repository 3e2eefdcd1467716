import { diffService, diffTables } from "../ipvs/diff.ts";
import { destinationId, type ServiceId, serviceId } from "../ipvs/keys.ts";
import { type DeletionBudget, fullBudget, paceDeletions } from "../ipvs/pacing.ts";
import { indexDump, type Table, type TableService } from "../ipvs/table.ts";
import type { Microseconds } from "../model/units.ts";
import type {
  IpvsCommand,
  IpvsDestination,
  IpvsServiceKey,
  IpvsServiceUsage,
  IpvsTable,
  SyscallFailure,
} from "../native/contract.ts";
import type { SpokenRecord } from "./log.ts";
import { speakCommandFailure, speakRepair, speakTableUnusable } from "./lvs-table-wording.ts";
import { KernelTimeouts } from "./lvs-timeouts.ts";
import type { LvsClock, TableStatus } from "./lvs-types.ts";

export interface TableSyncDependencies {
  readonly table: IpvsTable;
  readonly clock: LvsClock;
  readonly log: (record: SpokenRecord) => void;
}

/** Deletions that were put off are asked for again. */
const POSTPONED_US = 5_000_000;

interface MirrorService {
  service: TableService["service"];
  destinations: TableService["destinations"];
  /** The destinations when nobody else holds them. */
  own: Map<string, IpvsDestination> | null;
}

/**
 * Brings the kernel's table to the desired one and keeps it there: changes are applied as differences to
 * what is known of the kernel, one batch at a time, later ones waiting together; every few
 * seconds, and after a failure, the kernel's table is read again and drift repaired.
 */
export class TableSync {
  private readonly deps: TableSyncDependencies;
  private readonly desired = new Map<ServiceId, TableService>();
  /** Ours to delete: desired now, or before and not yet seen to be gone. */
  private readonly owned = new Set<ServiceId>();
  private readonly dirty = new Set<ServiceId>();
  /** The kernel's table as far as we know. */
  private mirror = new Map<ServiceId, MirrorService>();
  /** Nothing was done to the table since it was read. */
  private isMirrorRead = false;
  /** The mirror was compared with what is desired, and nothing was to be done. */
  private isSettled = false;
  private needsDump = true;
  private hasRetried = false;
  private work: Promise<void> | null = null;
  private cancelTimer: (() => void) | null = null;
  private intervalUs: Microseconds = 0;
  private deletions: DeletionBudget | null = null;
  /** Services with destinations that are to be deleted later. */
  private readonly postponed = new Set<ServiceId>();
  private cancelPostponed: (() => void) | null = null;
  private isClosed = false;
  /** Failures that have been told and still stand, so that a lasting one is told once. */
  private standing: Set<string> = new Set();
  private readonly timeouts: KernelTimeouts;
  private counts: TableStatus = { reconciles: 0, repairs: 0, failures: 0, isInSync: false };

  constructor(deps: TableSyncDependencies) {
    this.deps = deps;
    this.timeouts = new KernelTimeouts(deps.table);
  }

  status(): TableStatus {
    return this.counts;
  }

  /** The kernel's table as far as it is known. */
  known(): Table {
    return this.mirror;
  }

  /** What passes through the table now. @throws NativeError */
  async usage(): Promise<readonly IpvsServiceUsage[]> {
    return this.isClosed ? [] : await this.deps.table.usage();
  }

  /**
   * Services that have changed; null for one that is not wanted any more. Takes effect soon; see `settled`.
   */
  update(changes: Iterable<readonly [ServiceId, TableService | null]>): void {
    this.isSettled = false;
    for (const [id, service] of changes) {
      if (service === null) this.desired.delete(id);
      else {
        this.desired.set(id, service);
        this.owned.add(id);
      }
      this.dirty.add(id);
    }
    this.kick();
  }

  /** Resolves when nothing is left to do for now. */
  async settled(): Promise<void> {
    while (this.work !== null) await this.work;
  }

  /**
   * First reading of the table, then all changes.
   * @throws NativeError when the table can't be read
   */
  async open(flushes: boolean): Promise<void> {
    if (flushes) await this.apply([{ kind: "flush" }]);
    await this.readTable();
  }

  /** Pause between two readings of the kernel's table; 0 for none but after failures. */
  useInterval(intervalUs: Microseconds): void {
    if (intervalUs === this.intervalUs || this.isClosed) return;
    this.intervalUs = intervalUs;
    this.stopTimer();
    this.schedule();
  }

  /** Sets the kernel's connection timeouts, and keeps them. @param seconds as `KernelTimeouts.use` */
  async useTimeouts(seconds: Parameters<KernelTimeouts["use"]>[0]): Promise<void> {
    await this.apply(await this.tryTimeouts((timeouts) => timeouts.use(seconds)));
  }

  /** Removes what is ours. @param how `services`: only services are deleted, which takes their destinations along */
  async removeAll(how: "no" | "all" | "virtual-servers"): Promise<void> {
    this.stopTimers();
    await this.settled();
    this.desired.clear();
    this.isClosed = true;
    if (how === "all") {
      await this.apply([{ kind: "flush" }]);
      return;
    }
    if (!(await this.tryReadTable())) return;
    const commands = diffTables(this.desired, this.mirror, this.owned);
    const kept = how === "no" ? commands : commands.filter((command) => command.kind === "service-delete");
    await this.apply(kept);
  }

  /** Waits for what is under way, then closes the table. Idempotent. */
  async close(): Promise<void> {
    this.stopTimers();
    this.isClosed = true;
    await this.settled();
    this.deps.table.close();
  }

  private kick(): void {
    if (this.work !== null || this.isClosed) return;
    this.work = this.run().finally(() => {
      this.work = null;
      if (this.needsDump || this.dirty.size > 0) this.kick();
    });
  }

  private async run(): Promise<void> {
    // Changes of one turn of the event loop go together.
    await Promise.resolve();
    while (this.needsDump || this.dirty.size > 0) {
      if (this.needsDump) await this.reconcile();
      else await this.applyDirty();
    }
  }

  private async applyDirty(): Promise<void> {
    const commands: IpvsCommand[] = [];
    for (const id of this.dirty) {
      if (!this.desired.has(id) && !this.owned.has(id)) continue;
      commands.push(...diffService(this.desired.get(id) ?? null, this.mirror.get(id) ?? null));
    }
    this.dirty.clear();
    this.judge(await this.apply(this.pace(commands)));
  }

  private async reconcile(): Promise<void> {
    this.needsDump = false;
    if (!(await this.tryReadTable())) return;
    const timeouts = await this.tryTimeouts((ours) => ours.repairs());
    const isExpected = (id: ServiceId): boolean => this.dirty.has(id) || this.postponed.has(id);
    const changes = this.isSettled ? [] : diffTables(this.desired, this.mirror, this.owned);
    const drift = changes.filter((command) => "service" in command && !isExpected(serviceId(command.service)));
    const repairs = [...drift, ...timeouts];
    const commands = [...this.pace(changes), ...timeouts];
    this.dirty.clear();
    this.forgetGone();
    const { reconciles, repairs: before } = this.counts;
    this.counts = { ...this.counts, reconciles: reconciles + 1, repairs: before + repairs.length };
    if (repairs.length > 0 && this.standing.size === 0) this.deps.log(speakRepair(repairs.length));
    const failed = await this.apply(commands);
    this.isSettled = changes.length === 0 && this.dirty.size === 0;
    // The commands were all that is to be done, so what did not fail now stands no longer.
    this.standing = failed;
    this.judge(failed);
  }

  private pace(commands: readonly IpvsCommand[]): readonly IpvsCommand[] {
    const { clock } = this.deps;
    const nowUs = clock.nowUs();
    const tables = { desired: this.desired, actual: this.mirror };
    const paced = paceDeletions(commands, tables, this.deletions ?? fullBudget(nowUs), nowUs);
    this.deletions = paced.budget;
    for (const id of paced.postponed) this.postponed.add(id);
    if (this.postponed.size > 0) this.cancelPostponed ??= clock.after(POSTPONED_US, () => this.deletePostponed());
    return paced.commands;
  }

  private deletePostponed(): void {
    this.cancelPostponed = null;
    for (const id of this.postponed) this.dirty.add(id);
    this.postponed.clear();
    this.kick();
  }

  /** After a failure the table is read again at once, but only once in a row. */
  private judge(failed: ReadonlySet<string>): void {
    this.counts = { ...this.counts, isInSync: this.standing.size === 0 };
    if (failed.size === 0) {
      this.hasRetried = false;
      return;
    }
    this.needsDump = !this.hasRetried;
    this.hasRetried = true;
  }

  /** @returns what failed */
  private async apply(commands: readonly IpvsCommand[]): Promise<Set<string>> {
    if (commands.length === 0) return new Set();
    this.isMirrorRead = false;
    this.isSettled = false;
    let results: readonly (SyscallFailure | null)[];
    try {
      results = await this.deps.table.apply(commands);
    } catch (error) {
      return this.fail([speakTableUnusable(reasonOf(error))]);
    }
    const missing = new Set<ServiceId>();
    const records: SpokenRecord[] = [];
    commands.forEach((command, index) => {
      const result = results[index] ?? null;
      if (result === null) applyToMirror(this.mirror, command);
      else if (!isConsequence(command, result, missing)) records.push(speakCommandFailure(command, result));
    });
    return this.fail(records);
  }

  /** Counts failures and tells of those that are new. */
  private fail(records: readonly SpokenRecord[]): Set<string> {
    this.counts = { ...this.counts, failures: this.counts.failures + records.length };
    for (const record of records) {
      if (!this.standing.has(record.text)) this.deps.log(record);
      this.standing.add(record.text);
    }
    return new Set(records.map((record) => record.text));
  }

  private async readTable(): Promise<void> {
    const { table } = this.deps;
    const entries = await (this.isMirrorRead ? table.dumpIfChanged() : table.dump());
    this.needsDump = false;
    this.isMirrorRead = true;
    if (entries === null) return;
    this.mirror = mirrorOf(indexDump(entries), this.desired);
    this.isSettled = false;
  }

  private async tryReadTable(): Promise<boolean> {
    try {
      await this.readTable();
      return true;
    } catch (error) {
      this.fail([speakTableUnusable(reasonOf(error))]);
      this.counts = { ...this.counts, isInSync: false };
      return false;
    }
  }

  private async tryTimeouts(
    ask: (timeouts: KernelTimeouts) => Promise<readonly IpvsCommand[]>,
  ): Promise<readonly IpvsCommand[]> {
    try {
      return await ask(this.timeouts);
    } catch (error) {
      this.fail([speakTableUnusable(reasonOf(error))]);
      return [];
    }
  }

  private forgetGone(): void {
    for (const id of this.owned) {
      if (!this.desired.has(id) && !this.mirror.has(id)) this.owned.delete(id);
    }
  }

  private schedule(): void {
    if (this.intervalUs === 0) return;
    this.cancelTimer = this.deps.clock.after(this.intervalUs, () => {
      this.needsDump = true;
      this.hasRetried = false;
      this.kick();
      this.schedule();
    });
  }

  private stopTimer(): void {
    this.cancelTimer?.();
    this.cancelTimer = null;
  }

  private stopTimers(): void {
    this.stopTimer();
    this.cancelPostponed?.();
    this.cancelPostponed = null;
  }
}

/** The destinations of a service that could not be added fail as well: that says nothing new. */
function isConsequence(command: IpvsCommand, failure: SyscallFailure, missing: Set<ServiceId>): boolean {
  if (command.kind === "service-add") missing.add(serviceId(command.service));
  return "destination" in command && failure.code === "ESRCH" && missing.has(serviceId(command.service));
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What was found; where that is what is desired, the desired objects, so that both are held in memory once. */
function mirrorOf(found: Table, desired: Table): Map<ServiceId, MirrorService> {
  const mirror = new Map<ServiceId, MirrorService>();
  for (const [id, service] of found) {
    const wanted = desired.get(id) ?? null;
    const kept = wanted !== null && diffService(wanted, service).length === 0 ? wanted : service;
    mirror.set(id, { service: kept.service, destinations: kept.destinations, own: null });
  }
  return mirror;
}

function applyToMirror(mirror: Map<ServiceId, MirrorService>, command: IpvsCommand): void {
  switch (command.kind) {
    case "flush":
      mirror.clear();
      return;
    case "set-timeouts":
    case "sync-daemon-start":
    case "sync-daemon-stop":
      return;
    case "service-delete":
      mirror.delete(serviceId(command.service));
      return;
    case "service-add":
      mirror.set(serviceId(command.service), { service: command.service, destinations: new Map(), own: null });
      return;
    case "service-edit": {
      const found = mirror.get(serviceId(command.service));
      if (found !== undefined) found.service = command.service;
      return;
    }
    case "destination-add":
    case "destination-edit":
      ownDestinations(mirror, command.service)?.set(destinationId(command.destination), command.destination);
      return;
    case "destination-delete":
      ownDestinations(mirror, command.service)?.delete(destinationId(command.destination));
  }
}

/** Those of a service in the mirror, to be changed: what others hold as well is copied first. */
function ownDestinations(
  mirror: ReadonlyMap<ServiceId, MirrorService>,
  service: IpvsServiceKey,
): Map<string, IpvsDestination> | null {
  const found = mirror.get(serviceId(service));
  if (found === undefined) return null;
  found.own ??= new Map(found.destinations);
  found.destinations = found.own;
  return found.own;
}
