import type { Logger } from "./log.ts";

/** What a signal asks for. */
export interface SignalHandlers {
  readonly stop: () => void;
  readonly reload: () => void;
  /** A dump or statistics file, for example `DATA`. */
  readonly dump: (what: "DATA" | "STATS" | "STATS_CLEAR" | "JSON") => void;
  /** A real-time thread ran into `*_rlimit_rttime`. */
  readonly cpuLimitPassed: () => void;
}

/** The part of `process` that is used here. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
}

/** Real-time signals, for which Node has no names: `NativeAddon.watchSignals`. */
export type WatchSignals = (signals: readonly number[], onSignal: (signal: number) => void) => boolean;

export interface SignalOptions {
  /** `--ignore-sigint` */
  readonly ignoresSigint: boolean;
}

/** Signals that would end the process by default and mean nothing here. */
const IGNORED: readonly NodeJS.Signals[] = [
  "SIGPIPE",
  "SIGALRM",
  "SIGVTALRM",
  "SIGXFSZ",
  "SIGIO",
  "SIGPWR",
  "SIGSTKFLT",
];

/** SIGRTMIN+2 and SIGRTMAX-1, as keepalived has them. */
const DUMP_SIGNALS: ReadonlyMap<number, "JSON" | "STATS_CLEAR"> = new Map([
  [36, "JSON"],
  [63, "STATS_CLEAR"],
]);
/** The C library keeps 32 and 33 for itself. */
const REALTIME_SIGNALS: readonly number[] = Array.from({ length: 31 }, (_, index) => 34 + index);

/** Listens to the real-time signals; those without a meaning are ignored instead of deadly. */
export function listenToRealtimeSignals(watch: WatchSignals, handlers: SignalHandlers, log: Logger): void {
  watch(REALTIME_SIGNALS, (signal) => {
    const what = DUMP_SIGNALS.get(signal);
    if (what === undefined) log.detail("signal ignored", { signal });
    else handlers.dump(what);
  });
}

/**
 * Listens to keepalived's signals. What the kernel sends for a crash is left alone.
 * @returns a function that ends listening
 */
export function listenToSignals(
  source: SignalSource,
  options: SignalOptions,
  handlers: SignalHandlers,
  log: Logger,
): () => void {
  const table: [NodeJS.Signals, () => void][] = [
    ["SIGTERM", handlers.stop],
    ["SIGINT", options.ignoresSigint ? (): void => {} : handlers.stop],
    ["SIGHUP", handlers.reload],
    ["SIGUSR1", () => handlers.dump("DATA")],
    ["SIGUSR2", () => handlers.dump("STATS")],
    ["SIGXCPU", handlers.cpuLimitPassed],
    ...IGNORED.map((signal): [NodeJS.Signals, () => void] => [signal, () => log.detail("signal ignored", { signal })]),
  ];
  for (const [signal, listener] of table) source.on(signal, listener);
  return () => {
    for (const [signal, listener] of table) source.off(signal, listener);
  };
}
