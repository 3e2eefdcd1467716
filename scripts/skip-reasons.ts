/** Counts why tests were skipped, to say it once per reason. */
export class SkipReasons {
  readonly #counts = new Map<string, number>();

  add(reason: string): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
  }

  /** @returns one line per reason, most frequent first */
  get lines(): readonly string[] {
    return [...this.#counts]
      .sort(([, left], [, right]) => right - left)
      .map(([reason, count]) => `skipped ${count}: ${reason}`);
  }
}
