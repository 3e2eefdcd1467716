/** An object identifier; each number is 0..2^32-1. */
export type Oid = readonly number[];

/** RFC 2578 §7.1.3: no identifier is longer. */
export const LONGEST_OID = 128;

/** Lexicographic order. @returns negative, 0 or positive */
export function compareOids(left: Oid, right: Oid): number {
  const shared = Math.min(left.length, right.length);
  for (let at = 0; at < shared; at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

export function isBelow(oid: Oid, root: Oid): boolean {
  return oid.length >= root.length && root.every((part, at) => oid[at] === part);
}

/** @param text dotted numbers, with or without a dot in front */
export function parseOid(text: string): Oid {
  return text.replace(/^\./, "").split(".").map(Number);
}
