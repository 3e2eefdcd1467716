import { applicationCheckersOf } from "../checker/application.ts";
import type { Asker } from "../checker/targets.ts";
import { realServerKey } from "../model/diff.ts";
import type { VirtualServer } from "../model/lvs.ts";
import type { SpokenRecord } from "./log.ts";
import type { ApplicationReport } from "./lvs-application.ts";
import { speakFile, speakMiscRun, speakSession } from "./lvs-application-wording.ts";
import type { Pool, Pools } from "./lvs-pools.ts";
import type { ProbeReport } from "./lvs-probes.ts";
import type { LvsGlobals } from "./lvs-types.ts";
import {
  type CheckerStep,
  speakChecker,
  speakFailure,
  speakRemoval,
  speakServerGone,
  speakUrlPassed,
  speakVerdict,
  speakVirtualServerGone,
} from "./lvs-wording.ts";
import { scriptName } from "./script-command.ts";

type CheckerKind = ProbeReport["target"]["kind"];

/** HTTP_GET or SSL_GET; of those keepalived tells less while a server is out. */
export function isWeb(kind: CheckerKind): boolean {
  return kind === "http" || kind === "ssl";
}

/**
 * keepalived: what an SMTP_CHECK or DNS_CHECK failed with is the verdict's own line, and of a server that is out already
 * only HTTP_GET and SSL_GET tell each failure; the others also say nothing of an attempt that found no way.
 */
function isAttemptTold({ target: { kind }, stage, verdict }: ProbeReport, wasDown: boolean): boolean {
  if (kind === "smtp" || kind === "dns") return verdict === null;
  return isWeb(kind) || (!wasDown && stage !== "route");
}

export interface LvsSpeakerContext {
  readonly log: (record: SpokenRecord) => void;
  readonly pools: () => Pools;
  readonly global: () => LvsGlobals | null;
  readonly isSuspended: (virtualServer: number) => boolean;
}

/** What the log hears of checks and pools, in keepalived's words. */
export class LvsSpeaker {
  private readonly context: LvsSpeakerContext;

  constructor(context: LvsSpeakerContext) {
    this.context = context;
  }

  /** What a run of an application check came to. */
  application({ asker, check, checker, run, verdict: news }: ApplicationReport): void {
    const names = this.context.pools().all[asker.virtualServer]?.names;
    const server = names?.realServer(asker.server);
    if (names === undefined || server === undefined) return;
    if (check.kind === "file" && news !== null) this.context.log(speakFile(check.trackFile, news.isUp, server));
    if (check.kind === "bfd" && news !== null) this.context.log(speakSession(check.bfdInstance, news.isUp, server));
    if (run === null || check.kind !== "misc") return;
    const { end, step } = run;
    const { isGood, verdict, retry } = step;
    const tellsAll = checker.logsAllFailures || this.context.global()?.logsAllCheckerFailures === true;
    if (verdict === null && (retry === 0 || !tellsAll)) return;
    const { retries } = checker.timing;
    const report = { script: scriptName(check.command), isGood, end, isVerdict: verdict !== null, retry, retries };
    this.context.log(speakMiscRun(report, server, names.virtualServer));
  }

  /** What a probe came to, for one of those who asked for it. */
  report(report: ProbeReport, asker: Asker): void {
    const { target, isSuccess, reason, stage, verdict, passedUrl } = report;
    const { names, virtualServer } = this.context.pools().all[asker.virtualServer] ?? {};
    const server = names?.realServer(asker.server);
    const checker = virtualServer?.realServers[asker.server]?.checkers[asker.checker];
    if (names === undefined || server === undefined) return;
    const wasDown = this.context.pools().hasFailed(asker);
    if (passedUrl !== null) {
      // keepalived says nothing of it while the server is in the pool unchecked.
      if (!wasDown) return;
      this.context.log(speakUrlPassed(passedUrl, server, names.virtualServer));
      return;
    }
    const { kind, probe, timing } = target;
    const failure = { kind, reason, stage, endpoint: probe };
    const tellsAll = this.context.global()?.logsAllCheckerFailures === true || checker?.logsAllFailures === true;
    if (!isSuccess && tellsAll && isAttemptTold(report, wasDown)) {
      this.context.log(speakFailure(failure, server, names.virtualServer));
    }
    // keepalived: that a web server which was out from the start (alpha) stays out is no news.
    if (verdict === null || (isWeb(kind) && wasDown && !verdict.isUp)) return;
    // keepalived: an HTTP_GET tells how many retries there could have been.
    const retries = isWeb(kind) ? timing.retries : verdict.retries;
    this.context.log(speakVerdict({ ...failure, isUp: verdict.isUp, retries }, server, names.virtualServer));
  }

  /** @param untouched pools that a reload left as they were: 20,000 lines that nothing happened help nobody */
  activations(untouched: ReadonlySet<Pool>): void {
    this.context.pools().all.forEach((pool, index) => {
      if (untouched.has(pool)) return;
      this.checkers(pool, this.context.isSuspended(index) ? "Deactivating" : "Activating");
    });
  }

  /** What happens to the checkers of a pool. */
  checkers({ virtualServer, names }: Pool, step: CheckerStep): void {
    virtualServer.realServers.forEach((realServer, index) => {
      const server = names.realServer(index) ?? "";
      // keepalived: files and sessions are not spoken of here.
      const others = applicationCheckersOf(realServer).filter(({ check }) => check.kind === "misc");
      for (const _ of [...realServer.checkers, ...others])
        this.context.log(speakChecker(step, server, names.virtualServer));
    });
  }

  /** What a reload takes away, in the order of the old configuration. */
  gone(before: Pools, virtualServers: readonly VirtualServer[]): void {
    for (const [pool, now] of before.changedIn(virtualServers)) {
      const servers = now === null ? undefined : new Set(now.realServers.map(realServerKey));
      if (servers === undefined) this.context.log(speakVirtualServerGone(pool.names.virtualServer));
      pool.virtualServer.realServers.forEach((server, index) => {
        if (servers?.has(realServerKey(server)) === true) return;
        if (servers !== undefined) this.context.log(speakServerGone(pool.names.realServer(index) ?? ""));
        this.removal(pool, index, "reload");
      });
    }
  }

  /** A dead server that is not in the table leaves a reload without a word. */
  removal(pool: Pool, index: number, why: "reload" | "stop"): void {
    const isAlive = pool.state.servers[index]?.isAlive === true;
    const isInhibited = !isAlive && pool.virtualServer.realServers[index]?.isInhibitedOnFailure === true;
    if (why === "reload" && !isAlive && !isInhibited) return;
    this.context.log(speakRemoval(why, isInhibited, pool.names.realServer(index) ?? "", pool.names.virtualServer));
  }
}
