/**
 * What fails in the kernel, and the address families.
 *
 * Part of the contract of the native addon, see ../contract.ts.
 */

export type AddressFamily = "inet" | "inet6";

/** A failed system call or netlink command. */
export interface SyscallFailure {
  /** For example `sendmsg`, or the netlink command `IPVS_CMD_NEW_DEST`. */
  readonly syscall: string;
  readonly errno: number;
  /** Symbolic name, for example `EEXIST`. */
  readonly code: string;
  /** The kernel's own words (extended ACK) or strerror. */
  readonly message: string;
}

/** Thrown by calls that fail as a whole. `code` may also be `ERR_CLOSED` (used after close). */
export interface NativeError extends Error {
  readonly code: string;
  readonly errno: number | null;
  readonly syscall: string | null;
}
