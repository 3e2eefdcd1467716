import { isIPv4, isIPv6 } from "node:net";

const WORDS = 8;

function parseIpv6(address: string): Uint8Array {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  const tail = dotted === null ? [] : [...Buffer.from((dotted[2] ?? "").split(".").map(Number))];
  const [head = "", rest] = (dotted?.[1] ?? address).replace(dotted === null ? /^$/ : /(?<!:):$/, "").split("::");
  const wordsOf = (part: string | undefined): number[] =>
    part === undefined || part === ""
      ? []
      : part.split(":").flatMap((word) => (word === "" ? [] : [parseInt(word, 16)]));
  const octetsOf = (words: readonly number[]): number[] => words.flatMap((word) => [word >> 8, word & 255]);
  const before = octetsOf(wordsOf(head));
  const after = [...octetsOf(wordsOf(rest)), ...tail];
  const middle = Math.max(WORDS * 2 - before.length - after.length, 0);
  return Uint8Array.from([...before, ...Array<number>(middle).fill(0), ...after]);
}

/** @returns 4 or 16 octets in network order; null for what is no address */
export function parseAddress(address: string): Uint8Array | null {
  const plain = address.split("%")[0] ?? "";
  if (isIPv4(plain)) return Uint8Array.from(plain.split(".").map(Number));
  return isIPv6(plain) ? parseIpv6(plain) : null;
}
