import type { TrackedObject } from "../model/tracking.ts";

/** What a tracked object does to an instance. */
export interface TrackEffect {
  /** Added to the priority. */
  readonly weight: number;
  readonly isFault: boolean;
}

type Rule = Pick<TrackedObject, "weight" | "isReversed">;

const HIGHEST_WEIGHT = 253;
const FAULT_VALUE = -254;

export const NO_EFFECT: TrackEffect = { weight: 0, isFault: false };

/**
 * Of an object that is good or bad: a positive weight adds while it is good, a negative one subtracts while it is bad,
 * and without a weight bad is a fault. Reversed, what was added is subtracted and the other way round, and good is the fault.
 * @param isGood null: nothing is known yet, so nothing counts
 */
export function verdictEffect({ weight, isReversed }: Rule, isGood: boolean | null): TrackEffect {
  if (isGood === null) return NO_EFFECT;
  if (weight === 0) return { weight: 0, isFault: isGood === isReversed };
  return { weight: signedWeight({ weight, isReversed }, isGood), isFault: false };
}

/** What a good or bad object with a weight adds to the priority. */
export function signedWeight({ weight, isReversed }: Rule, isGood: boolean): number {
  if (isGood !== weight > 0) return 0;
  return isReversed ? -weight : weight;
}

/** Of a number in a file: value x weight; -254 and less is a fault, and so is anything but 0 without a weight. */
export function valueEffect({ weight, isReversed }: Rule, value: number): TrackEffect {
  if (weight === 0) return { weight: 0, isFault: (value !== 0) !== isReversed };
  const product = value * weight * (isReversed ? -1 : 1);
  if (product <= FAULT_VALUE) return { weight: 0, isFault: true };
  return { weight: Math.min(HIGHEST_WEIGHT, product), isFault: false };
}

/** keepalived: in C's notation, so that 010 is 8. */
const LEADING_NUMBER = /^\s*([+-]?)(?:0x([0-9a-f]+)|(0[0-7]*)|([1-9][0-9]*))/i;
const LARGEST = 2 ** 31;

/** @returns the number a file begins with; 0 when it is missing, empty or begins otherwise; null for one that is too large to count */
export function fileValue(text: string | null): number | null {
  const [, sign, hexadecimal, octal, decimal] = LEADING_NUMBER.exec(text ?? "") ?? [];
  const size = Number.parseInt(hexadecimal ?? octal ?? decimal ?? "0", hexadecimal ? 16 : octal ? 8 : 10);
  return size > LARGEST ? null : sign === "-" && size > 0 ? -size : size;
}
