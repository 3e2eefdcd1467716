import { closeSync, constants, fstatSync, openSync, unlinkSync, writeSync } from "node:fs";
import type { NotifyFifo } from "../model/command.ts";
import { errorCode, errorText } from "./error-code.ts";
import type { SpokenRecord } from "./log.ts";
import { resolveCommand } from "./script-command.ts";
import type { ScriptRun, ScriptRunner } from "./script-runner.ts";

export interface NotifyPipeDependencies {
  readonly runner: Pick<ScriptRunner, "start" | "makeFifo">;
  readonly log: (record: SpokenRecord) => void;
}

const MODE = 0o644;

/** A named pipe that takes lines and never waits for its reader. */
export class NotifyPipe {
  readonly config: NotifyFifo;
  readonly #dependencies: NotifyPipeDependencies;
  #fd: number | null = null;
  #isOurs = false;
  #script: ScriptRun | null = null;
  #dropped = 0;

  private constructor(config: NotifyFifo, dependencies: NotifyPipeDependencies) {
    this.config = config;
    this.#dependencies = dependencies;
  }

  /** Makes the FIFO if it is missing, opens it and starts its script. One that cannot be used drops what is written. */
  static async open(config: NotifyFifo, dependencies: NotifyPipeDependencies): Promise<NotifyPipe> {
    const pipe = new NotifyPipe(config, dependencies);
    const problem = await dependencies.runner.makeFifo(config.path, MODE, config.user);
    pipe.#isOurs = problem === null;
    if (problem !== null && problem !== "EEXIST") pipe.#complain(`cannot be made: ${problem}`);
    else pipe.#open();
    return pipe;
  }

  /** All of it or, when the reader is too slow, nothing. */
  write(text: string): void {
    if (this.#fd === null) return;
    try {
      writeSync(this.#fd, text);
      this.#dropped = 0;
    } catch (error) {
      this.#dropped += 1;
      if (this.#dropped === 1) this.#complain(`not written: ${errorText(error)}`);
    }
  }

  /** Removes the FIFO if it was made here. Idempotent. */
  close(): void {
    this.#script?.terminate();
    this.#script = null;
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
    if (!this.#isOurs) return;
    this.#isOurs = false;
    try {
      unlinkSync(this.config.path);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") this.#complain(`not removed: ${errorText(error)}`);
    }
  }

  #open(): void {
    const { path, script } = this.config;
    try {
      const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW);
      const problem = this.#whyNot(fd);
      if (problem === null) this.#fd = fd;
      else {
        closeSync(fd);
        this.#complain(problem);
        return;
      }
    } catch (error) {
      this.#complain(`cannot be opened: ${errorText(error)}`);
      return;
    }
    if (script === null) return;
    this.#script = this.#dependencies.runner.start(
      { ...resolveCommand(script, [path]), timeoutMs: 0 },
      {
        onEnd: (end) => {
          this.#script = null;
          if (end.kind === "not-started") this.#complain(`script not started: ${end.reason}`);
        },
      },
    );
  }

  /** Somebody else could have put something there. */
  #whyNot(fd: number): string | null {
    const info = fstatSync(fd);
    if (!info.isFIFO()) return "is not a FIFO";
    const owners = [0, process.getuid?.() ?? 0, this.config.user?.uid ?? 0];
    return owners.includes(info.uid) ? null : "belongs to somebody else";
  }

  #complain(what: string): void {
    const { path } = this.config;
    this.#dependencies.log({
      level: "error",
      message: "notify FIFO",
      fields: { path, reason: what },
      text: `Notify FIFO ${path} ${what}`,
    });
  }
}
