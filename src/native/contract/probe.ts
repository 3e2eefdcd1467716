/**
 * The probe loop: targets, schedules, results.
 *
 * Part of the contract of the native addon, see ../contract.ts.
 */

import type { AddressFamily } from "./errors.ts";
import type { LoopHealth, TimeHistogram } from "./loops.ts";

/** `syn`: half-open, a SYN by a raw socket (CAP_NET_RAW); SYN-ACK or RST is the answer. */
/** `https` is not the native loop's: `runtime/tls-probes.ts` carries it out on a worker. */
export type ProbeKind = "tcp" | "icmp" | "udp" | "http" | "smtp" | "syn" | "https";

/** What a UDP probe sends, and what it takes for an answer. */
export interface ProbeUdp {
  /** Hexadecimal digits, two per octet. */
  readonly payload: string;
  /** Silence fails; else only an ICMP error does. */
  readonly requiresReply: boolean;
  /** As `payload`, `x` for a digit that does not matter. Empty takes any reply, of whatever length. */
  readonly reply: string;
  readonly minReplyBytes: number;
  readonly maxReplyBytes: number;
}

/** A PCRE2 pattern; the first 65,536 octets of the body are searched, with a limit on the work. */
export interface ProbeRegex {
  readonly pattern: string;
  /** In the configuration's spelling, for example `caseless`; unknown ones count as none. */
  readonly options: readonly string[];
  /** The body must not match. */
  readonly isNegated: boolean;
  /** Octets of the body that are left out at its beginning. */
  readonly minOffset: number;
  /** The last offset at which a match may start; null: any. */
  readonly maxOffset: number | null;
}

/** One request of an HTTP probe, and which response it takes. */
export interface ProbeHttp {
  /** As it goes out, blank line included. */
  readonly request: string;
  /** Accepted status codes, both ends included, 100..999. */
  readonly statusCodes: readonly { readonly from: number; readonly to: number }[];
  /** MD5 of the body, 32 hexadecimal digits in lower case; null takes any body. */
  readonly digest: string | null;
  /** Null takes any body. A pattern that does not compile takes none. */
  readonly regex: ProbeRegex | null;
}

/** Files of the `SSL` block: what the director shows servers that ask for a certificate. */
export interface ProbeCredentials {
  /** PEM: the certificate, then those that vouch for it. */
  readonly certificateFile: string | null;
  /** Null if and only if there is no certificate. */
  readonly keyFile: string | null;
  readonly password: string | null;
  /** PEM: authorities. No server is judged by them; they complete the chain of the own certificate. */
  readonly caFile: string | null;
}

/** How an HTTPS probe speaks TLS; no certificate is verified. */
export interface ProbeTls {
  /** Server Name Indication, null for none. */
  readonly serverName: string | null;
  /** A response that ends without close_notify is cut off. */
  readonly isStrict: boolean;
  readonly credentials: ProbeCredentials | null;
}

/** An SMTP probe: greeting, HELO, QUIT. */
export interface ProbeSmtp {
  /** Without line ends. */
  readonly heloName: string;
}

export interface ProbeTarget {
  readonly kind: ProbeKind;
  readonly family: AddressFamily;
  readonly address: string;
  /** 0 for icmp */
  readonly port: number;
  /** Null: the kernel chooses. */
  readonly bindAddress: string | null;
  /** 0 for syn, whose ports the prober reserves. */
  readonly bindPort: number;
  readonly bindInterface: string | null;
  /** SO_MARK, 0 for none. */
  readonly fwmark: number;
  readonly timeoutUs: number;
  /** For kind `udp`, and only there. */
  readonly udp?: ProbeUdp;
  /** For kinds `http` and `https`, and only there. `timeoutUs` counts twice: to connect, and from then on to the end. */
  readonly http?: ProbeHttp;
  /** For kind `https`, and only there; the handshake is a part of connecting. */
  readonly tls?: ProbeTls;
  /** For kind `smtp`, and only there. `timeoutUs` counts to connect, and anew for each of the three replies. */
  readonly smtp?: ProbeSmtp;
}

/**
 * After a result the next probe starts `intervalUs` later when the result is the expected one,
 * `unexpectedIntervalUs` later when not. Only unexpected results are reported, so a steady state
 * costs JavaScript nothing.
 */
export interface ProbeSchedule {
  readonly expected: ProbeResult | "none";
  readonly intervalUs: number;
  readonly unexpectedIntervalUs: number;
}

export type ProbeResult = "success" | "failure";

export type ProbeReason = "ok" | "refused" | "timeout" | "unreachable" | "reset" | "mismatch" | "other";

/**
 * How far a probe came, or what of the answer was not as it should be. `route`: this machine knows no way to the server, so
 * nothing was sent. Beyond that all but HTTP and SMTP are always at `connect`.
 * HTTP: `answer` (none, or cut off), `status` (code, or no HTTP at all), `digest`, `regex`; HTTPS also `handshake`.
 */
export type ProbeStage =
  | "route"
  | "connect"
  | "handshake"
  | "answer"
  | "status"
  | "digest"
  | "regex"
  | "greeting"
  | "helo"
  | "quit";

export type ProbeEvent = {
  readonly target: number;
  readonly result: ProbeResult;
  readonly reason: ProbeReason;
  readonly stage: ProbeStage;
  /** 0 when there is none. */
  readonly errno: number;
  readonly latencyUs: number;
  readonly atUs: number;
};

export interface ProbeOutcomes {
  readonly succeeded: number;
  readonly failed: number;
  /** Failed locally (no buffers, no port): retried, says nothing of the server. */
  readonly local: number;
  /** Judged late because the loop itself was late: retried. */
  readonly late: number;
}

export interface ProbeKindCounters extends ProbeOutcomes {
  /** Of those that succeeded or failed. */
  readonly latency: TimeHistogram;
}

export interface ProbeCounters extends ProbeOutcomes {
  readonly started: number;
  readonly inFlight: number;
  readonly kinds: Readonly<Record<ProbeKind, ProbeKindCounters>>;
}

export interface ProbeLoopOptions {
  /** Probes in flight at a time; the rest waits. */
  readonly maxInFlight: number;
}

/** The probe loop: one thread for all targets. */
export interface ProbeLoop {
  /**
   * Replaces a target of the same number.
   * @param target chosen by the caller, 0..2^31-1
   * @param firstDelayUs the first probe starts after this
   */
  addTarget(target: number, spec: ProbeTarget, schedule: ProbeSchedule, firstDelayUs: number): void;
  /** Takes effect with the next result; to start afresh, add the target again. */
  setSchedule(target: number, schedule: ProbeSchedule): void;
  removeTarget(target: number): void;
  counters(): ProbeCounters;
  health(): LoopHealth;
  close(): void;
}

/** Reads and judges responses, one after the other, as the HTTP probes of the loop do. Keeps what these keep. */
export interface HttpResponse {
  /** A new response begins. */
  begin(): void;
  /** @returns whether the rest of it does not matter */
  feed(octets: Uint8Array): boolean;
  /** The response is over, or cut off. @returns what is wrong with it, null when nothing is */
  fault(): ProbeStage | null;
}
