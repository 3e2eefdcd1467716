/** As keepalived writes an option that has these two words. */
export function onOff(flag: boolean): string {
  return flag ? "ON" : "OFF";
}

/** As above. */
export function yesNo(flag: boolean): string {
  return flag ? "yes" : "no";
}

/** As above. */
export function enabled(flag: boolean): string {
  return flag ? "enabled" : "disabled";
}

/** Microseconds as seconds with six decimals. */
export function sixDecimals(us: number): string {
  return (us / 1_000_000).toFixed(6);
}

/** A command as the peer prints it: every word in single quotes. */
export function quoted(argv: readonly string[]): string {
  return argv.map((word) => `'${word}'`).join(" ");
}
