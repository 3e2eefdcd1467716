/** A number read from a word, with what was odd about it. */
export interface NumberReading {
  /** Null when the word holds no number at all. */
  readonly value: number | null;
  readonly problem: "none" | "junk" | "decimals";
}

const INTEGER = /^[ \t]*([+-]?[0-9]+)(.*)$/s;

const MOST_PLAIN_DIGITS = 15;

/** The number of a word made of a few decimal digits only, the usual case; -1 for all others. */
function readPlainDigits(word: string): number {
  if (word.length === 0 || word.length > MOST_PLAIN_DIGITS) return -1;
  let value = 0;
  for (let i = 0; i < word.length; i++) {
    const digit = word.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Decimal digits only; what follows them is junk that keepalived overlooks in normal running. */
export function readInteger(word: string): NumberReading {
  const plain = readPlainDigits(word);
  if (plain >= 0) return { value: plain, problem: "none" };
  const match = INTEGER.exec(word);
  if (match === null) return { value: null, problem: "junk" };
  return { value: Number(match[1]), problem: match[2] === "" ? "none" : "junk" };
}

const LARGEST_PORT = 65_535;

/** @returns a port from 1 to 65535 that is nothing but digits, else null */
export function readPort(word: string): number | null {
  const { value, problem } = readInteger(word);
  return value !== null && problem === "none" && value >= 1 && value <= LARGEST_PORT ? value : null;
}

const DECIMAL = /^[ \t]*([+-]?)([0-9]*)(?:\.([0-9]*))?(.*)$/s;

/**
 * Reads digits with an optional fraction.
 * @param digits resolution: more fractional digits are rounded away and reported
 * @returns millionths
 */
export function readDecimal(word: string, digits: 3 | 6): NumberReading {
  const plain = readPlainDigits(word);
  if (plain >= 0) return { value: Math.min(Number.MAX_SAFE_INTEGER, plain * 1_000_000), problem: "none" };
  const match = DECIMAL.exec(word);
  const whole = match?.[2] ?? "";
  const fraction = match?.[3] ?? "";
  if (match === null || whole + fraction === "") return { value: null, problem: "junk" };
  const kept = Number(fraction.slice(0, digits).padEnd(digits, "0"));
  const isRoundedUp = fraction.length > digits && fraction.charCodeAt(digits) >= 53;
  const scale = 10 ** (6 - digits);
  const magnitude = Number(whole) * 1_000_000 + (kept + (isRoundedUp ? 1 : 0)) * scale;
  const value = Math.min(Number.MAX_SAFE_INTEGER, magnitude) * (match[1] === "-" ? -1 : 1);
  if (match[4] !== "") return { value, problem: "junk" };
  const hasMoreDigits = fraction.length > digits;
  return { value, problem: hasMoreDigits ? "decimals" : "none" };
}

/** Exactly `on true yes` or `off false no`. */
export function readBoolean(word: string): boolean | null {
  if (word === "on" || word === "true" || word === "yes") return true;
  if (word === "off" || word === "false" || word === "no") return false;
  return null;
}

const YEAR_US = 365 * 86_400 * 1_000_000;

/** The native loops plan no further ahead. */
export function atMostAYear(timeUs: number): number {
  return Math.min(YEAR_US, timeUs);
}
