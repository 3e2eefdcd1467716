import { rmSync } from "node:fs";
import type { ReloadSettings } from "../model/global-complete.ts";
import { errorText } from "./error-code.ts";
import type { Logger } from "./log.ts";
import { readReloadTime, reloadTimeText } from "./reload-time.ts";
import type { VrrpClock } from "./vrrp-types.ts";
import { readShortFile, WatchedFile } from "./watched-file.ts";

export interface ReloadScheduleDependencies {
  /** Since 1970. */
  readonly nowMs: () => number;
  readonly clock: Pick<VrrpClock, "after">;
  readonly log: Logger;
  readonly reload: () => void;
}

type Settings = Pick<ReloadSettings, "timeFile" | "repeatsDaily">;

/** The clock may be set meanwhile, and no timer counts further than 2^31 ms. */
const LONGEST_WAIT_MS = 60_000;

/**
 * `reload_time_file`: reloads at the moment that a file names, and follows the file. One that has had its reload is
 * removed, unless `reload_repeat` asks for the same time every day.
 */
export class ReloadSchedule {
  readonly #dependencies: ReloadScheduleDependencies;
  #settings: Settings = { timeFile: null, repeatsDaily: false };
  #watched: WatchedFile | null = null;
  #atMs: number | null = null;
  #isDaily = false;
  #cancel: () => void = () => undefined;

  constructor(dependencies: ReloadScheduleDependencies) {
    this.#dependencies = dependencies;
  }

  /** Start or reload. */
  configure(settings: Settings): void {
    const isSameFile = settings.timeFile === this.#settings.timeFile;
    this.#settings = settings;
    if (isSameFile) return;
    this.close();
    const { timeFile } = settings;
    if (timeFile === null) return;
    this.#watched = new WatchedFile(timeFile, {
      clock: this.#dependencies.clock,
      onText: (text) => this.#take(text),
      onTrouble: (reason) => this.#dependencies.log.error("reload time not watched", { path: timeFile, reason }),
    });
    this.#take(readShortFile(timeFile));
  }

  close(): void {
    this.#watched?.close();
    this.#watched = null;
    this.#unset();
  }

  /** @param text null when there is no file */
  #take(text: string | null): void {
    const line = (text ?? "").split("\n", 1)[0] ?? "";
    const time = line === "" ? null : readReloadTime(line, this.#dependencies.nowMs());
    if (time?.kind === "invalid") this.#dependencies.log.warning("reload time invalid", { time: line });
    if (time?.kind === "past") this.#dependencies.log.warning("reload time past", { time: line });
    const hasMoment = time?.kind === "daily" || time?.kind === "once";
    this.#set(hasMoment ? time.atMs : null, time?.kind === "daily");
  }

  #set(atMs: number | null, isDaily: boolean): void {
    const { log } = this.#dependencies;
    const before = this.#atMs;
    this.#isDaily = isDaily;
    if (atMs === before) return;
    this.#unset();
    if (before !== null && atMs !== null) {
      log.info("reload time updated", { from: reloadTimeText(before), to: reloadTimeText(atMs) });
    } else if (before !== null) log.info("reload unscheduled", { at: reloadTimeText(before) });
    else if (atMs !== null) log.info("reload scheduled", { at: reloadTimeText(atMs) });
    if (atMs !== null) this.#wait(atMs);
  }

  #unset(): void {
    this.#cancel();
    this.#atMs = null;
  }

  #wait(atMs: number): void {
    this.#atMs = atMs;
    const leftMs = atMs - this.#dependencies.nowMs();
    this.#cancel = this.#dependencies.clock.after(Math.max(0, Math.min(leftMs, LONGEST_WAIT_MS)) * 1000, () => {
      if (this.#dependencies.nowMs() < atMs) this.#wait(atMs);
      else this.#fire();
    });
  }

  #fire(): void {
    const { timeFile, repeatsDaily } = this.#settings;
    this.#atMs = null;
    if (this.#isDaily && repeatsDaily && timeFile !== null) this.#take(readShortFile(timeFile));
    else if (timeFile !== null) this.#remove(timeFile);
    this.#dependencies.reload();
  }

  #remove(path: string): void {
    try {
      rmSync(path, { force: true });
    } catch (error) {
      this.#dependencies.log.warning("reload time not removed", { path, reason: errorText(error) });
    }
  }
}
