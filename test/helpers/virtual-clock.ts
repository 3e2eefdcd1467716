/** Timers on a clock that only moves when a test says so. */
export class VirtualClock {
  #nowUs = 0;
  #timers: { readonly atUs: number; readonly run: () => void }[] = [];

  nowUs(): number {
    return this.#nowUs;
  }

  after(delayUs: number, callback: () => void): () => void {
    const timer = { atUs: this.#nowUs + delayUs, run: callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  nextUs(): number | null {
    return this.#timers.length === 0 ? null : Math.min(...this.#timers.map(({ atUs }) => atUs));
  }

  /** Moves on without running anything that is due: the main thread is blocked. */
  sleepTo(atUs: number): void {
    this.#nowUs = Math.max(this.#nowUs, atUs);
  }

  /** Runs what is due by now. */
  runDue(): void {
    for (;;) {
      const due = this.#timers
        .filter(({ atUs }) => atUs <= this.#nowUs)
        .reduce<{ atUs: number; run: () => void } | null>(
          (first, timer) => (first === null || timer.atUs < first.atUs ? timer : first),
          null,
        );
      if (due === null) return;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      due.run();
    }
  }
}
