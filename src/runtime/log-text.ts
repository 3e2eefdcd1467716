import type { LogFields, LogRecord, LogValue } from "./log.ts";

/** A text with `{field}` in it, or a function where the wording depends on the fields. */
export type LogText = string | ((fields: LogFields) => string);

/** How constant messages read in keepalived's wording. */
export type LogTexts = Readonly<Record<string, LogText>>;

const PLACEHOLDER = /\{(\w+)\}/g;

/** Control characters in a name or path must not forge log lines. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the purpose
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/g;

function valueText(value: LogValue | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? value.join(" ") : String(value);
}

function fill(template: string, fields: LogFields): string {
  return template.replace(PLACEHOLDER, (_, name: string) => valueText(fields[name]));
}

function plain(message: string, fields: LogFields): string {
  const words = Object.entries(fields).map(([name, value]) => `${name}=${valueText(value)}`);
  return [message, ...words].join(" ");
}

function word(record: LogRecord, texts: LogTexts): string {
  if (record.text !== null) return record.text;
  const text = Object.hasOwn(texts, record.message) ? texts[record.message] : undefined;
  if (text === undefined) return plain(record.message, record.fields);
  return typeof text === "string" ? fill(text, record.fields) : text(record.fields);
}

/** The line for people and their greps, without time stamp: keepalived's wording where there is one. */
export function renderText(record: LogRecord, texts: LogTexts): string {
  return word(record, texts).replace(CONTROL, "?");
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

function clock(date: Date): string {
  return `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}:${twoDigits(date.getSeconds())}`;
}

/** `Mon Nov 23 02:16:33 2026`, local time: what keepalived puts before console and file lines. */
export function consoleTime(timeMs: number): string {
  const date = new Date(timeMs);
  const day = String(date.getDate()).padStart(2, " ");
  return `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${day} ${clock(date)} ${date.getFullYear()}`;
}

/** `Nov 23 02:16:33`, local time. @see RFC 3164 §4.1.2 */
export function syslogTime(timeMs: number): string {
  const date = new Date(timeMs);
  return `${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2, " ")} ${clock(date)}`;
}
