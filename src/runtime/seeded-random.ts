/** A fraction, 0 <= n < 1. */
export type Random = () => number;

/**
 * The same numbers for the same seed (`random_seed`): for spreading things, not for secrets.
 * @param seed 0..4294967295
 * @see "mulberry32", in the public domain
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @returns whole numbers, minimum <= n <= maximum */
export function integersOf(random: Random): (minimum: number, maximum: number) => number {
  return (minimum, maximum) => minimum + Math.floor(random() * (maximum - minimum + 1));
}
