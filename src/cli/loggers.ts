import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NativeAddon } from "../native/contract.ts";
import { errorText } from "../runtime/error-code.ts";
import { EventLog } from "../runtime/event-log.ts";
import { createLogger, type Logger, type LogSink } from "../runtime/log.ts";
import { type LineOutput, openConsole, openLogFile } from "../runtime/log-output.ts";
import { createJsonSink, createSyslogSink, createTextSink } from "../runtime/log-sinks.ts";
import { renderText } from "../runtime/log-text.ts";
import { DAEMON_TEXTS } from "../runtime/log-texts.ts";
import type { Flags } from "./flags.ts";

export interface Logging {
  readonly log: Logger;
  /** The last things said. */
  readonly events: EventLog;
  /** `_NAMESPACE_INSTANCE`, once the configuration is known. */
  setIdentSuffix(suffix: string): void;
  /** From now on problems are no longer told to whoever typed the command. */
  endStart(): void;
  /** Writes what is pending, within half a second. */
  close(): Promise<void>;
}

const STDERR = 2;
/** Enough to find out what happened, at about 500 octets each. */
const REMEMBERED_EVENTS = 2000;
const SYSLOG_SOCKET = "/dev/log";

/** Tells errors to the person at the terminal while the daemon starts, where they might see no log. */
function createStartSink(say: (text: string) => void, isActive: () => boolean): LogSink {
  return {
    write: (record) => {
      if (record.level === "error" && isActive()) say(renderText(record, DAEMON_TEXTS));
    },
    close: async () => {},
  };
}

function lineSink(output: LineOutput, flags: Flags): Promise<LogSink> | LogSink {
  return flags.logFormat === "json" ? createJsonSink(output, DAEMON_TEXTS) : createTextSink(output, DAEMON_TEXTS);
}

/** TMP/keepalived.log, where TMP is TMPDIR or /tmp. */
function logFilePath(flags: Flags): string {
  return flags.logFile === "" || flags.logFile === null ? join(tmpdir(), "keepalived.log") : flags.logFile;
}

/**
 * Opens the outputs that the command line asks for.
 * @param say the standard error of the command
 */
export async function openLogging(
  flags: Flags,
  native: Pick<NativeAddon, "openDatagram">,
  say: (text: string) => void,
): Promise<Logging> {
  const events = new EventLog(REMEMBERED_EVENTS);
  const sinks: LogSink[] = [events];
  let suffix = "";
  let isStarting = true;
  if (flags.logsToConsole) sinks.push(await lineSink(openConsole(STDERR), flags));
  else sinks.push(createStartSink(say, () => isStarting));
  if (flags.logFile !== null) {
    try {
      sinks.push(await lineSink(openLogFile(logFilePath(flags)), flags));
    } catch (error) {
      say(`Cannot open log file: ${errorText(error)}`);
    }
  }
  if (flags.logsToSyslog) {
    const { facility } = flags;
    const open = (): ReturnType<NativeAddon["openDatagram"]> => native.openDatagram(SYSLOG_SOCKET);
    sinks.push(createSyslogSink({ facility, pid: process.pid, texts: DAEMON_TEXTS, identSuffix: () => suffix, open }));
  }
  return {
    log: createLogger({ sinks, detailLevel: flags.detailLevel, nowMs: Date.now }),
    events,
    setIdentSuffix: (text) => {
      suffix = text;
    },
    endStart: () => {
      isStarting = false;
    },
    close: async () => {
      await Promise.all(sinks.map((sink) => sink.close()));
    },
  };
}
