import { readFileSync } from "node:fs";

/** Bits of /proc/PID/status CapEff. @see linux/capability.h */
const NEEDED: Readonly<Record<string, bigint>> = { CAP_NET_ADMIN: 12n, CAP_NET_RAW: 13n };

/**
 * What the daemon may not do, by the text of /proc/self/status. Nothing is reported where the text does not tell.
 * @returns names such as `CAP_NET_RAW`
 */
export function missingCapabilities(status: string): readonly string[] {
  const match = /^CapEff:\s*([0-9a-f]+)$/m.exec(status);
  if (match === null) return [];
  const effective = BigInt(`0x${match[1]}`);
  return Object.entries(NEEDED).flatMap(([name, bit]) => (((effective >> bit) & 1n) === 0n ? [name] : []));
}

/** The same for this process; without /proc nothing is known and nothing reported. */
export function ownMissingCapabilities(): readonly string[] {
  try {
    return missingCapabilities(readFileSync("/proc/self/status", "latin1"));
  } catch {
    return [];
  }
}
