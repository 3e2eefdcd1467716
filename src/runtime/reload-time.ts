/** What a `reload_time_file` says, as keepalived understands it. */
export type ReloadTime =
  /** `HH:MM:SS`: the next such moment, today or tomorrow. */
  | { readonly kind: "daily"; readonly atMs: number }
  /** With a date: that moment alone. */
  | { readonly kind: "once"; readonly atMs: number }
  | { readonly kind: "past" }
  | { readonly kind: "invalid" };

const FORM = /^(?:(\d{2}|\d{4})-(\d{2})-(\d{2}) )?(\d{2}):(\d{2}):(\d{2})(Z?)$/;

/** @see POSIX strptime, %y */
const FIRST_YEAR_OF_1900S = 69;

function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length === 4) return year;
  return year < FIRST_YEAR_OF_1900S ? 2000 + year : 1900 + year;
}

type Fields = readonly [year: number, month: number, day: number, hour: number, minute: number, second: number];

/** @returns null where a field is out of range, such as the 30th of February */
function momentOf(fields: Fields, isUtc: boolean): number | null {
  const [year, month, day, hour, minute, second] = fields;
  if (hour > 23 || minute > 59 || second > 59) return null;
  const date = isUtc
    ? new Date(Date.UTC(year, month - 1, day, hour, minute, second))
    : new Date(year, month - 1, day, hour, minute, second);
  const [foundMonth, foundDay] = isUtc
    ? [date.getUTCMonth() + 1, date.getUTCDate()]
    : [date.getMonth() + 1, date.getDate()];
  return foundMonth === month && foundDay === day ? date.getTime() : null;
}

function dayOf(date: Date, isUtc: boolean): readonly [year: number, month: number, day: number] {
  return isUtc
    ? [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]
    : [date.getFullYear(), date.getMonth() + 1, date.getDate()];
}

/** The same time of the next day, which is not always 24 hours later. */
function dayLater(atMs: number, isUtc: boolean): number {
  const date = new Date(atMs);
  return isUtc ? date.setUTCDate(date.getUTCDate() + 1) : date.setDate(date.getDate() + 1);
}

/**
 * Reads `HH:MM:SS`, `YY-MM-DD HH:MM:SS` or `YYYY-MM-DD HH:MM:SS`, local time, or UTC with a `Z` at the end.
 * @param line the file's first line, without its end
 * @param nowMs since 1970
 */
export function readReloadTime(line: string, nowMs: number): ReloadTime {
  const match = FORM.exec(line);
  if (match === null) return { kind: "invalid" };
  const [year, month, day, hour, minute, second] = match.slice(1, 7);
  const time = [Number(hour), Number(minute), Number(second)] as const;
  const isUtc = match[7] === "Z";
  if (year !== undefined) {
    const atMs = momentOf([fullYear(year), Number(month), Number(day), ...time], isUtc);
    if (atMs === null) return { kind: "invalid" };
    return atMs > nowMs ? { kind: "once", atMs } : { kind: "past" };
  }
  const today = momentOf([...dayOf(new Date(nowMs), isUtc), ...time], isUtc);
  if (today === null) return { kind: "invalid" };
  return { kind: "daily", atMs: today > nowMs ? today : dayLater(today, isUtc) };
}

/** `2026-11-29 02:17:21`, local time: how keepalived writes it in its log. */
export function reloadTimeText(atMs: number): string {
  const date = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
