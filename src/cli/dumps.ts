import { randomBytes } from "node:crypto";
import type { ChecksBefore } from "../api/check-data.ts";
import type { InterfaceFacts } from "../api/data-interfaces.ts";
import type { InstanceStatistics } from "../api/statistics.ts";
import type { ScriptUser } from "../model/command.ts";
import type { DaemonStatus } from "../runtime/daemon-types.ts";
import { dumpDirectory, writeDumpFile } from "../runtime/dump-file.ts";
import { type DumpFile, dumpPath } from "../runtime/dump-paths.ts";
import { errorText, obstacleText } from "../runtime/error-code.ts";
import type { Logger } from "../runtime/log.ts";
import type { SignalHandlers } from "../runtime/signals.ts";
import type { StateObserver } from "../runtime/state-observers.ts";

export type DumpKind = Parameters<SignalHandlers["dump"]>[0];

const FILES: Readonly<Record<DumpKind, DumpFile>> = {
  DATA: "state",
  STATS: "statistics",
  STATS_CLEAR: "statistics",
  JSON: "json",
};

export interface DumpDependencies {
  /** Null while the daemon is not up: the request is ignored then. */
  readonly status: () => DaemonStatus | null;
  /** `-s` */
  readonly namespace: string | null;
  readonly nowUs: () => number;
  readonly readInterfaces: () => Promise<InterfaceFacts>;
  readonly log: Logger;
}

function ownUser(): ScriptUser {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}

/** The files that are asked for by signal. The renderers are loaded when first wanted. */
export class Dumps implements StateObserver {
  readonly #dependencies: DumpDependencies;
  /** Counts of each instance at the last zeroing; the loop's own counters are never touched. */
  #zeroed: ReadonlyMap<string, InstanceStatistics> = new Map();
  #before: ChecksBefore | null = null;

  constructor(dependencies: DumpDependencies) {
    this.#dependencies = dependencies;
  }

  /** A reload begins: what is in force is told of in its data. */
  configured(): void {
    const { configuration, lvs = null } = this.#dependencies.status() ?? {};
    this.#before = configuration === undefined || lvs === null ? null : { configuration, lvs };
  }

  /** keepalived: each of its processes writes a file of its own; so do we, where there is something to tell. */
  async #writeOthers(): Promise<void> {
    await this.#writeParent();
    await this.#writeChecks();
    const path = this.#path("DATA", "_bfd");
    const { renderBfdData } = await import("../api/data-bfd.ts");
    const status = this.#dependencies.status();
    if (path === null || status === null || status.configuration.bfdInstances.length === 0) return;
    this.#put("DATA", path, renderBfdData(status.configuration, status.bfdSessions, ownUser()));
  }

  async #writeParent(): Promise<void> {
    const path = this.#path("DATA", "_parent");
    const { renderParentData } = await import("../api/data-globals.ts");
    const status = this.#dependencies.status();
    if (path !== null && status !== null) this.#put("DATA", path, renderParentData(status.configuration, ownUser()));
  }

  async #writeChecks(): Promise<void> {
    const path = this.#path("DATA", "_check");
    const { renderCheckData } = await import("../api/check-data.ts");
    const status = this.#dependencies.status();
    if (path === null || status === null || status.lvs === null) return;
    const { configuration, lvs } = status;
    const wallOffsetUs = Date.now() * 1000 - this.#dependencies.nowUs();
    this.#put(
      "DATA",
      path,
      renderCheckData({ configuration, lvs, before: this.#before, ownUser: ownUser(), wallOffsetUs }),
    );
  }

  #put(what: DumpKind, path: string, text: string): void {
    const { log } = this.#dependencies;
    const code = writeDumpFile(path, text, () => randomBytes(8).toString("hex"));
    if (code === null) log.info("dump written", { what, path });
    else log.error("dump not written", { what, path, reason: obstacleText(code) });
  }

  /** Never rejects: a file that can't be written is told and does not matter to the daemon. */
  async write(kind: DumpKind): Promise<void> {
    const { log } = this.#dependencies;
    const path = this.#path(kind);
    if (path === null) return;
    try {
      const text = await this.#render(kind);
      if (text !== null) this.#put(kind, path, text);
      if (kind === "DATA") await this.#writeOthers();
    } catch (error) {
      log.error("dump not written", { what: kind, path, reason: errorText(error) });
    }
  }

  /** @returns null unless the daemon is up */
  #path(kind: DumpKind, suffix = ""): string | null {
    const { status, namespace } = this.#dependencies;
    const global = status()?.configuration.global;
    if (global === undefined) return null;
    return dumpPath(
      FILES[kind],
      {
        directory: dumpDirectory(process.env),
        settings: global.dumps,
        networkNamespace: namespace ?? global.networkNamespace,
        instanceName: global.instanceName,
      },
      suffix,
    );
  }

  /** @returns null when there is nothing to write */
  #render(kind: DumpKind): Promise<string | null> {
    if (kind === "DATA") return this.#renderData();
    return kind === "JSON" ? this.#renderJson() : this.#renderStatistics(kind);
  }

  async #renderData(): Promise<string | null> {
    const { renderData } = await import("../api/data-dump.ts");
    const interfaces = await this.#dependencies.readInterfaces();
    const status = this.#dependencies.status();
    // keepalived: the file is that of its VRRP process.
    if (status === null || (status.tracked ?? null) === null) return null;
    const { configuration, instances, bfdSessions, tracked = null } = status;
    const moments = { nowUs: this.#dependencies.nowUs(), wallUs: Date.now() * 1000 };
    return renderData({ configuration, instances, bfdSessions, tracked, interfaces, ownUser: ownUser(), ...moments });
  }

  async #renderStatistics(kind: DumpKind): Promise<string | null> {
    const { renderStatistics, statisticsOf, statisticsSince } = await import("../api/statistics.ts");
    const counts = (this.#dependencies.status()?.instances ?? []).map(statisticsOf);
    if (counts.length === 0) return null;
    const text = renderStatistics(counts.map((now) => statisticsSince(this.#zeroed.get(now.name) ?? null, now)));
    if (kind === "STATS_CLEAR") this.#zeroed = new Map(counts.map((count) => [count.name, count]));
    return text;
  }

  async #renderJson(): Promise<string | null> {
    const [{ renderJson }, { statisticsOf, statisticsSince }, { placeConfiguration }] = await Promise.all([
      import("../api/vrrp-json.ts"),
      import("../api/statistics.ts"),
      import("../api/placed.ts"),
    ]);
    const { stacked } = await this.#dependencies.readInterfaces();
    const status = this.#dependencies.status();
    if (status === null || status.instances.length === 0) return null;
    const { vrrpInstances, scripts, global } = placeConfiguration(status.configuration, stacked);
    const configs = new Map(vrrpInstances.map((config) => [config.name, config]));
    const nowUs = this.#dependencies.nowUs();
    const shown = status.instances.flatMap((snapshot) => {
      const config = configs.get(snapshot.name);
      const lastTransitionSec = Date.now() / 1000 - (nowUs - snapshot.sinceUs) / 1_000_000;
      const statistics = statisticsSince(this.#zeroed.get(snapshot.name) ?? null, statisticsOf(snapshot));
      return config === undefined ? [] : [{ config, snapshot, statistics, lastTransitionSec, scripts }];
    });
    return renderJson(shown, global.dumps.jsonVersion, status.tracked?.processes);
  }
}
