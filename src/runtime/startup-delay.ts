import type { Microseconds } from "../model/units.ts";

export interface StartupDelays {
  /** `vrrp_startup_delay`: counted from the daemon's start. */
  readonly startupDelayUs: Microseconds;
  /** `vrrp_delay_after_boot`: counted from the machine's start. */
  readonly delayAfterBootUs: Microseconds;
}

/**
 * How long VRRP holds back; the longer wait of both wins.
 * @param uptimeUs CLOCK_MONOTONIC, which starts with the machine
 */
export function vrrpStartupDelayUs(delays: StartupDelays, uptimeUs: Microseconds): Microseconds {
  return Math.max(delays.startupDelayUs, delays.delayAfterBootUs - uptimeUs, 0);
}
