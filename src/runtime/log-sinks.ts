import type { DatagramSender } from "../native/contract.ts";
import type { LogLevel, LogRecord, LogSink, LogSubsystem } from "./log.ts";
import type { LineOutput } from "./log-output.ts";
import { consoleTime, type LogTexts, renderText, syslogTime } from "./log-text.ts";

/** Console and file lines as keepalived writes them: time, colon, text. */
export function createTextSink(output: LineOutput, texts: LogTexts): LogSink {
  return {
    write: (record) => output.write(`${consoleTime(record.timeMs)}: ${renderText(record, texts)}\n`),
    close: () => output.close(),
  };
}

const PINO_LEVELS = { error: "error", warning: "warn", info: "info", detail: "debug", debug: "trace" } as const;

/** One JSON object a line. pino is imported only when this is asked for: it costs 30 ms at start. */
export async function createJsonSink(output: LineOutput, texts: LogTexts): Promise<LogSink> {
  const { pino } = await import("pino");
  // The record has its own clock, and -D was applied before.
  const logger = pino({ level: "trace", timestamp: false }, { write: (line: string) => output.write(line) });
  return {
    write: (record) => {
      const { timeMs, subsystem, fields, message } = record;
      const text = renderText(record, texts);
      logger[PINO_LEVELS[record.level]]({ time: timeMs, subsystem, ...fields, text }, message);
    },
    close: () => output.close(),
  };
}

export interface SyslogOptions {
  /** Syslog facility code, 0..23. */
  readonly facility: number;
  readonly pid: number;
  readonly texts: LogTexts;
  /** `_NAMESPACE_INSTANCE`, known once the configuration is loaded. */
  readonly identSuffix: () => string;
  /** `NativeAddon.openDatagram("/dev/log")` */
  readonly open: () => DatagramSender;
}

/** keepalived's three processes, so that existing greps and filters on the ident work. */
const IDENTS: Readonly<Record<LogSubsystem, string>> = {
  daemon: "Keepalived",
  vrrp: "Keepalived_vrrp",
  checkers: "Keepalived_healthcheckers",
  bfd: "Keepalived_bfd",
};

/** @see RFC 5424 §6.2.1 */
const SEVERITIES: Readonly<Record<LogLevel, number>> = { error: 3, warning: 4, info: 6, detail: 6, debug: 7 };

const LARGEST_MESSAGE_BYTES = 8000;
const LONGEST_QUEUE = 1000;
const RETRY_MS = 250;

/** The datagram for /dev/log. @see RFC 3164 §4.1 */
export function syslogMessage(record: LogRecord, options: Omit<SyslogOptions, "open">): Buffer {
  const priority = options.facility * 8 + SEVERITIES[record.level];
  const ident = `${IDENTS[record.subsystem]}${options.identSuffix()}[${options.pid}]`;
  const line = `<${priority}>${syslogTime(record.timeMs)} ${ident}: ${renderText(record, options.texts)}`;
  return Buffer.from(line).subarray(0, LARGEST_MESSAGE_BYTES);
}

/** Sends to the system log. While nobody listens there, the first 1000 messages wait and the rest is dropped. */
class SyslogSink implements LogSink {
  private readonly options: SyslogOptions;
  private readonly queue: Buffer[] = [];
  private sender: DatagramSender | null = null;
  private timer: NodeJS.Timeout | null = null;
  private isOpen = true;

  constructor(options: SyslogOptions) {
    this.options = options;
  }

  write(record: LogRecord): void {
    if (!this.isOpen || this.queue.length >= LONGEST_QUEUE) return;
    this.queue.push(syslogMessage(record, this.options));
    if (this.timer === null) this.flush();
  }

  async close(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    if (this.timer !== null) clearTimeout(this.timer);
    this.flush();
    if (this.timer !== null) clearTimeout(this.timer);
    this.sender?.close();
    this.sender = null;
  }

  private flush(): void {
    this.timer = null;
    let sent = 0;
    while (sent < this.queue.length && this.send(this.queue[sent])) sent += 1;
    this.queue.splice(0, sent);
    if (this.queue.length === 0) return;
    // The log daemon is busy or restarting: a new connection finds a new socket at the same path.
    this.sender?.close();
    this.sender = null;
    this.timer = setTimeout(() => this.flush(), RETRY_MS).unref();
  }

  private send(message: Buffer | undefined): boolean {
    if (message === undefined) return true;
    try {
      this.sender ??= this.options.open();
      return this.sender.send(message);
    } catch {
      return false;
    }
  }
}

export function createSyslogSink(options: SyslogOptions): LogSink {
  return new SyslogSink(options);
}
