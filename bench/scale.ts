import { setTimeout as pause } from "node:timers/promises";

/** Set for runs that only show that each case works: waits are cut to a tenth, the numbers mean nothing. */
export const SMOKE_VARIABLE = "HOLDFAST_BENCH_SMOKE";

/** How long a wait is in this run. */
export function scaledMs(ms: number): number {
  return process.env[SMOKE_VARIABLE] === undefined ? ms : ms / 10;
}

/** Warms up, or lets time pass that is measured. */
export function rest(ms: number): Promise<void> {
  return pause(scaledMs(ms));
}

/** @returns the number behind `name=` in a variant, for example 20 for `servers` in `uml servers=20` */
export function settingOf(variant: string, name: string): number {
  const [, value] = new RegExp(`(?:^| )${name}=([0-9.]+)`).exec(variant) ?? [];
  if (value === undefined) throw new Error(`"${variant}" has no ${name}`);
  return Number(value);
}
