import type { CompleteConfiguration } from "../model/complete.ts";
import { type DaemonDependencies, EXIT_CODES } from "./daemon-types.ts";
import { obstacleText } from "./error-code.ts";
import type { PidFile, PidFileRefusal } from "./pid-file.ts";
import type { PidRole } from "./pid-paths.ts";
import { Refusal } from "./refusal.ts";

/** The daemon's pid files: taken by roles, given back all at once. */
export class PidFileKeeper {
  readonly #dependencies: Pick<DaemonDependencies, "log" | "takePidFiles">;
  readonly #roles = new Set<PidRole>();
  #files: readonly PidFile[] = [];

  constructor(dependencies: Pick<DaemonDependencies, "log" | "takePidFiles">) {
    this.#dependencies = dependencies;
  }

  /** Takes those of the roles, all or none. @throws Refusal, told before */
  hold(roles: readonly PidRole[], configuration: CompleteConfiguration): void {
    const { files, refusal } = this.#dependencies.takePidFiles(roles, configuration);
    if (refusal !== null) throw this.#refusalOf(refusal);
    this.#files = [...this.#files, ...files];
    for (const role of roles) this.#roles.add(role);
  }

  /** A part that has work for the first time gets its pid file and keeps it; that it can't is no reason to stop. */
  holdNew(roles: readonly PidRole[], configuration: CompleteConfiguration): void {
    const added = roles.filter((role) => !this.#roles.has(role));
    if (added.length === 0) return;
    try {
      this.hold(added, configuration);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }

  /** Idempotent. */
  close(): void {
    for (const file of this.#files) file.close();
    this.#files = [];
  }

  #refusalOf(refusal: PidFileRefusal): Refusal {
    const { log } = this.#dependencies;
    if (refusal.kind === "running") {
      log.error("already running", { path: refusal.path, pid: refusal.pid });
      return new Refusal(EXIT_CODES.ok);
    }
    const { path, code } = refusal;
    log.error("pid file not written", { path, code, reason: obstacleText(code) });
    return new Refusal(code === "EACCES" || code === "EPERM" ? EXIT_CODES.noPermission : EXIT_CODES.fatal);
  }
}
