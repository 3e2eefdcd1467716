interface Kept<Value> {
  readonly atMs: number;
  readonly value: Promise<Value>;
}

/** Something that is costly to read, kept until somebody wants it fresher. Who asks meanwhile shares one reading. */
export class Aged<Value> {
  readonly #read: () => Promise<Value>;
  readonly #nowMs: () => number;
  #kept: Kept<Value> | null = null;

  /** @param nowMs of a clock that only goes forward */
  constructor(read: () => Promise<Value>, nowMs: () => number = () => performance.now()) {
    this.#read = read;
    this.#nowMs = nowMs;
  }

  /** @param maxAgeMs since the reading began */
  get(maxAgeMs: number): Promise<Value> {
    const nowMs = this.#nowMs();
    if (this.#kept === null || nowMs - this.#kept.atMs >= maxAgeMs) this.#kept = { atMs: nowMs, value: this.#read() };
    return this.#kept.value;
  }

  /** The next one who asks gets what is so then. */
  forget(): void {
    this.#kept = null;
  }
}
