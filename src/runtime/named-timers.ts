import type { Microseconds } from "../model/units.ts";
import type { VrrpClock } from "./vrrp-types.ts";

/** Timers of which each name has one at a time: a new one replaces the old. */
export class NamedTimers {
  readonly #clock: Pick<VrrpClock, "after">;
  readonly #cancels = new Map<string, () => void>();

  constructor(clock: Pick<VrrpClock, "after">) {
    this.#clock = clock;
  }

  /** @param delayUs negative is at once */
  start(name: string, delayUs: Microseconds, run: () => void): void {
    this.stop(name);
    const cancel = this.#clock.after(Math.max(0, delayUs), () => {
      this.#cancels.delete(name);
      run();
    });
    this.#cancels.set(name, cancel);
  }

  /** Nothing happens when it does not run. */
  stop(name: string): void {
    this.#cancels.get(name)?.();
    this.#cancels.delete(name);
  }

  stopAll(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }
}
