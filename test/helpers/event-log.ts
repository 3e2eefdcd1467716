/** A log of what happened that can also be waited on: nothing between two looks is missed. */
export class EventLog<Item> {
  readonly #items: Item[] = [];
  readonly #wakeups = new Set<() => void>();
  #endReason: string | null = null;

  /** All items so far, oldest first. */
  get items(): readonly Item[] {
    return this.#items;
  }

  /** Use as `from` of `waitFor`: only what happens from now on counts. */
  get position(): number {
    return this.#items.length;
  }

  push(item: Item): void {
    this.#items.push(item);
    this.#wake();
  }

  /** No more items will come; waits that are not fulfilled fail at once. */
  end(reason: string): void {
    this.#endReason ??= reason;
    this.#wake();
  }

  /**
   * @param what named in the error
   * @param matches first item for which this holds ends the wait
   * @param options `from`: position to start at, default 0; `timeoutMs`: default 20000
   * @returns the item
   */
  async waitFor(
    what: string,
    matches: (item: Item) => boolean,
    options: { readonly from?: number; readonly timeoutMs?: number } = {},
  ): Promise<Item> {
    const deadlineMs = performance.now() + (options.timeoutMs ?? 20_000);
    let next = options.from ?? 0;
    for (;;) {
      for (; next < this.#items.length; next += 1) {
        const item = this.#items[next];
        if (item !== undefined && matches(item)) return item;
      }
      if (this.#endReason !== null) throw new Error(`waited for ${what}, but ${this.#endReason}`);
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) throw new Error(`waited in vain for ${what}`);
      await this.#nextWakeup(leftMs);
    }
  }

  #nextWakeup(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wakeup = (): void => {
        clearTimeout(timer);
        this.#wakeups.delete(wakeup);
        resolve();
      };
      const timer = setTimeout(wakeup, timeoutMs);
      this.#wakeups.add(wakeup);
    });
  }

  #wake(): void {
    for (const wakeup of [...this.#wakeups]) wakeup();
  }
}

/**
 * For state that can only be read, not listened to.
 * @param read null while it is not there yet
 * @param options `timeoutMs`: default 20000; `intervalMs`: default 20
 */
export async function waitUntil<Value>(
  what: string,
  read: () => Value | null,
  options: { readonly timeoutMs?: number; readonly intervalMs?: number } = {},
): Promise<Value> {
  const deadlineMs = performance.now() + (options.timeoutMs ?? 20_000);
  for (;;) {
    const value = read();
    if (value !== null) return value;
    if (performance.now() > deadlineMs) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, options.intervalMs ?? 20));
  }
}
