/** Part of the program that speaks; it chooses the syslog ident, as keepalived's processes do. */
export type LogSubsystem = "daemon" | "vrrp" | "checkers" | "bfd";

/** `detail` is shown with `-D`, `debug` with `-D -D`. */
export type LogLevel = "error" | "warning" | "info" | "detail" | "debug";

export type LogValue = string | number | boolean | null | readonly string[];
export type LogFields = Readonly<Record<string, LogValue>>;

/** One thing that was said: a constant message, and what varies as fields. */
export interface LogRecord {
  /** Wall clock, milliseconds since 1970. */
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly subsystem: LogSubsystem;
  readonly message: string;
  readonly fields: LogFields;
  /** The wording for people where the speaker has rendered it already; null: `log-texts.ts` says it. */
  readonly text: string | null;
}

/** What a subsystem that renders its own wording hands over. */
export interface SpokenRecord {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
  readonly text: string;
}

/** Takes records and never blocks or throws. */
export interface LogSink {
  write(record: LogRecord): void;
  /** Resolves, within half a second, when what is pending has been written or given up. Idempotent. */
  close(): Promise<void>;
}

/**
 * What the rest of the program sees of logging. Messages are constants such as `entering active`;
 * `log-texts.ts` says how each reads in keepalived's wording.
 */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  /** Shown with `-D` only. */
  detail(message: string, fields?: LogFields): void;
  /** Shown with `-D -D` only. */
  debug(message: string, fields?: LogFields): void;
  speak(record: SpokenRecord): void;
  /** The same outputs, speaking for another subsystem. */
  forSubsystem(subsystem: LogSubsystem): Logger;
  /** False when a `detail` would be dropped, so that costly fields need not be made. */
  readonly isDetailed: boolean;
}

export interface LoggerOptions {
  readonly sinks: readonly LogSink[];
  /** How often `-D` was given. */
  readonly detailLevel: number;
  readonly nowMs: () => number;
}

const NO_FIELDS: LogFields = {};

function isShown(level: LogLevel, detailLevel: number): boolean {
  return level === "detail" ? detailLevel > 0 : level === "debug" ? detailLevel > 1 : true;
}

/** A logger that hands every record to every sink. */
export function createLogger(options: LoggerOptions, subsystem: LogSubsystem = "daemon"): Logger {
  const write = (level: LogLevel, message: string, fields: LogFields, text: string | null): void => {
    if (!isShown(level, options.detailLevel)) return;
    const record: LogRecord = { timeMs: options.nowMs(), level, subsystem, message, fields, text };
    for (const sink of options.sinks) sink.write(record);
  };
  return {
    error: (message, fields) => write("error", message, fields ?? NO_FIELDS, null),
    warning: (message, fields) => write("warning", message, fields ?? NO_FIELDS, null),
    info: (message, fields) => write("info", message, fields ?? NO_FIELDS, null),
    detail: (message, fields) => write("detail", message, fields ?? NO_FIELDS, null),
    debug: (message, fields) => write("debug", message, fields ?? NO_FIELDS, null),
    speak: (record) => write(record.level, record.message, record.fields, record.text),
    forSubsystem: (other) => createLogger(options, other),
    isDetailed: options.detailLevel > 0,
  };
}

/** Says nothing; for tests and for tools that only compute. */
export const SILENT_LOGGER: Logger = createLogger({ sinks: [], detailLevel: 0, nowMs: () => 0 });
