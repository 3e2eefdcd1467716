/**
 * Watching nftables for objects that others remove.
 *
 * Part of the contract of the native addon, see ../contract.ts.
 */

/** Something of an nftables table was removed: the table, a chain, a rule, a set, or elements of it. */
export interface FirewallRemoval {
  readonly family: "ip" | "ip6" | "inet" | "other";
  readonly table: string;
  /** Netlink port of who did it: as a rule its process id. */
  readonly senderPort: number;
}

/** Keeps the process alive until it is closed. */
export interface FirewallWatch {
  close(): void;
}
