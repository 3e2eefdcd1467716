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

/** As above. */
export function trueFalse(flag: boolean): string {
  return flag ? "true" : "false";
}

export function userText({ uid, gid }: { readonly uid: number; readonly gid: number }): string {
  return `${uid}:${gid}`;
}

/** As C's `%g`: six significant digits, no zeros at the end. */
export function gNumber(value: number): string {
  return String(Number(value.toPrecision(6)));
}

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

interface Moment {
  /** `1795936620.327597` */
  readonly seconds: string;
  /** `Sun Nov 29 07:17:00` */
  readonly time: string;
  /** `.327597` */
  readonly fraction: string;
  readonly year: number;
}

function moment(us: number): Moment {
  const whole = Math.floor(us / 1_000_000);
  const fraction = `.${String(Math.floor(us - whole * 1_000_000)).padStart(6, "0")}`;
  const at = new Date(whole * 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${WEEKDAYS[at.getDay()]} ${MONTHS[at.getMonth()]} ${String(at.getDate()).padStart(2)}`;
  const time = `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return { seconds: `${whole}${fraction}`, time, fraction, year: at.getFullYear() };
}

/**
 * A moment as seconds and as local time: `1795936620.327597 (Sun Nov 29 07:17:00.327597 2026)`.
 * @param us wall clock, microseconds since 1970
 */
export function momentText(us: number): string {
  const { seconds, time, fraction, year } = moment(us);
  return `${seconds} (${time}${fraction} ${year})`;
}

/** As above, as the peer has it elsewhere: the year before the fraction. */
export function plainMoment(us: number): string {
  const { seconds, time, fraction, year } = moment(us);
  return `${seconds} (${time} ${year}${fraction})`;
}
