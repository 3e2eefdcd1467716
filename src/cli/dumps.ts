import { randomBytes } from "node:crypto";
import type { InterfaceFacts } from "../api/data-interfaces.ts";
import type { InstanceStatistics } from "../api/statistics.ts";
import type { ScriptUser } from "../model/command.ts";
import type { DaemonStatus } from "../runtime/daemon-types.ts";
import { dumpDirectory, writeDumpFile } from "../runtime/dump-file.ts";
import { type DumpFile, dumpPath } from "../runtime/dump-paths.ts";
import { errorText, obstacleText } from "../runtime/error-code.ts";
import type { Logger } from "../runtime/log.ts";
import type { SignalHandlers } from "../runtime/signals.ts";

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
export class Dumps {
  readonly #dependencies: DumpDependencies;
  /** Counts of each instance at the last zeroing; the loop's own counters are never touched. */
  #zeroed: ReadonlyMap<string, InstanceStatistics> = new Map();

  constructor(dependencies: DumpDependencies) {
    this.#dependencies = dependencies;
  }

  /** keepalived: each of its processes writes a file of its own; so do we, where there is something to tell. */
  async #writeOthers(): Promise<void> {
    await this.#writeChecks();
    const path = this.#path("DATA", "_bfd");
    const { renderBfdData } = await import("../api/data-bfd.ts");
    const status = this.#dependencies.status();
    if (path === null || status === null || status.configuration.bfdInstances.length === 0) return;
    this.#put("DATA", path, renderBfdData(status.configuration, status.bfdSessions, ownUser()));
  }

  async #writeChecks(): Promise<void> {
    const path = this.#path("DATA", "_check");
    const { renderCheckData } = await import("../api/check-data.ts");
    const status = this.#dependencies.status();
    if (path === null || status === null || status.lvs === null) return;
    const { configuration, lvs } = status;
    const wallOffsetUs = Date.now() * 1000 - this.#dependencies.nowUs();
    this.#put("DATA", path, renderCheckData({ configuration, lvs, ownUser: ownUser(), wallOffsetUs }));
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
      if (text === null) return;
      this.#put(kind, path, text);
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
  async #render(kind: DumpKind): Promise<string | null> {
    const statistics = await import("../api/statistics.ts");
    const json = kind === "JSON" ? await import("../api/vrrp-json.ts") : null;
    const data = kind === "DATA" ? await import("../api/data-dump.ts") : null;
    const interfaces = data === null ? null : await this.#dependencies.readInterfaces();
    const status = this.#dependencies.status();
    if (status === null) return null;
    const { configuration, instances } = status;
    const nowUs = this.#dependencies.nowUs();
    if (data !== null && interfaces !== null) {
      const { bfdSessions, tracked = null } = status;
      const moments = { nowUs, wallUs: Date.now() * 1000 };
      const sources = { configuration, instances, bfdSessions, tracked, interfaces, ownUser: ownUser(), ...moments };
      return data.renderData(sources);
    }
    if (instances.length === 0) return null;
    const counts = instances.map((instance) => statistics.statisticsOf(instance));
    const since = (now: InstanceStatistics): InstanceStatistics =>
      statistics.statisticsSince(this.#zeroed.get(now.name) ?? null, now);
    if (json === null) {
      const text = statistics.renderStatistics(counts.map(since));
      if (kind === "STATS_CLEAR") this.#zeroed = new Map(counts.map((count) => [count.name, count]));
      return text;
    }
    const configs = new Map(configuration.vrrpInstances.map((config) => [config.name, config]));
    const shown = instances.flatMap((snapshot) => {
      const config = configs.get(snapshot.name);
      const lastTransitionSec = Date.now() / 1000 - (nowUs - snapshot.sinceUs) / 1_000_000;
      const counted = since(statistics.statisticsOf(snapshot));
      return config === undefined
        ? []
        : [{ config, snapshot, statistics: counted, lastTransitionSec, scripts: configuration.scripts }];
    });
    return json.renderJson(shown, configuration.global.dumps.jsonVersion, status.tracked?.processes);
  }
}
