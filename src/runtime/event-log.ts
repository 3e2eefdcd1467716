import type { LogFields, LogLevel, LogRecord, LogSink, LogSubsystem } from "./log.ts";
import { renderText } from "./log-text.ts";
import { DAEMON_TEXTS } from "./log-texts.ts";

/** Something that was logged, with its place in the order of this run. */
export interface LoggedEvent {
  /** From 1, without gaps. */
  readonly sequence: number;
  /** Wall clock, milliseconds since 1970. */
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly subsystem: LogSubsystem;
  /** A constant, for programs. */
  readonly message: string;
  readonly fields: LogFields;
  /** For people. */
  readonly text: string;
}

export interface Replay {
  /** Events between what was asked for and the first one that is still known. */
  readonly missed: number;
  readonly events: readonly LoggedEvent[];
}

type Listener = (event: LoggedEvent) => void;

/** The last events of this run, and whoever follows them. Memory is bounded by the capacity. */
export class EventLog implements LogSink {
  readonly #capacity: number;
  /** A ring: the one with sequence number n is at (n - 1) modulo the capacity. */
  readonly #events: LoggedEvent[] = [];
  readonly #listeners = new Set<Listener>();
  #last = 0;

  /** @param capacity events that are kept */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Sequence number of the newest event; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  write(record: LogRecord): void {
    const { timeMs, level, subsystem, message, fields } = record;
    const text = renderText(record, DAEMON_TEXTS);
    const event = { sequence: this.#last + 1, timeMs, level, subsystem, message, fields, text };
    this.#events[this.#last % this.#capacity] = event;
    this.#last += 1;
    for (const listener of this.#listeners) listener(event);
  }

  /** @param sequence the last one that the asker has seen; 0 for none */
  since(sequence: number): Replay {
    const first = this.#last - this.#events.length + 1;
    const wanted = Math.max(0, sequence) + 1;
    const oldestFirst = this.#events.toSorted((left, right) => left.sequence - right.sequence);
    return { missed: Math.max(0, first - wanted), events: oldestFirst.filter((event) => event.sequence >= wanted) };
  }

  /** @returns a function that ends it */
  follow(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): Promise<void> {
    this.#listeners.clear();
    return Promise.resolve();
  }
}
