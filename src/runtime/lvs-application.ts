import {
  applicationCheckersOf,
  effectiveWeight,
  fileEffect,
  pendingMisc,
  startsFailed,
} from "../checker/application.ts";
import type { Asker } from "../checker/targets.ts";
import type { ApplicationCheck, ApplicationChecker } from "../model/checks.ts";
import { realServerKey, virtualServerKeys } from "../model/diff.ts";
import { isSameModel } from "../model/equality.ts";
import type { RealServer, VirtualServer } from "../model/lvs.ts";
import type { TrackFile } from "../model/tracking.ts";
import type { GuardedCheck } from "./lvs-guard.ts";
import { failuresOf, type MiscCheck, type MiscDependencies, MiscRunner, type MiscRunResult } from "./lvs-misc.ts";
import type { CheckerStatus, CheckerVerdict } from "./lvs-types.ts";
import { FileTrackers } from "./tracking-files.ts";

type FileCheck = Extract<ApplicationCheck, { kind: "file" }>;
type BfdCheck = Extract<ApplicationCheck, { kind: "bfd" }>;

export interface ApplicationReport {
  readonly asker: Asker;
  readonly check: MiscCheck | FileCheck | BfdCheck;
  readonly checker: ApplicationChecker;
  /** Null for a file or a session. */
  readonly run: MiscRunResult | null;
  readonly verdict: { readonly isUp: boolean; readonly isFirst: boolean } | null;
  /** What the server's weight is now. */
  readonly weight: number;
  readonly guarded: GuardedCheck;
}

export interface ApplicationDependencies extends Omit<MiscDependencies, "onRun"> {
  readonly onReports: (reports: readonly ApplicationReport[]) => void;
}

/** A file check; it follows the value without a rhythm of its own. */
interface FileWatch {
  readonly asker: Asker;
  readonly guarded: GuardedCheck;
  readonly checker: ApplicationChecker;
  readonly check: FileCheck;
  isFailed: boolean;
  weight: number;
}

/** A BFD check; it follows the session. */
interface SessionWatch {
  readonly asker: Asker;
  readonly guarded: GuardedCheck;
  readonly checker: ApplicationChecker;
  readonly check: BfdCheck;
  isFailed: boolean;
  /** Something is known of the session. */
  isTold: boolean;
  readonly weight: 0;
}

/** What checkers beside the probe loop say of one server; in the order of its application checkers. */
interface CheckedServer {
  readonly configuredWeight: number;
  readonly checks: (MiscRunner | FileWatch | SessionWatch)[];
}

/** MISC_CHECK, FILE_CHECK and BFD_CHECK of all servers. */
export class ApplicationChecks {
  private readonly deps: ApplicationDependencies;
  private readonly files: FileTrackers;
  private miscs: ReadonlyMap<string, MiscRunner> = new Map();
  private servers: ReadonlyMap<string, CheckedServer> = new Map();
  /** By name, whether a session is up. keepalived: one that nobody has told of yet takes no server out, without alpha. */
  private readonly sessions = new Map<string, boolean>();
  private rests: (asker: Asker) => boolean = () => false;

  constructor(deps: ApplicationDependencies) {
    this.deps = deps;
    this.files = new FileTrackers({ clock: deps.clock, log: deps.log, onNews: () => this.onFileNews() });
  }

  /**
   * Scripts that stay keep their verdict, weight and rhythm; with other times the rhythm starts anew.
   * @param isReload servers that a reload brings are retried before their first verdict
   * @param waits whether an asker is out of the pool until the first result
   */
  replaceAll(
    virtualServers: readonly VirtualServer[],
    trackFiles: readonly TrackFile[],
    isReload: boolean,
    waits: (asker: Asker) => boolean,
  ): void {
    const before = this.miscs;
    const miscs = new Map<string, MiscRunner>();
    const servers = new Map<string, CheckedServer>();
    const places = placeAll(virtualServers);
    this.followFiles(places, trackFiles, isReload);
    for (const place of places) {
      const id = `${place.asker.virtualServer} ${place.asker.server}`;
      const server = servers.get(id) ?? { configuredWeight: place.server.weight, checks: [] };
      servers.set(id, server);
      const { check } = place.checker;
      if (check.kind === "file") server.checks.push(this.watchFile(place, check));
      if (check.kind === "bfd") server.checks.push(this.watchSession(place, check));
      if (check.kind !== "misc") continue;
      const runner = this.takeMisc(place, check, before.get(place.key), isReload);
      miscs.set(place.key, runner);
      server.checks.push(runner);
    }
    this.miscs = miscs;
    this.servers = servers;
    const kept = new Set(miscs.values());
    for (const runner of before.values()) if (!kept.has(runner)) runner.close();
    const known = new Set(before.values());
    for (const runner of kept) if (!known.has(runner)) runner.begin(waits(runner.place.asker));
    this.applySuspension();
  }

  /** @param rests whether an asker does not want its scripts run for the time being (`ha_suspend`) */
  useSuspension(rests: (asker: Asker) => boolean): void {
    this.rests = rests;
  }

  /** Who rests has changed. Files and sessions are followed all the same: that costs nothing. */
  applySuspension(): void {
    for (const runner of this.miscs.values()) runner.suspend(this.rests(runner.place.asker));
  }

  /** @param index among the server's application checkers */
  statusOf(virtualServer: number, server: number, index: number): Omit<CheckerStatus, "kind"> {
    const checked = this.servers.get(`${virtualServer} ${server}`);
    const check = checked?.checks[index];
    if (checked === undefined || check === undefined) return { verdict: "pending", failures: 0 };
    if (!(check instanceof MiscRunner))
      return { verdict: check.isFailed ? "down" : "up", failures: 0, addedWeight: check.weight };
    const { policy, weight } = check.state;
    const addedWeight = weight === null ? 0 : weight - checked.configuredWeight;
    return { verdict: policy.kind, failures: failuresOf(policy), lastRun: check.lastRun, addedWeight };
  }

  /** By name, of the files that checks follow. */
  fileValues(): ReadonlyMap<string, number> {
    return this.files.values();
  }

  /** By application checker. @param isHeld whether the verdict of a check does not count yet */
  verdictsOf(virtualServer: number, server: number, isHeld: (id: string) => boolean): readonly CheckerVerdict[] {
    const checks = this.servers.get(`${virtualServer} ${server}`)?.checks ?? [];
    return checks.map((check, index) =>
      isHeld(guardedOf(check).id) ? "up" : this.statusOf(virtualServer, server, index).verdict,
    );
  }

  /** All checks by id, for the guard. */
  guarded(): ReadonlyMap<string, GuardedCheck> {
    const all = [...this.servers.values()].flatMap(({ checks }) => checks.map(guardedOf));
    return new Map(all.map((check) => [check.id, check]));
  }

  /** Null: nobody but the configuration says anything about it. */
  weightOf(virtualServer: number, server: number): number | null {
    const checked = this.servers.get(`${virtualServer} ${server}`);
    if (checked === undefined) return null;
    let base = checked.configuredWeight;
    const added: number[] = [];
    for (const check of checked.checks) {
      if (check instanceof MiscRunner) base = check.state.weight ?? base;
      else added.push(check.weight);
    }
    return effectiveWeight(base, added);
  }

  bfdChanged(name: string, isUp: boolean): void {
    this.sessions.set(name, isUp);
    const reports: ApplicationReport[] = [];
    for (const { checks } of this.servers.values()) {
      for (const watch of checks) {
        if (watch instanceof MiscRunner || !isSessionWatch(watch) || watch.check.bfdInstance !== name) continue;
        const isFirst = !watch.isTold;
        watch.isTold = true;
        // keepalived: the first word about a session is told when it is a bad one, whatever was believed before.
        if (watch.isFailed === !isUp && (isUp || !isFirst)) continue;
        watch.isFailed = !isUp;
        const { asker, guarded, check, checker } = watch;
        const weight = this.weightOf(asker.virtualServer, asker.server) ?? 0;
        reports.push({ asker, guarded, check, checker, run: null, verdict: { isUp, isFirst }, weight });
      }
    }
    if (reports.length > 0) this.deps.onReports(reports);
  }

  close(): void {
    for (const runner of this.miscs.values()) runner.close();
    this.files.close();
  }

  private followFiles(places: readonly Place[], trackFiles: readonly TrackFile[], isReload: boolean): void {
    const used = new Set(places.map(({ checker: { check } }) => (check.kind === "file" ? check.trackFile : null)));
    this.files.configure(
      trackFiles.filter(({ name }) => used.has(name)),
      isReload,
    );
  }

  private watchFile({ asker, guarded, checker }: Place, check: FileCheck): FileWatch {
    return { asker, guarded, checker, check, ...fileEffect(check, this.files.valueOf(check.trackFile)) };
  }

  private watchSession({ asker, guarded, checker }: Place, check: BfdCheck): SessionWatch {
    const isUp = this.sessions.get(check.bfdInstance);
    return {
      asker,
      guarded,
      checker,
      check,
      isFailed: !(isUp ?? !startsFailed(checker)),
      isTold: isUp !== undefined,
      weight: 0,
    };
  }

  private takeMisc(place: Place, check: MiscCheck, before: MiscRunner | undefined, isReload: boolean): MiscRunner {
    const { asker, guarded, checker, loopUs } = place;
    const timeoutUs = check.timeoutUs === 0 ? loopUs : check.timeoutUs;
    const own = { asker, guarded, checker, check, timeoutUs };
    const isSame =
      before !== undefined &&
      before.place.timeoutUs === timeoutUs &&
      isSameModel(before.place.checker.timing, checker.timing);
    if (isSame) {
      before.place = own;
      return before;
    }
    const onRun = (runner: MiscRunner, result: MiscRunResult): void => this.onRun(runner, result);
    return new MiscRunner(own, before?.state ?? pendingMisc(!isReload), { ...this.deps, onRun });
  }

  private onRun({ place: { asker, guarded, check, checker } }: MiscRunner, run: MiscRunResult): void {
    const { verdict } = run.step;
    const weight = this.weightOf(asker.virtualServer, asker.server) ?? 0;
    this.deps.onReports([{ asker, guarded, check, checker, run, verdict, weight }]);
  }

  private onFileNews(): void {
    const changed: { readonly watch: FileWatch; readonly wasFailed: boolean }[] = [];
    for (const { checks } of this.servers.values()) {
      for (const watch of checks) {
        if (watch instanceof MiscRunner || isSessionWatch(watch)) continue;
        const { weight, isFailed } = fileEffect(watch.check, this.files.valueOf(watch.check.trackFile));
        if (weight === watch.weight && isFailed === watch.isFailed) continue;
        changed.push({ watch, wasFailed: watch.isFailed });
        watch.weight = weight;
        watch.isFailed = isFailed;
      }
    }
    this.deps.onReports(
      changed.map(({ watch: { asker, guarded, check, checker, isFailed }, wasFailed }) => ({
        asker,
        guarded,
        check,
        checker,
        run: null,
        verdict: isFailed === wasFailed ? null : { isUp: !isFailed, isFirst: false },
        weight: this.weightOf(asker.virtualServer, asker.server) ?? 0,
      })),
    );
  }
}

function guardedOf(check: MiscRunner | FileWatch | SessionWatch): GuardedCheck {
  return check instanceof MiscRunner ? check.place.guarded : check.guarded;
}

function isSessionWatch(watch: FileWatch | SessionWatch): watch is SessionWatch {
  return watch.check.kind === "bfd";
}

interface Place {
  readonly asker: Asker;
  readonly checker: ApplicationChecker;
  readonly server: RealServer;
  /** The virtual server's delay loop. */
  readonly loopUs: number;
  /** The same across a reload for the same question about the same server. */
  readonly key: string;
  readonly guarded: GuardedCheck;
}

function placeAll(virtualServers: readonly VirtualServer[]): readonly Place[] {
  const keys = virtualServerKeys(virtualServers);
  const counts = new Map<string, number>();
  return virtualServers.flatMap((virtualServer, position) =>
    virtualServer.realServers.flatMap((server, serverPosition) =>
      applicationCheckersOf(server).map((checker, index): Place => {
        const base = `${keys[position]} ${realServerKey(server)} ${questionOf(checker)}`;
        const count = counts.get(base) ?? 0;
        counts.set(base, count + 1);
        const key = `${base} #${count}`;
        const asker = { virtualServer: position, server: serverPosition, checker: server.checkers.length + index };
        const { family, address } = server;
        return {
          asker,
          checker,
          server,
          loopUs: delayLoopOf(virtualServer, checker),
          key,
          guarded: { id: key, askers: [asker], probe: { family, address } },
        };
      }),
    ),
  );
}

function questionOf({ check }: ApplicationChecker): string {
  if (check.kind === "bfd") return `bfd ${check.bfdInstance}`;
  if (check.kind !== "misc") return check.kind;
  const { argv, user } = check.command;
  return JSON.stringify([argv, user?.uid ?? null, user?.gid ?? null, check.setsWeight]);
}

function delayLoopOf(virtualServer: VirtualServer, { timing }: ApplicationChecker): number {
  return "delayLoopUs" in virtualServer && typeof virtualServer.delayLoopUs === "number"
    ? virtualServer.delayLoopUs
    : timing.delayLoopUs;
}
