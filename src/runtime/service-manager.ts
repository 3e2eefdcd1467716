import type { DatagramSender } from "../native/contract.ts";
import { errorText } from "./error-code.ts";
import type { Logger } from "./log.ts";

/** Tells systemd how the daemon is. Every call is harmless without systemd. */
export interface ServiceManager {
  ready(): void;
  /** @param monotonicUs CLOCK_MONOTONIC, which `Type=notify-reload` wants to see */
  reloading(monotonicUs: number): void;
  /** @param text one line, shown by `systemctl status` */
  status(text: string): void;
  stopping(): void;
  /** @param exitCode of a start that failed for good */
  failed(exitCode: number): void;
}

/** `WatchdogSec=` of the unit. */
export interface ServiceWatchdog {
  /** Without a word for this long the daemon is killed; null when nobody watches. */
  readonly timeoutUs: number | null;
  alive(): void;
  /** Asks to be killed at once. */
  hung(): void;
}

/** A service manager, and what it watches. */
export interface WatchingManager extends ServiceManager {
  readonly watchdog: ServiceWatchdog;
}

const NOBODY: WatchingManager = {
  ready: () => {},
  reloading: () => {},
  status: () => {},
  stopping: () => {},
  failed: () => {},
  watchdog: { timeoutUs: null, alive: () => {}, hung: () => {} },
};

/** Taken out of the environment like the socket. @see sd_watchdog_enabled(3) */
function takeWatchdogTimeout(environment: NodeJS.ProcessEnv): number | null {
  const timeoutUs = Number(environment["WATCHDOG_USEC"]);
  const pid = environment["WATCHDOG_PID"];
  delete environment["WATCHDOG_USEC"];
  delete environment["WATCHDOG_PID"];
  const isOurs = pid === undefined || Number(pid) === process.pid;
  return isOurs && Number.isSafeInteger(timeoutUs) && timeoutUs > 0 ? timeoutUs : null;
}

/**
 * Takes NOTIFY_SOCKET out of the environment, so that scripts do not speak for the daemon.
 * @see sd_notify(3)
 */
export function openServiceManager(
  environment: NodeJS.ProcessEnv,
  openDatagram: (path: string) => DatagramSender,
  log: Logger,
): WatchingManager {
  const path = environment["NOTIFY_SOCKET"];
  delete environment["NOTIFY_SOCKET"];
  const timeoutUs = takeWatchdogTimeout(environment);
  if (path === undefined || !/^[/@]/.test(path)) return NOBODY;
  let sender: DatagramSender;
  try {
    sender = openDatagram(path);
  } catch (error) {
    log.warning("service manager not reached", { path, reason: errorText(error) });
    return NOBODY;
  }
  const send = (...lines: readonly string[]): void => {
    sender.send(Buffer.from(lines.join("\n")));
  };
  return {
    ready: () => send("READY=1", `MAINPID=${process.pid}`),
    reloading: (monotonicUs) => send("RELOADING=1", `MONOTONIC_USEC=${monotonicUs}`),
    status: (text) => send(`STATUS=${text}`),
    stopping: () => send("STOPPING=1"),
    failed: (exitCode) => send(`ERRNO=${exitCode}`),
    watchdog: { timeoutUs, alive: () => send("WATCHDOG=1"), hung: () => send("WATCHDOG=trigger") },
  };
}
