import type { ScriptCommand } from "../model/command.ts";
import type { SpokenRecord } from "./log.ts";
import { resolveCommand } from "./script-command.ts";
import type { ScriptRunner } from "./script-runner.ts";
import type { VrrpClock } from "./vrrp-types.ts";

/** One call of a notify script. */
export interface NotifyCall {
  readonly command: ScriptCommand;
  /** Appended to the command's own words. */
  readonly words: readonly string[];
}

export interface NotifyScriptsDependencies {
  readonly runner: Pick<ScriptRunner, "start">;
  readonly clock: VrrpClock;
  readonly log: (record: SpokenRecord) => void;
}

/** keepalived starts all scripts of a change at once; here the next one waits for the one before, but not for long. */
const PATIENCE_WITHIN_US = 1_000_000;
/** A script that never ends must not keep the news of later changes from the others. */
const PATIENCE_BETWEEN_US = 10_000_000;

interface Queued {
  readonly call: NotifyCall;
  /** The first of its change: what belongs to the change before may take longer. */
  readonly isFirst: boolean;
}

/** Calls of one instance, group or server, one after the other. */
interface Lane {
  readonly waiting: Queued[];
  /** Counts starts, so that the end of an older script is told from that of the last. */
  started: number;
  isBusy: boolean;
  cancel: () => void;
}

/** Runs notify scripts: serial per owner, independent between owners. */
export class NotifyScripts {
  readonly #dependencies: NotifyScriptsDependencies;
  readonly #lanes = new Map<string, Lane>();
  #running = 0;
  #isHurried = false;
  #idle: (() => void)[] = [];

  constructor(dependencies: NotifyScriptsDependencies) {
    this.#dependencies = dependencies;
  }

  /** @param owner whose calls stay in order */
  call(owner: string, calls: readonly NotifyCall[]): void {
    const lane = this.#lanes.get(owner) ?? { waiting: [], started: 0, isBusy: false, cancel: () => undefined };
    this.#lanes.set(owner, lane);
    lane.waiting.push(...calls.map((call, index) => ({ call, isFirst: index === 0 })));
    this.#advance(owner, lane);
  }

  /** Nothing waits any more from here on. Resolves when all scripts have ended or the time is up. */
  async finish(limitUs: number): Promise<void> {
    this.#isHurried = true;
    for (const [owner, lane] of this.#lanes) this.#next(owner, lane);
    if (this.#running === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#dependencies.clock.after(limitUs, resolve);
      this.#idle.push(() => {
        cancel();
        resolve();
      });
    });
  }

  #advance(owner: string, lane: Lane): void {
    const next = lane.waiting[0];
    if (next === undefined || (lane.isBusy && !this.#isHurried)) return;
    this.#next(owner, lane);
  }

  #next(owner: string, lane: Lane): void {
    lane.cancel();
    const queued = lane.waiting.shift();
    lane.isBusy = queued !== undefined;
    if (queued === undefined) {
      if (this.#lanes.get(owner) === lane) this.#lanes.delete(owner);
      return;
    }
    lane.started += 1;
    const mine = lane.started;
    this.#start(queued.call, () => {
      if (lane.started === mine) this.#next(owner, lane);
    });
    if (this.#isHurried) this.#next(owner, lane);
    else this.#watch(owner, lane, PATIENCE_WITHIN_US);
  }

  /** Looks again after a while: a call of a later change is given more of it. */
  #watch(owner: string, lane: Lane, patienceUs: number): void {
    lane.cancel = this.#dependencies.clock.after(patienceUs, () => {
      const isShort = patienceUs === PATIENCE_WITHIN_US && lane.waiting[0]?.isFirst !== false;
      if (isShort) this.#watch(owner, lane, PATIENCE_BETWEEN_US - PATIENCE_WITHIN_US);
      else this.#next(owner, lane);
    });
  }

  #start({ command, words }: NotifyCall, onEnd: () => void): void {
    this.#running += 1;
    this.#dependencies.runner.start(
      { ...resolveCommand(command, words), timeoutMs: 0 },
      {
        onEnd: (end) => {
          this.#running -= 1;
          if (end.kind === "not-started") this.#complain(command, end.reason);
          onEnd();
          if (this.#running === 0) for (const idle of this.#idle.splice(0)) idle();
        },
      },
    );
  }

  #complain({ argv }: ScriptCommand, reason: string): void {
    const script = argv[0] ?? "";
    const text = `Notify script ${script} could not be started: ${reason}`;
    this.#dependencies.log({ level: "error", message: "notify script not started", fields: { script, reason }, text });
  }
}
